import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.replay.errors import LogError
from agents.replay.log import Headers, LogRecord, created, decode, encode, read

KCAT = (
    b'{"topic":"clicks.v1","partition":3,"offset":41,"tstype":"create","ts":1767000000000,"broker":1,'
    b'"headers":["ce_id","e-7","trace",null],"key":"ada","payload":"{\\"kind\\":\\"view\\"}"}'
)
RECORD = LogRecord(
    "clicks.v1", 3, 41, 1_767_000_000_000, b"ada", b'{"kind":"view"}', (("ce_id", b"e-7"), ("trace", None))
)
ANY_BYTES = st.none() | st.binary(max_size=40) | st.text(max_size=40).map(str.encode)


def record(offset: int = 0, key: bytes | None = b"k", value: bytes | None = b"v", headers: Headers = ()) -> LogRecord:
    return LogRecord("t", 0, offset, 1, key, value, headers)


def lines(path: Path, *content: bytes) -> Path:
    path.write_bytes(b"\n".join(content) + b"\n")
    return path


def records(path: Path) -> list[LogRecord]:
    return [it for _, it in read(path)]


def test_a_line_of_kcat_is_read() -> None:
    assert decode(KCAT) == RECORD


def test_a_line_is_written_with_the_fields_of_kcat_in_its_order() -> None:
    written = json.loads(encode(RECORD))

    assert list(written) == list(json.loads(KCAT))
    assert written == json.loads(KCAT) | {"broker": -1}


@given(
    key=ANY_BYTES, value=ANY_BYTES, headers=st.lists(st.tuples(st.text(max_size=9), ANY_BYTES), max_size=4).map(tuple)
)
def test_any_record_comes_back_as_it_was(key: bytes | None, value: bytes | None, headers: Any) -> None:
    before = record(key=key, value=value, headers=headers)

    assert decode(encode(before)) == before


def test_a_tombstone_is_no_empty_value() -> None:
    assert decode(b'{"topic":"t","partition":0,"offset":0,"ts":1,"key":"k","payload":null}').value is None
    assert decode(b'{"topic":"t","partition":0,"offset":0,"ts":1,"key":"k","payload":""}').value == b""
    assert decode(encode(record(value=None))).value is None
    assert decode(encode(record(value=b""))).value == b""


def test_bytes_that_are_not_utf8_stand_in_base64_beside_the_plain_fields() -> None:
    written = json.loads(encode(record(key=b"\xff", value=b"\0\xfe", headers=(("raw", b"\xfd"), ("plain", b"x")))))

    assert (written["key_base64"], written["payload_base64"]) == ("/w==", "AP4=")
    assert written["headers_base64"] == ["raw", "/Q==", "plain", "eA=="]
    assert not {"key", "payload", "headers"} & set(written)


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz", "log.jsonl.zst"])
def test_a_log_comes_back_packed_or_not(tmp_path: Path, name: str) -> None:
    before = [record(offset, value=b"v" * offset) for offset in range(300)]

    with created(tmp_path / name) as file:
        file.writelines(map(encode, before))

    assert records(tmp_path / name) == before


@pytest.mark.parametrize("name", ["log.jsonl.gz", "log.jsonl.zst"])
def test_the_same_records_pack_to_the_same_bytes(tmp_path: Path, name: str) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        with created(tmp_path / folder / name) as file:
            file.write(encode(RECORD))

    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("name", ["log.jsonl.gz", "log.jsonl.zst"])
def test_packed_logs_may_be_joined_end_to_end(tmp_path: Path, name: str) -> None:
    with created(tmp_path / name) as file:
        file.write(encode(RECORD))

    (tmp_path / name).write_bytes((tmp_path / name).read_bytes() * 3)

    assert records(tmp_path / name) == [RECORD] * 3


@pytest.mark.parametrize("name", ["log.jsonl.gz", "log.jsonl.zst"])
@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_packed_log_that_is_cut_off_is_refused(tmp_path: Path, name: str, kept: float) -> None:
    path = tmp_path / name
    with created(path) as file:
        file.writelines(encode(record(offset, value=str(offset**3).encode())) for offset in range(5_000))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])

    with pytest.raises(LogError, match=r"not a whole \.(gz|zst) file after line \d+"):
        records(path)


@pytest.mark.parametrize("name", ["log.jsonl.gz", "log.jsonl.zst"])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LogError, match="not a whole"):
        records(lines(tmp_path / name, KCAT))


def test_an_empty_log_has_no_records(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").touch()
    (tmp_path / "log.jsonl.gz").write_bytes(gzip.compress(b""))

    assert records(tmp_path / "log.jsonl") == records(tmp_path / "log.jsonl.gz") == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "truncated"),
        (b"[]", "Expected `object`"),
        (b"topic=clicks", "malformed"),
        (KCAT.replace(b'"offset":41,', b""), "`offset`"),
        (KCAT.replace(b":41", b":-1"), r"`\$.offset`"),
        (KCAT.replace(b":3,", b":-1,"), r"`\$.partition`"),
        (KCAT.replace(b":3,", b':"3",'), r"`\$.partition`"),
        (KCAT.replace(b',"trace",null', b',"trace"'), "odd number of headers"),
        (KCAT.replace(b"null", b"7"), r"`\$.headers\[3\]`"),
        (KCAT.replace(b'"key":"ada"', b'"key_base64":"x"'), "base64"),
        (KCAT.replace(b"ada", b"\\ud800"), "surrogate"),
        (b'{"x":' + b"[" * 100_000, "recursion"),
    ],
)
def test_a_bad_line_is_named_by_file_and_number(tmp_path: Path, line: bytes, problem: str) -> None:
    path = lines(tmp_path / "log.jsonl", KCAT, b"", line)

    with pytest.raises(LogError, match=rf"log\.jsonl:3: .*{problem}"):
        records(path)


def test_raw_bytes_as_kcat_writes_them_are_refused_with_a_cure(tmp_path: Path) -> None:
    path = lines(tmp_path / "log.jsonl", KCAT.replace(b"ada", b"\xff\xfe"))

    with pytest.raises(LogError, match=r"log\.jsonl:1: not UTF-8.*vitrine record"):
        records(path)


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"none\.jsonl: No such file"):
        records(tmp_path / "none.jsonl")


def test_a_log_cannot_be_written_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="No such file"), created(tmp_path / "none" / "log.jsonl"):
        pass
