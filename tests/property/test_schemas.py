from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.topics import ALL
from schemas.dead_letters import DeadLetter
from tests.records import values

RECORDS = {topic.name: topic.record for topic in ALL if topic.record is not None} | {"dead letters": DeadLetter}


@pytest.mark.parametrize("kind", RECORDS.values(), ids=RECORDS)
@settings(max_examples=30)
@given(data=st.data())
def test_a_record_comes_back_from_json_as_it_was(kind: Any, data: st.DataObject) -> None:
    record = data.draw(values(kind))

    written = msgspec.json.encode(record)

    read = msgspec.json.decode(written, type=kind)
    assert read == record
    assert msgspec.json.encode(read) == written


@pytest.mark.parametrize("kind", RECORDS.values(), ids=RECORDS)
@settings(max_examples=30)
@given(data=st.data())
def test_a_record_comes_back_from_a_state_as_it_was(kind: Any, data: st.DataObject) -> None:
    record = data.draw(values(kind))

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=kind) == record
