"""What an operator may change, read once from variables `VITRINE_...`."""

from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from agents.sources import Sources
from agents.weights import Weights

PREFIX = "VITRINE_"

Environment = Literal["development", "production"]
"""What a topic is made for: to try things out on one broker, or to lose nothing on three."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each field is the variable of its name in upper case behind `VITRINE_`; durations are ISO 8601 (`PT30M`)."""

    broker: str = "127.0.0.1:9092"
    """Bootstrap servers, separated by commas."""
    app_id: str = "vitrine"
    """Consumer group, and prefix of the changelogs."""
    topic_prefix: str = ""
    """Before the name of each topic on the broker."""
    partitions: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 16
    """Of each topic that is created; fixed for life."""
    environment: Environment = "development"
    """Whose settings topics get: `development` (one copy) or `production` (three)."""
    retention: timedelta = timedelta(days=28)
    """Of events on topics in production: longer than the longest outage, 28 days at most."""
    data_dir: Path = Path(".vitrine")
    """Local stores; may be lost, the changelog brings them back."""
    models_dir: Path = Path(__file__).parent.parent / "models" / "artifacts"
    """Models that the worker loads, each with its card; of several folders, `ours:models/artifacts`, the first that has a model gives it."""
    web_host: str = "127.0.0.1"
    """Address on which the worker answers; `0.0.0.0` for all."""
    web_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 6066
    """Of `/metrics`, `/healthz` and `/readyz`."""
    commit_interval: timedelta = timedelta(seconds=1)
    """How often state and offsets are made durable."""
    session_timeout: timedelta = timedelta(seconds=10)
    """After how much silence the group gives up a worker."""
    instance_id: Annotated[str, msgspec.Meta(max_length=249, pattern="^[A-Za-z0-9._-]*$")] = ""
    """Name that a worker keeps over restarts, such as its pod's: one within the session timeout moves nothing."""
    warm_copies: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    """Of each state, kept up to date on workers that do not own it: who takes over has nothing to restore."""
    fetch_wait: timedelta = timedelta(milliseconds=500)
    """Longest poll of a broker without records; one that does not end it when a record comes needs a short one."""
    provider: str = "auto"
    """`auto`, `cpu` or `cuda`."""
    callers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 2
    """Threads that run models, each with one text or bucket at a time."""
    list_process: bool = True
    """Whether lists are made in a process of its own beside the worker's, on another core."""
    inflight_records: Annotated[int, msgspec.Meta(ge=1_000)] = 1_000_000
    """Records of a topic read and not yet committed, above which nothing more of it is read; so many are read again after a crash."""
    cache: Annotated[int, msgspec.Meta(ge=1)] = 128
    """MiB of memory for states in use, of all partitions together; those used longest ago make room."""
    owed_lists: Annotated[int, msgspec.Meta(ge=1)] = 5_000
    """Lists waiting to be made, above which the oldest are shed; so are they above 64 MiB of events behind them."""
    list_size: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    """Slots of a list that no request asked for."""
    list_lifetime: timedelta = timedelta(minutes=30)
    """From the newest event that a list covers to its `valid_until`."""
    explore: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.1
    """How often the last slot of a list goes to an item drawn by lot."""
    decisions: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    """Share of the lists whose making is recorded."""
    crowding: Annotated[float, msgspec.Meta(ge=0, le=100)] = 0.15
    """What each item of a category in a list takes from the score of the next one: 0 for the best items alone, more for variety."""
    sources: Sources = Sources()
    """What may bring items into lists: all, or without some, `-recent,-new`."""
    weights: Weights = Weights()
    """What a feature counts in an item's score, where it is not the default: `category=1.2,search=2`."""
    profile_lifetime: timedelta = timedelta(days=400)
    """How far behind its newest event a profile remembers; one that nothing came for so long leaves."""
    seed: int = 0
    """Of all that is drawn by lot."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings held in *environ*; a misspelt or malformed variable is a `msgspec.ValidationError`."""
    given = {name.removeprefix(PREFIX).lower(): value for name, value in environ.items() if name.startswith(PREFIX)}
    try:
        return msgspec.convert(given, Settings, strict=False, dec_hook=_hook)
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(_explained(str(error))) from error


def _explained(error: str) -> str:
    """Return *error* with the variable's own name, and with what it may be."""
    kinds = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    _, unknown, name = error.partition("unknown field `")
    if unknown:
        near = get_close_matches(name.rstrip("`"), kinds, 1)
        hint = f"; do you mean {PREFIX}{near[0].upper()}?" if near else ""
        return f"{PREFIX}{name.rstrip('`').upper()} is no setting{hint}"
    problem, _, place = error.partition(" - at `$.")
    name = place.rstrip("`")
    choices = f"; it may be {', '.join(get_args(kinds[name]))}" if get_origin(kinds.get(name)) is Literal else ""
    return f"{PREFIX}{name.upper()}: {problem}{choices}" if name in kinds else error


def _hook(kind: type, value: Any) -> Any:
    return kind(value)
