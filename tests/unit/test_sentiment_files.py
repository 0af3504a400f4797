"""Labelled texts and targets from the files that people have; refusals name the place and the cure."""

import gzip
from pathlib import Path

import pytest

from agents.replay.log import LogRecord, created, encode
from models.files import FileError
from models.sentiment import targets
from models.sentiment.files import reviews, texts
from models.sentiment.labelled import NEGATIVE, NEUTRAL, POSITIVE, read


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def labels(path: Path) -> list[int]:
    return [example.label for example in read(path).examples]


@pytest.mark.parametrize(
    ("lines", "found", "neutral"),
    [
        ("1\tgood\n-1\tbad\n0\tso so\n", [POSITIVE, NEGATIVE, NEUTRAL], True),
        ("1 good one\n0 bad one\n", [POSITIVE, NEGATIVE], False),
        ("1\tgood\n-1\tbad\n", [POSITIVE, NEGATIVE], False),
        ("positive\tgood\nneutral\tso so\nnegative\tbad\n", [POSITIVE, NEUTRAL, NEGATIVE], True),
        ("4 very good\n3 good\n2 so so\n1 bad\n0 very bad\n", [POSITIVE, POSITIVE, NEUTRAL, NEGATIVE, NEGATIVE], True),
        ("5\tvery good\n4\tgood\n3\tso so\n2\tbad\n1\tvery bad", [POSITIVE, POSITIVE, NEUTRAL, NEGATIVE, NEGATIVE], True),
    ],
)  # fmt: skip
def test_all_labels_together_tell_what_scale_they_are_on(
    tmp_path: Path, lines: str, found: list[int], neutral: bool
) -> None:
    path = written(tmp_path / "reviews.txt", lines)

    assert labels(path) == found
    assert read(path).neutral == neutral


def test_a_packed_file_with_a_mark_of_byte_order_and_windows_lines_is_read(tmp_path: Path) -> None:
    path = tmp_path / "reviews.txt.gz"
    path.write_bytes(gzip.compress("\ufeff1\t质量很好\r\n0\t太差了\r\n\r\n".encode()))

    read_ = read(path)

    assert [(it.text, it.label, it.source) for it in read_.examples] == [
        ("质量很好", POSITIVE, "reviews"),
        ("太差了", NEGATIVE, "reviews"),
    ]


def test_a_table_is_known_by_its_columns(tmp_path: Path) -> None:
    path = written(
        tmp_path / "shop.csv",
        'Clothing ID,Title,Review Text,Rating\n7,Love it,"Soft, and\nwarm",5\n7,,Too thin,2\n8,Fine,,3\n8,,,4\n',
    )

    found = read(path)

    assert [(it.text, it.label, it.group) for it in found.examples] == [
        ("Love it\nSoft, and\nwarm", POSITIVE, "shop:7"),
        ("Too thin", NEGATIVE, "shop:7"),
        ("Fine", NEUTRAL, "shop:8"),
    ]
    assert (found.neutral, found.skipped) == (True, 1)


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path / "shop.tsv", "what\thow\nnice\t5\nbad\t1\n")

    found = read(path, {"text": "what", "stars": "how"})

    assert [it.label for it in found.examples] == [POSITIVE, NEGATIVE]


def test_an_event_log_of_reviews_is_a_table(tmp_path: Path) -> None:
    records = [
        LogRecord("reviews.v1", 0, n, 0, b"ada", f'{{"text": "{text}", "stars": {stars}, "item": "lamp"}}'.encode())
        for n, (text, stars) in enumerate([("good", 5), ("bad", 1.5)])
    ]
    path = tmp_path / "log.jsonl.zst"
    with created(path) as file:
        file.writelines(encode(record) for record in records)

    assert [(it.label, it.group) for it in read(path).examples] == [(POSITIVE, "log:lamp"), (NEGATIVE, "log:lamp")]
    assert texts(path) == ["good", "bad"]
    assert reviews(path) == [("good", 5.0), ("bad", 1.5)]


def test_json_lines_are_a_table(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", '{"text": "good", "stars": 5}\n\n{"text": "bad", "stars": 1}\n')

    assert labels(path) == [POSITIVE, NEGATIVE]


def test_reviews_without_labels_are_texts(tmp_path: Path) -> None:
    assert texts(written(tmp_path / "plain.txt", "one\n\ntwo\n")) == ["one", "two"]
    assert reviews(written(tmp_path / "odd.csv", "text,stars\ngood,?\nbad,\n")) == [("good", None), ("bad", None)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "", r"a\.txt: holds no labelled text; lines `label<TAB>text` are expected"),
        ("a.txt", "1\tgood\nmaybe\tso so\n", r"a\.txt:2: label 'maybe' is none of -1, 0, 1"),
        ("a.txt", "-1\tbad\n3\tgood\n", r"a\.txt: holds labels \[-1, 3\]; expected -1, 0 and 1, or grades"),
        ("a.txt", "0\tbad\n5\tgood\n", r"grades go from 0 to 4 or from 1 to 5"),
        ("a.csv", "x,y\n1,2\n", r"a\.csv: none of its columns \(x, y\) is known to hold text; name it: --columns text=COLUMN"),
        ("a.csv", "text,mood\ngood,1\n", r"no column of stars or labels with anything in it"),
        ("a.csv", "text,stars\ngood,5\nbad,9\n", r"a\.csv: record 2: stars '9' are not from 1 to 5"),
        ("a.csv", "text,stars\ngood,many\n", r"record 1: stars 'many'"),
        ("a.jsonl", '{"text": "good", "stars": 5}\n{\n', r"a\.jsonl:2: no JSON"),
        ("a.jsonl", "[1]\n", r"a\.jsonl:1: not an object"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_names_the_place_and_the_cure(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    path = written(tmp_path / name, content)

    with pytest.raises(FileError, match=message):
        read(path)


def test_a_file_in_another_encoding_names_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("1\t质量很好".encode("gb18030"))

    with pytest.raises(FileError, match=r"a\.txt: byte 2 is not UTF-8; convert it"):
        read(path)


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08garbage", b"\x28\xb5\x2f\xfdgarbage", None])
def test_a_broken_or_missing_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.txt.gz"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(FileError, match="can't be read"):
        read(path)


def test_a_named_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no column 'words'; it has text, stars"):
        read(written(tmp_path / "a.csv", "text,stars\n"), {"text": "words"})


def test_targets_stand_in_their_sentences(tmp_path: Path) -> None:
    path = written(tmp_path / "t.txt", "The $T$ is good , the $T$ ?\nbattery life\n1\n$T$ bad\nscreen\n-1\n")

    one, other = targets.read(path)

    assert one.text[one.start : one.end] == "battery life"
    assert (one.text, one.label) == ("The battery life is good , the battery life ?", POSITIVE)
    assert (other.text, other.start, other.label) == ("screen bad", 0, NEGATIVE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "0 lines, which are no records of three"),
        ("a $T$\nb\n", "2 lines, which are no records of three"),
        ("a\nb\n1\n", r"t\.txt:1: a sentence without \$T\$"),
        ("a $T$\nb\n7\n", r"t\.txt:3: polarity '7' is none of -1, 0, 1"),
    ],
)
def test_records_that_are_no_targets_are_told(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        targets.read(written(tmp_path / "t.txt", content))
