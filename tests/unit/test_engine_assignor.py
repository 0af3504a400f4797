"""The group's protocol: what members say, what the leader answers."""

from itertools import chain

import msgspec

from agents.engine.assignor import CoPartitionAssignor, Layout

LAYOUT = Layout(
    {"item": ("pairs",), "shopper": ("clicks", "searches")}, {"item": 2, "shopper": 4}, frozenset({"shopper"})
)
TOPICS = ["clicks", "searches", "pairs"]


def assignor(*on_disk: tuple[str, int]) -> CoPartitionAssignor:
    return CoPartitionAssignor(LAYOUT, lambda: on_disk)


def assigned(*members: CoPartitionAssignor) -> list[dict[str, list[int]]]:
    """Return topic to partitions of each member, as the first one, the leader, shares them out."""
    said = {str(n): member.metadata(["clicks", "searches", "pairs"]) for n, member in enumerate(members)}
    shares = members[0].assign(None, said)
    for n, member in enumerate(members):
        member.on_assignment(shares[str(n)])
    return [dict(shares[str(n)].assignment) for n in range(len(members))]


def test_topics_of_one_key_go_together() -> None:
    for share in assigned(assignor(), assignor(), assignor()):
        assert share.get("clicks") == share.get("searches")


def test_as_many_workers_as_groups_have_some_of_each() -> None:
    shares = assigned(assignor(), assignor())

    assert [len(share["clicks"]) for share in shares] == [2, 2]
    assert [len(share["pairs"]) for share in shares] == [1, 1]


def test_everything_is_given_to_somebody_whatever_the_metadata_know() -> None:
    shares = assigned(assignor(), assignor())

    assert sorted(n for share in shares for n in share["clicks"]) == [0, 1, 2, 3]
    assert sorted(n for share in shares for n in share.get("pairs", [])) == [0, 1]


def test_a_partition_goes_where_its_state_lies() -> None:
    first, second = assigned(assignor(("shopper", 3), ("shopper", 2)), assignor(("shopper", 0), ("item", 1)))

    assert {2, 3} <= set(first["clicks"])
    assert 0 in second["clicks"]
    assert 1 in second["pairs"]


def test_who_uses_a_partition_comes_before_who_has_it_on_disk() -> None:
    old, young = assignor(), assignor(*chain(*LAYOUT.units().values()))
    before = assigned(old)[0]

    after = assigned(old, young)

    assert set(after[0]["clicks"]) <= set(before["clicks"])
    assert len(after[0]["clicks"]) + len(after[0].get("pairs", [])) == 3


def test_a_member_with_unreadable_data_gets_its_share() -> None:
    leader = assignor()
    said = {"a": leader.metadata(["clicks"]), "b": leader.metadata(["clicks", "searches", "pairs"])}
    said["b"].user_data = b"\xff\xffrubbish"

    shares = leader.assign(None, said)

    assert shares["b"].assignment


def test_a_member_of_another_version_gets_only_topics_that_it_knows() -> None:
    leader = assignor()
    said = {"new": leader.metadata(["clicks", "searches", "pairs"]), "old": leader.metadata(["clicks", "pairs"])}

    shares = {member: dict(its.assignment) for member, its in leader.assign(None, said).items()}

    assert sorted(shares["old"]["clicks"] + shares["new"]["clicks"]) == [0, 1, 2, 3]
    assert shares["new"]["searches"] == shares["new"]["clicks"]
    assert "searches" not in shares["old"]


def warm_assignor(copies: int = 1) -> CoPartitionAssignor:
    return CoPartitionAssignor(LAYOUT, tuple, copies=copies)


def test_each_state_has_a_warm_copy_where_its_owner_is_not() -> None:
    members = [warm_assignor() for _ in range(3)]

    shares = assigned(*members)

    kept = sorted(unit for member in members for unit in member.warm)
    assert kept == [("shopper", n) for n in range(4)]
    for member, share in zip(members, shares, strict=True):
        assert not {n for _, n in member.warm} & set(share.get("clicks", []))


def test_a_worker_alone_keeps_no_copy() -> None:
    member = warm_assignor()

    assigned(member)

    assert member.warm == []


def test_a_warm_copy_comes_before_what_lies_on_a_disk() -> None:
    stale = assignor(("shopper", 0))
    fresh = CoPartitionAssignor(LAYOUT, tuple, caught_up=lambda: [("shopper", 0)])

    shares = assigned(stale, fresh)

    assert 0 in shares[1]["clicks"]


def test_a_member_of_the_version_before_is_understood_and_keeps_no_copy() -> None:
    leader, old = warm_assignor(), assignor()
    said = {"leader": leader.metadata(TOPICS), "old": old.metadata(TOPICS)}
    said["old"].user_data = msgspec.msgpack.encode([[("shopper", 1), ("shopper", 2), ("item", 0)]])

    shares = leader.assign(None, said)

    assert {1, 2} <= set(dict(shares["old"].assignment)["clicks"])
    old.on_assignment(shares["old"])
    assert old.warm == []


def test_the_version_before_understands_what_it_is_given() -> None:
    leader = warm_assignor()

    given = leader.assign(None, {"a": leader.metadata(TOPICS), "b": leader.metadata(TOPICS)})["b"]

    assert msgspec.msgpack.decode(given.user_data)[0]
    assert msgspec.msgpack.decode(leader.metadata(TOPICS).user_data)[0] == []


def test_a_worker_that_knows_other_rules_asks_for_a_new_assignment_once() -> None:
    old, new = warm_assignor(copies=0), warm_assignor(copies=1)
    given = old.assign(None, {"a": old.metadata(TOPICS)})["a"]
    before = new.metadata(TOPICS)
    new.on_assignment(given)
    old.on_assignment(given)

    assert not old.ask()
    assert new.ask()
    assert not new.ask()
    assert new.metadata(TOPICS).user_data != before.user_data


def test_a_worker_that_restarts_says_what_it_said() -> None:
    """A broker starts a rebalance when a member's metadata change."""
    member = assignor(("shopper", 0), ("shopper", 1))

    assert member.metadata(TOPICS).user_data == assignor(("shopper", 1), ("shopper", 0)).metadata(TOPICS).user_data


def test_faust_is_told_of_no_table() -> None:
    assert assignor().assigned_actives() == assignor().assigned_standbys() == set()
