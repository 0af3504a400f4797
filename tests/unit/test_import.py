import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.__main__ import main
from agents.intake import Admitted, Intake, partition_of
from agents.processor import Input
from agents.replay import importers
from agents.replay.errors import LogError
from agents.replay.log import LogRecord, created, read
from agents.topics import CLICKS, REVIEWS

DATA = Path(__file__).parents[3] / "shared" / "data"
SESSIONS = "SessionId\tItemId\tTime\n2\t900\t1396437466.94\n1\t901\t1396437400.5\n2\t902\t1396437466.94\n"
REVIEW_TABLE = 'Text,Stars,Item\n"Love it,\nreally",5,lamp\n,3,lamp\nBroke,1,vase\n'
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the real data is not beside the project")


def table(path: Path, text: str) -> Path:
    with created(path) as file:
        file.write(text.encode())
    return path


def bodies(records: list[LogRecord]) -> list[dict[str, Any]]:
    return [json.loads(it.value or b"") for it in records]


def imported(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["import", *arguments])


@pytest.mark.parametrize("name", ["s.tsv", "s.tsv.gz", "s.tsv.zst"])
def test_sessions_become_clicks_in_the_order_of_time(tmp_path: Path, name: str) -> None:
    result = importers.yoochoose([table(tmp_path / name, SESSIONS)], "view", 16)

    assert [(body["shopper"], body["item"]) for body in bodies(result.records)] == [
        ("1", "901"),
        ("2", "900"),
        ("2", "902"),
    ]
    assert result.records[0].timestamp == 1_396_437_400_500
    assert {it.topic for it in result.records} == {CLICKS.name}


def test_each_imported_record_is_one_that_a_worker_admits(tmp_path: Path) -> None:
    sessions = importers.yoochoose([table(tmp_path / "s.tsv", SESSIONS)], "click", 7).records
    texts = importers.reviews([table(tmp_path / "r.csv", REVIEW_TABLE)], {"text": "Text", "stars": "Stars"}, 7).records

    for record in sessions + texts:
        intake = Intake(Input(CLICKS if record in sessions else REVIEWS, key=lambda event: event.shopper))
        found = intake.admit(record.key, record.value, record.headers, record.partition, 7)
        assert isinstance(found, Admitted)
        assert found.id
        assert record.partition == partition_of(record.key or b"", 7)


def test_several_tables_become_one_log_without_two_records_in_one_place(tmp_path: Path) -> None:
    paths = [table(tmp_path / name, SESSIONS) for name in ("train.tsv", "test.tsv")]

    result = importers.yoochoose(paths, "view", 2).records

    assert len({(it.partition, it.offset) for it in result}) == len({it.headers for it in result}) == 6


def test_what_a_review_does_not_say_is_made_up_the_same_each_time(tmp_path: Path) -> None:
    path = table(tmp_path / "r.csv", REVIEW_TABLE)

    first = importers.reviews([path], {"text": "Text", "item": "Item", "stars": "Stars"}, 4)
    second = importers.reviews([path], {"text": "Text", "item": "Item", "stars": "Stars"}, 4)

    assert first == second
    assert [(body["text"], body["item"], body["stars"]) for body in bodies(first.records)] == [
        ("Love it,\nreally", "lamp", 5.0),
        ("Broke", "vase", 1.0),
    ]
    assert {what.split(":")[0] for what in first.made_up} == {"shopper", "at", "review_id"}
    assert first.skipped == {"without text": 1}


def test_nothing_is_made_up_that_the_table_says(tmp_path: Path) -> None:
    text = "t,i,s,a,r\nGood,lamp,ada,2026-02-03T00:00:00Z,r1\nBad,,bob,2026-02-03T00:00:00Z,r2\n"
    columns = {"text": "t", "item": "i", "shopper": "s", "at": "a", "review_id": "r"}

    result = importers.reviews([table(tmp_path / "r.csv", text)], columns, 4)

    assert bodies(result.records) == [
        {"review_id": "r1", "shopper": "ada", "item": "lamp", "at": "2026-02-03T00:00:00Z", "text": "Good"}
    ]
    assert result.made_up == []
    assert result.skipped == {"without item": 1}


def test_a_cell_of_200_kb_is_read(tmp_path: Path) -> None:
    result = importers.reviews([table(tmp_path / "r.csv", f"t\n{'x' * 200_000}\n")], {"text": "t"}, 1)

    assert len(bodies(result.records)[0]["text"]) == 200_000


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no column 'SessionId'"),
        ("SessionId\tItem\tTime\n1\t2\t3\n", "no column 'ItemId'; there are: SessionId, Item, Time"),
        (SESSIONS + "1\t2\n", r":5: 2 columns where the first line names 3"),
        (SESSIONS + "1\t2\tnoon\n", r":5: Time is 'noon'; expected seconds since 1970"),
        (SESSIONS + "1\t2\tnan\n", r":5: Time is 'nan'"),
        (SESSIONS + "1\t2\t1e30\n", r":5: Time is '1e30'"),
        (SESSIONS + "1\t\t7\n", r":5: Expected `str` of length >= 1 - at `\$\.item`"),
    ],
)
def test_a_bad_table_is_refused_by_its_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(LogError, match=problem):
        importers.yoochoose([table(tmp_path / "s.tsv", text)], "view", 4)


def test_a_table_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "s.tsv.gz", SESSIONS + "".join(f"{n}\t{n**3}\t{n**2}\n" for n in range(5_000)))
    path.write_bytes(path.read_bytes()[:9_000])

    with pytest.raises(LogError, match=r"s\.tsv\.gz: after line \d+: "):
        importers.yoochoose([path], "view", 4)


def test_a_table_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes("text\nschön\n".encode("latin-1"))

    with pytest.raises(LogError, match=r"r\.csv: after line \d+: .*utf-8"):
        importers.reviews([tmp_path / "r.csv"], {"text": "text"}, 4)


def test_stars_out_of_range_are_refused_by_their_line(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"r\.csv:2: Expected `float` <= 5\.0 - at `\$\.stars`"):
        importers.reviews([table(tmp_path / "r.csv", "t,s\nGood,9\n")], {"text": "t", "stars": "s"}, 4)


def test_the_command_writes_a_log_and_says_what_it_made_up(tmp_path: Path) -> None:
    source, out = table(tmp_path / "r.csv", REVIEW_TABLE), tmp_path / "log.jsonl.gz"

    result = imported("reviews", str(source), "--out", str(out), "--columns", "text=Text,item=Item", "--json")

    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["records"], report["skipped"]) == (2, {"without text": 1})
    assert len(report["made_up"]) == 3
    assert len(list(read(out))) == 2


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ("item=Item", "--columns needs text=COLUMN"),
        ("text=Text,colour=Item", "colour=Item: expected FIELD=COLUMN"),
        ("text", "text=: expected FIELD=COLUMN"),
        ("text=Body", "no column 'Body'; there are: Text, Stars, Item"),
    ],
)
def test_a_wrong_mapping_of_columns_ends_with_2(tmp_path: Path, columns: str, problem: str) -> None:
    source = table(tmp_path / "r.csv", REVIEW_TABLE)

    result = imported("reviews", str(source), "--out", str(tmp_path / "log"), "--columns", columns)

    assert result.exit_code == 2
    assert problem in result.stderr


def test_a_table_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    result = imported("yoochoose", str(tmp_path / "none.tsv"), "--out", str(tmp_path / "log"))

    assert result.exit_code == 2
    assert "none.tsv: No such file" in result.stderr


@pytest.mark.data
@needs_data
def test_all_clicks_of_yoochoose_are_imported() -> None:
    folder = DATA / "sessions" / "yoochoose_100k"

    result = importers.yoochoose([folder / "train_full.tsv.gz", folder / "test.tsv.gz"], "view", 16).records

    assert len(result) == 83_846
    assert len({it.headers for it in result}) == 83_846


@pytest.mark.data
@needs_data
def test_all_texts_of_womens_clothing_are_imported() -> None:
    path = DATA / "reviews" / "womens_clothing.csv.gz"

    result = importers.reviews([path], {"text": "Review Text", "stars": "Rating", "item": "Clothing ID"}, 16)

    assert len(result.records) == 22_641
    assert result.skipped == {"without text": 845}
