"""What the agents put out is valid by the present contract and by every one that was released."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from agents.contract.files import RELEASED, load, versions
from agents.contract.promises import Promise, present
from agents.replay.driver import Replayer
from agents.replay.log import LogRecord, read
from agents.settings import Settings
from agents.topics import ALL, BY_NAME, CLICKS, DEAD_LETTERS, RECOMMENDATIONS, REKEYS
from agents.wiring import stages
from schemas.clicks import Click
from schemas.recommendations import Recommendations
from tests.doubles import MODELS
from tests.replay import shop_log

VERSIONS = {path.name: load(path) for path in versions(RELEASED)} | {"present": present()}


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[LogRecord]:
    log = shop_log.write(tmp_path_factory.mktemp("log") / "log.jsonl", rounds=6)
    found: list[LogRecord] = []
    wanted = [topic.name for topic in ALL]
    replayer = Replayer(stages(Settings(), MODELS), partitions=shop_log.PARTITIONS, emit=found.append, wanted=wanted)
    for _, record in read(log):
        replayer.feed(record)
    *_, chosen = (record for record in found if record.topic == RECOMMENDATIONS.name)
    newest = Counter(record.partition for _, record in read(log) if record.topic == CLICKS.name)
    replayer.feed(_click(chosen, newest[chosen.partition]))
    return found


def _click(chosen: LogRecord, offset: int) -> LogRecord:
    """Return a click on the first item of a list."""
    it = msgspec.json.decode(chosen.value or b"", type=Recommendations)
    event = Click(shopper=it.shopper, at=it.at, item=it.slots[0].item, recommendation_id=it.recommendation_id)
    place = (CLICKS.name, chosen.partition, offset, chosen.timestamp)
    return LogRecord(*place, chosen.key, msgspec.json.encode(event))


def test_the_log_leads_to_every_kind_of_output(outputs: list[LogRecord]) -> None:
    made = Counter(record.topic for record in outputs)

    assert made.keys() >= {name for name, promise in present().items() if promise.actions == ("send",)} - {
        topic.name for topic in DEAD_LETTERS
    } - {"headers/outputs", "headers/dead-letters"}
    assert made["dlq.clicks.v1"]
    assert made["item-cards.v1"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_value_and_its_headers_are_valid(outputs: list[LogRecord], version: str) -> None:
    promises = VERSIONS[version]
    for record in outputs:
        topic = BY_NAME[record.topic]
        if topic.name not in promises:
            continue  # younger than that release
        headers = {name: (value or b"").decode() for name, value in record.headers}
        validator(promises, "headers/dead-letters" if topic in DEAD_LETTERS else "headers/outputs").validate(headers)
        if topic not in (*DEAD_LETTERS, *REKEYS) and record.value is not None:
            validator(promises, topic.name).validate(msgspec.json.decode(record.value))


def validator(promises: dict[str, Promise], name: str) -> Any:
    assert promises[name].schema is not None
    return Draft202012Validator(promises[name].schema)
