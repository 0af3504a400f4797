"""What has to be done on a broker, told from what is there."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from agents.engine.errors import ConfigurationError
from agents.engine.topics.declared import LONGEST_RETENTION, Needed, needed
from agents.engine.topics.judging import duration
from agents.engine.topics.planning import Change, Cluster, Found, Make, Plan, plan
from agents.settings import Environment, load
from agents.topics import ALL, DEAD_LETTERS, INPUTS, REKEYS

DAY = 86_400_000
NAME = "p.clicks.v1"


def declared(environment: Environment = "production", **given: timedelta | int) -> dict[str, Needed]:
    return needed(ALL, ["sums"], prefix="p.", app_id="app", partitions=4, environment=environment, **given)  # type: ignore[arg-type]


def found(
    config: Mapping[str, str] | None = None, *, partitions: int = 4, copies: int = 1, empty: bool = False
) -> Found:
    return Found(partitions, copies, copies, empty, config or {})


def planned(wanted: Needed | None, there: Found | None, *, brokers: int = 1, others: tuple[str, ...] = ()) -> Plan:
    cluster = Cluster(brokers, {} if there is None else {NAME: there}, others)
    return plan({} if wanted is None else {NAME: wanted}, cluster, prefix="p.", app_id="app")


def one(wanted: dict[str, str], there: dict[str, str], *, empty: bool = False) -> Change:
    (change,) = planned(Needed(4, wanted), found(there, empty=empty)).change
    return change


# -- what is declared


def test_production_survives_the_loss_of_a_broker() -> None:
    for name, it in declared().items():
        assert it.replication == 3, name
        assert it.config["min.insync.replicas"] == "2", name
        assert it.config["unclean.leader.election.enable"] == "false", name


@pytest.mark.parametrize(("copies", "in_sync"), [(1, "1"), (2, "1"), (3, "2"), (5, "2")])
def test_writers_go_on_without_one_copy_where_there_is_another(copies: int, in_sync: str) -> None:
    assert {it.config["min.insync.replicas"] for it in declared(replication=copies).values()} == {in_sync}


def test_development_has_one_copy_and_keeps_logs_that_are_years_old() -> None:
    for it in declared("development").values():
        assert it.replication == 1
        assert not {"retention.ms", "min.insync.replicas"} & it.config.keys()


def test_every_topic_says_whether_it_is_compacted() -> None:
    for environment in ("development", "production"):
        its = declared(environment)
        for topic in ALL:
            assert its[f"p.{topic.name}"].config["cleanup.policy"] == ("compact" if topic.compacted else "delete")
        assert its["app-sums-changelog"].config["cleanup.policy"] == "compact"


def test_what_a_shopper_did_is_gone_after_28_days() -> None:
    its = declared()

    for topic in (*INPUTS, *DEAD_LETTERS, *REKEYS):
        if not topic.compacted:
            assert int(its[f"p.{topic.name}"].config["retention.ms"]) == 28 * DAY
    for name, it in its.items():
        config = it.config
        assert ("retention.ms" in config) is (config["cleanup.policy"] == "delete"), name
        assert int(config.get("retention.ms", 0)) <= 28 * DAY
        if config["cleanup.policy"] == "compact":
            assert int(config["max.compaction.lag.ms"]) == DAY


def test_compaction_of_states_waits_for_a_takeover_and_views_see_tombstones_for_a_week() -> None:
    its = declared()

    states, cards = its["app-sums-changelog"].config, its["p.item-cards.v1"].config
    assert (states["min.compaction.lag.ms"], states["segment.ms"]) == ("3600000", "3600000")
    assert states["min.cleanable.dirty.ratio"] == "0.3"
    assert int(states["min.compaction.lag.ms"]) < int(states["max.compaction.lag.ms"])
    assert int(cards["delete.retention.ms"]) == 7 * DAY


def test_a_shorter_retention_is_everybodys() -> None:
    its = declared(retention=timedelta(days=2))

    assert {it.config.get("retention.ms") for it in its.values()} == {None, str(2 * DAY)}


@pytest.mark.parametrize("retention", [timedelta(minutes=59), LONGEST_RETENTION + timedelta(seconds=1)])
def test_a_retention_out_of_bounds_is_named(retention: timedelta) -> None:
    with pytest.raises(ConfigurationError, match=r"VITRINE_RETENTION: .* is not between an hour \(PT1H\) and 28 days"):
        declared(retention=retention)


def test_settings_have_an_environment_and_a_retention_that_will_do() -> None:
    chosen = load({"VITRINE_ENVIRONMENT": "production", "VITRINE_RETENTION": "P14D"})

    assert (chosen.environment, chosen.retention) == ("production", timedelta(days=14))
    assert load({}).environment == "development"
    assert load({}).retention == LONGEST_RETENTION


# -- what is planned


def test_a_topic_that_is_missing_is_made() -> None:
    assert planned(Needed(4, {"a": "b"}, 2), None, brokers=2) == Plan(make=(Make(NAME, 4, 2, {"a": "b"}),))


def test_as_it_has_to_be_is_nothing_to_do() -> None:
    config = {"cleanup.policy": "delete", "retention.ms": "5", "min.cleanable.dirty.ratio": "0.3"}

    found_so = found({**config, "min.cleanable.dirty.ratio": "0.30", "segment.bytes": "7"})
    it = planned(Needed(4, config), found_so)
    assert it == Plan(unchanged=1)
    assert not it.pending


def test_more_copies_and_larger_records_than_needed_are_left_alone() -> None:
    there = found({"max.message.bytes": "9000000"}, copies=3)

    assert planned(Needed(4, {"max.message.bytes": "2097152"}, 1), there) == Plan(unchanged=1)


def test_a_setting_that_drifted_is_changed_and_no_other() -> None:
    change = one({"segment.ms": "5"}, {"segment.ms": "6", "retention.ms": "7"})

    assert change == Change(NAME, "segment.ms", "6", "5")


def test_a_setting_that_the_broker_does_not_know_is_tried() -> None:
    assert one({"segment.ms": "5"}, {}).found is None


@pytest.mark.parametrize(("partitions", "wanted"), [(4, 8), (8, 4)])
def test_another_partition_count_is_refused_with_the_cure(partitions: int, wanted: int) -> None:
    (refusal,) = planned(Needed(wanted, {}), found(partitions=partitions)).refused

    assert refusal.topic == NAME
    assert f"{partitions} partitions are there" in refusal.why
    assert f"set VITRINE_PARTITIONS={partitions}" in refusal.why


def test_more_copies_than_brokers_are_refused_with_the_cure() -> None:
    (refusal,) = planned(Needed(4, {}, 3), None, brokers=2).refused

    assert "3 copies need as many brokers, and there are 2" in refusal.why
    assert "--replication 2" in refusal.why


def test_fewer_copies_than_wanted_are_refused_with_the_cure() -> None:
    (refusal,) = planned(Needed(4, {}, 3), found(copies=1), brokers=3).refused

    assert "kafka-reassign-partitions.sh" in refusal.why


def test_an_end_of_compaction_is_refused_while_there_are_records() -> None:
    wanted, there = Needed(4, {"cleanup.policy": "delete"}), {"cleanup.policy": "compact"}

    assert "the last record of each key would go" in planned(wanted, found(there)).refused[0].why
    assert not planned(wanted, found(there, empty=True)).refused
    assert not planned(wanted, found({"cleanup.policy": "compact,delete"})).refused


def test_changes_by_which_something_could_be_lost_say_what() -> None:
    assert "older than 1 day are deleted" in one({"retention.ms": str(DAY)}, {"retention.ms": "-1"}).risk
    assert "older than 1 day are deleted" in one({"retention.ms": str(DAY)}, {"retention.ms": str(DAY + 1)}).risk
    assert "away for more than" in one({"delete.retention.ms": "5"}, {"delete.retention.ms": "6"}).risk
    assert "last record of each key" in one({"cleanup.policy": "compact"}, {"cleanup.policy": "delete"}).risk
    (fewer,) = planned(Needed(4, {"min.insync.replicas": "2"}), found({"min.insync.replicas": "3"}, copies=3)).change
    assert "fewer copies have a record" in fewer.risk
    assert "only 1 copy in sync" in one({"min.insync.replicas": "2"}, {"min.insync.replicas": "1"}).risk


def test_other_changes_carry_no_risk() -> None:
    assert not one({"retention.ms": str(DAY)}, {"retention.ms": "5"}).risk
    assert not one({"retention.ms": "5"}, {"retention.ms": "-1"}, empty=True).risk
    assert not one({"cleanup.policy": "compact"}, {"cleanup.policy": "delete"}, empty=True).risk
    assert not one({"cleanup.policy": "compact"}, {"cleanup.policy": "delete,compact"}).risk
    assert not one({"min.insync.replicas": "1"}, {"min.insync.replicas": "2"}).risk  # one copy: nobody can write


def test_topics_that_look_like_ours_and_nobody_needs_are_named() -> None:
    others = ("p.old.v1", "q.clicks.v1", "app-old-changelog", "app-notes")

    assert planned(None, None, others=others).unknown == ("app-old-changelog", "p.old.v1")


def test_without_a_prefix_other_peoples_topics_are_not_named() -> None:
    cluster = Cluster(1, {}, ("dlq.old.v1", "orders", "rekey.old.v1"))

    assert plan({}, cluster, prefix="", app_id="app").unknown == ("dlq.old.v1", "rekey.old.v1")


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        ("-1", "for ever"),
        (str(28 * DAY), "28 days"),
        ("3600000", "1 hour"),
        ("90000", "90 seconds"),
        ("5", "5 ms"),
        ("0", "0 ms"),
    ],
)
def test_durations_are_words(milliseconds: str, words: str) -> None:
    assert duration(milliseconds) == words
