"""What a worker needs on its broker."""

from collections import Counter
from types import SimpleNamespace
from typing import cast

import pytest

from agents.engine import topics
from agents.engine.engine import _readers
from agents.engine.errors import ConfigurationError
from agents.engine.runner import Runner
from agents.settings import Settings
from agents.wiring import stages
from tests.doubles import MODELS
from tests.engine_worker import CLICKS, STAGES, Sums, needed

USED = topics.used_by(STAGES)
CHANGELOGS = {topics.changelog("app", Sums.name): CLICKS}


def found(prefix: str = "p.", partitions: int = 3) -> dict[str, int]:
    return {name: it.partitions for name, it in needed(prefix, "app", partitions).items()}


def test_topics_that_are_there_with_equal_counts_will_do() -> None:
    counts = topics.check(USED, CHANGELOGS, found(), "p.")

    assert counts["clicks.v1"] == 3
    assert counts.keys() == {topic.name for topic in USED}


def test_missing_topics_are_named_with_the_cure() -> None:
    there = found()
    del there["p.clicks.v1"], there["app-sums-changelog"]

    with pytest.raises(
        ConfigurationError, match=r"missing: app-sums-changelog, p.clicks.v1; make them with `vitrine topics apply`"
    ):
        topics.check(USED, CHANGELOGS, there, "p.")


def test_unequal_counts_of_one_key_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"keyed by shopper .* p.searches.v1 has 2, .* has 3"):
        topics.check(USED, CHANGELOGS, found() | {"p.searches.v1": 2}, "p.")


def test_counts_of_different_keys_may_differ() -> None:
    items = {name: 5 for name in found() if name.endswith("pairs.v1")}

    assert topics.check(USED, CHANGELOGS, found() | items, "p.")["pairs.v1"] == 5


def test_a_broker_that_is_not_there_is_named_with_the_cure() -> None:
    with pytest.raises(ConfigurationError, match=r"no broker answers at 127.0.0.1:1: start one, or set VITRINE_BROKER"):
        topics.existing("127.0.0.1:1")


def test_changelogs_are_compacted_behind_a_lag() -> None:
    config = needed("", "app", 1)["app-sums-changelog"].config

    assert config["cleanup.policy"] == "compact"
    assert int(config["min.compaction.lag.ms"]) >= 3_600_000


def test_the_changelogs_that_apply_makes_lose_nothing() -> None:
    for environment in ("development", "production"):
        made = needed("", "app", 1, environment)["app-sums-changelog"].config
        assert topics.losing({"app-sums-changelog": made}) == []


@pytest.mark.parametrize(
    ("setting", "value", "why"),
    [
        ("min.compaction.lag.ms", "0", "lag.ms=0, less than 10 minutes: what a worker writes that woke too late"),
        ("min.compaction.lag.ms", "599999", "lag.ms=599999, less than 10 minutes"),
        ("cleanup.policy", "delete", "policy=delete: states that are not written for a while would be deleted"),
        ("cleanup.policy", "compact,delete", "policy=compact,delete: states"),
    ],
)
def test_a_changelog_that_could_lose_states_is_named(setting: str, value: str, why: str) -> None:
    made = {**needed("", "app", 1)["app-sums-changelog"].config, setting: value}

    (found,) = topics.losing({"app-sums-changelog": made})

    assert found.startswith("app-sums-changelog has ")
    assert why in found


def test_a_changelog_of_which_the_broker_does_not_tell_will_do() -> None:
    assert topics.losing({}) == topics.losing({"app-sums-changelog": {}}) == []


def test_dead_letters_may_be_larger_than_what_came() -> None:
    assert int(needed("", "app", 1)["dlq.clicks.v1"].config["max.message.bytes"]) > 1 << 20


def test_each_topic_has_one_reader() -> None:
    read = Counter(topic.name for stage in stages(Settings(), MODELS) for topic in topics.read_by(stage))

    assert {name for name, readers in read.items() if readers > 1} == set()


def test_a_topic_that_two_would_read_is_refused() -> None:
    first, second = (
        cast("Runner", SimpleNamespace(stage=stage, topics=topics.read_by(stage))) for stage in (Sums(), Sums())
    )

    with pytest.raises(ValueError, match="is read by sums and by sums"):
        _readers([first, second])
