"""What a worker insists on before it starts.  Pure."""

from collections.abc import Mapping, Sequence

from agents.engine.errors import ConfigurationError
from agents.engine.topics.judging import duration, policies
from agents.topics import Topic

_LAG_MS = 600_000
"""Least `min.compaction.lag.ms` of a changelog: a former owner's record is looked for each minute, and mended at once."""


def check(
    topics: Sequence[Topic], changelogs: Mapping[str, Topic], found: Mapping[str, int], prefix: str
) -> dict[str, int]:
    """Return the partition count of each of *topics* by its name without prefix, if a worker can start on them.

    *changelogs*: name on the broker to a topic of the same key.
    """
    missing = sorted(
        {name for it in topics if (name := prefix + it.name) not in found} | changelogs.keys() - found.keys()
    )
    if missing:
        message = f"topics are missing: {', '.join(missing)}; make them with `vitrine topics apply`"
        raise ConfigurationError(message)
    counts: dict[str, dict[str, int]] = {}
    for it in topics:
        counts.setdefault(it.key, {})[prefix + it.name] = found[prefix + it.name]
    for name, it in changelogs.items():
        counts[it.key][name] = found[name]
    for key, its in counts.items():
        if len(set(its.values())) > 1:
            few, many = min(its, key=lambda name: its[name]), max(its, key=lambda name: its[name])
            message = (
                f"topics keyed by {key} must have equal partition counts, fixed for life: {few} has {its[few]}, "
                f"{many} has {its[many]}; delete the one that can be spared, and make it anew with `vitrine topics apply`"
            )
            raise ConfigurationError(message)
    return {it.name: found[prefix + it.name] for it in topics}


def losing(settings: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return how the changelogs could lose states, *settings* being what the broker tells of each; nothing if none can."""
    found = []
    for name, its in sorted(settings.items()):
        policy, lag = its.get("cleanup.policy", "compact"), its.get("min.compaction.lag.ms", str(_LAG_MS))
        if policies(policy) != {"compact"}:
            found.append(
                f"{name} has cleanup.policy={policy}: states that are not written for a while would be deleted"
            )
        if float(lag) < _LAG_MS:
            found.append(
                f"{name} has min.compaction.lag.ms={lag}, less than {duration(str(_LAG_MS))}: what a worker writes that woke too "
                "late could take the place of a state before it is mended"
            )
    return found
