"""What `bench engine` can measure: ours, the bare client, stock Faust, the reference engine."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.machine import ROOT
from tests.bench.verify import json_field, state_field

REFERENCE = ROOT.parent / "shared" / "reference" / "engine2"


class Order(NamedTuple):
    """One run to be made."""

    bootstrap: str
    app: str
    """A name that no run before had."""
    topic: str
    events: int
    data: Path
    """A folder of its own."""


class Contender(NamedTuple):
    """Something that can be measured, in a process of its own."""

    name: str
    command: Callable[[Order], Sequence[str]]
    counted: Callable[[bytes], int] | None = None
    """How many events a value of its changelog stands for; None: it has no changelog."""
    slow: bool = False
    """Whether it gets fewer events, so that a run ends."""
    ends_with_topic: bool = False
    """Whether it stops where the topic ends now, so that no paced input can be given to it."""
    creates_changelog: bool = True
    """False: its changelog has to be there, by the name APP-profiles-changelog."""
    peer: bool = False
    """Whether it is somebody else's product."""


def own() -> tuple[list[Contender], dict[str, str]]:
    """Return what can be measured here, and what can't, with the reason."""
    found = [
        Contender("vitrine", _module("vitrine_engine"), state_field(3)),
        Contender("raw_aiokafka", _module("raw_aiokafka")),
        Contender("stock_faust_table", _module("stock_faust"), json_field, slow=True),
    ]
    if not REFERENCE.exists():
        return found, {"reference": "its folder is not beside the project"}
    reference = _module("reference_engine", str(REFERENCE))
    return [*found, Contender("reference", reference, state_field(1), creates_changelog=False)], {}


def _module(name: str, *more: str) -> Callable[[Order], Sequence[str]]:
    def command(order: Order) -> Sequence[str]:
        own = (sys.executable, "-W", "ignore", "-m", f"tests.bench.{name}")
        return (*own, order.bootstrap, order.app, order.topic, str(order.events), str(order.data), *more)

    return command
