"""The group's protocol: what members say, what the leader answers."""

from agents.engine.assignor import CoPartitionAssignor, Layout

LAYOUT = Layout({"item": ("pairs",), "shopper": ("clicks", "searches")}, {"item": 2, "shopper": 4})


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
    old, young = assignor(), assignor(*LAYOUT.units())
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


def test_faust_is_told_of_no_table() -> None:
    assert assignor().assigned_actives() == assignor().assigned_standbys() == set()
