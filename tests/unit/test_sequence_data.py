"""Sequences and sessions from files."""

import gzip
from pathlib import Path

import pytest

from models.files import FileError
from models.sequence.data import UNKNOWN, History, Material, of_histories, of_sequences, of_sessions


def written(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def names(material: Material, numbers: object) -> list[str]:
    return [material.catalog.names[n] for n in numbers]  # type: ignore[attr-defined]


def test_of_a_sequence_the_last_two_are_held_out(tmp_path: Path) -> None:
    material = of_sequences(written(tmp_path / "s.txt.gz", "u1 10 9 2 11\nu2 9 2\n\nu3 2 9 10\n"))

    assert material.catalog.names == ("2", "9", "10", "11")
    assert [names(material, it) for it in material.train] == [["10", "9"], ["9", "2"], ["2"]]
    assert [(names(material, it.history), names(material, [it.target])) for it in material.validation] == [
        (["10", "9"], ["2"]),
        (["2"], ["9"]),
    ]
    assert [(names(material, it.history), names(material, [it.target])) for it in material.test] == [
        (["10", "9", "2"], ["11"]),
        (["2", "9"], ["10"]),
    ]
    assert not material.seen


def test_of_a_session_every_item_but_the_first_is_asked_for(tmp_path: Path) -> None:
    train = written(tmp_path / "t.txt", "".join(f"a b{n} c\n" for n in range(20)) + "alone\n")
    test = written(tmp_path / "q.tsv", "a new b0\tc\nnew\ta\na\tnew\n")

    material = of_sessions(train, test)

    assert len(material.train) == 18
    assert [names(material, it.history) + names(material, [it.target]) for it in material.validation] == [
        ["a", "b18"],
        ["a", "b18", "c"],
        ["a", "b19"],
        ["a", "b19", "c"],
    ]
    assert [names(material, it.history) for it in material.test] == [["a", "b0"], [], ["a"]]
    assert names(material, [material.test[0].target]) == ["c"]
    assert material.test[2].target == UNKNOWN
    assert "alone" not in material.catalog.numbers
    assert material.seen


def test_histories_are_split_in_time_and_asked_with_all_that_came_before() -> None:
    early = [History([at], ["a"]) for at in range(20)]
    ann, bob = History([5, 21, 30, 31], ["a", "b", "a", "new"]), History([29, 30], ["b", "a"])

    material = of_histories([*early, ann, bob])  # of 26 steps 21 are learnt, and those until 29 are chosen by

    assert material.catalog.names == ("a", "b")
    assert [names(material, it) for it in material.train] == [["a"]] * 21
    assert material.seen
    assert [(names(material, it.history), it.target) for it in material.validation] == [(["a"], 1)]
    assert [(names(material, it.history), it.target) for it in material.test] == [
        (["a", "b"], 0), (["a", "b", "a"], UNKNOWN), (["b"], 0)
    ]  # fmt: skip


@pytest.mark.parametrize("given", [[], [History([], [])], [History([n], ["a"]) for n in range(50)]])
def test_histories_in_which_nothing_follows_anything_are_refused(given: list[History]) -> None:
    with pytest.raises(FileError, match=r"nothing to learn from|record for longer"):
        of_histories(given)


def test_a_table_is_put_in_the_order_of_time(tmp_path: Path) -> None:
    rows = [("s2", "x", 30.5), ("s1", "b", 20), ("s1", "a", 10), ("s2", "y", 31), ("s3", "x", 40), ("s3", "z", 50)]
    table = "SessionId\tItemId\tTime\n" + "".join(f"{s}\t{i}\t{t}\n" for s, i, t in rows)

    material = of_sessions(written(tmp_path / "t.tsv", table), None, held_out=1 / 3)

    assert [names(material, it) for it in material.train] == [["a", "b"]]
    assert [(names(material, it.history), it.target) for it in material.test] == [(["x"], UNKNOWN)]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("s.txt", "u1 1 2 3\nu2\n", r"s\.txt:2: a user without items"),
        ("s.txt", "u1 1 2\n", r"s\.txt: no user has 3 items"),
        ("s.txt.gz", "", r"s\.txt\.gz: no user has 3 items"),
    ],
)
def test_sequences_that_can_not_be_used_are_refused_with_their_line(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    with pytest.raises(FileError, match=said):
        of_sequences(written(tmp_path / name, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a b c\n", r"q\.tsv:1: no prefix and target"),
        ("\ta\n", r"q\.tsv:1: no prefix and target"),
        ("SessionId\tItemId\tTime\n1\ta\tnoon\n", r"q\.tsv: record 1: time 'noon' is no number"),
        ("", r"q\.tsv: no session of two items"),
    ],
)
def test_questions_that_can_not_be_used_are_refused_with_their_line(tmp_path: Path, text: str, said: str) -> None:
    train = written(tmp_path / "t.txt", "a b\nb c\n" * 9)

    with pytest.raises(FileError, match=said):
        of_sessions(train, written(tmp_path / "q.tsv", text))
