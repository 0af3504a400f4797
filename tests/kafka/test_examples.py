"""The examples of `ops/examples/` do on a real Kafka what their pages say."""

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from confluent_kafka import Producer

from agents.intake import partition_of
from agents.shop.worker import free_port
from agents.topics import CATALOG, CLICKS, RECOMMENDATIONS
from tests.kafka_broker import create_topics
from tests.storefront import PARTITIONS, Language, Shop, example, listening, open_shop, run

LANGUAGES = get_args(Language)
LINE = re.compile(r"(\S+) (\S+) (\d+)\.(\d+): (.*) \| (.+)")
STOPPED: dict[Language, int] = {"python": 0, "node": 0, "java": 130}
"""Exit code after Ctrl-C; Java's is always that of the signal."""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def shop(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A worker that knows three items."""
    with open_shop(kafka, tmp_path_factory.mktemp("shop")) as found:
        send(found.variables, CATALOG.name, [(item, catalogued(item)) for item in ("vase", "shelf", "clock")])
        found.settle()
        yield found


def send(variables: dict[str, str], topic: str, records: list[tuple[str, Any]]) -> None:
    producer = Producer(
        {"log_level": 0, "bootstrap.servers": variables["VITRINE_BROKER"], "partitioner": "murmur2_random"}
    )
    for key, value in records:
        producer.produce(variables["VITRINE_TOPIC_PREFIX"] + topic, value and json.dumps(value), key)
    assert producer.flush(30) == 0


def catalogued(item: str) -> dict[str, Any]:
    return {"item": item, "title": {"en": f"Plain {item}"}, "category": "home", "at": moment()}


def moment(ahead: timedelta = timedelta(0)) -> str:
    return (datetime.now(UTC) + ahead).isoformat()


def parts(line: str) -> tuple[str, ...]:
    """Return shopper, placement, epoch, revision, items and reason of a line."""
    said = LINE.fullmatch(line)
    assert said, line
    return said.groups()


def clicks(shop: Shop, language: Language, shopper: str, *names: tuple[str, str]) -> None:
    """Click items under the names of their events, one after the other, with the example."""
    for item, event in names:
        done = run([*example(language, "produce"), shopper, item, event], shop.variables)
        said = re.fullmatch(r"(\S+) partition (\d+) offset \d+: (\S+) clicked (\S+), event (\S+)\n", done.stdout)
        assert (done.returncode, done.stderr) == (0, "")
        assert said
        topic = shop.variables["VITRINE_TOPIC_PREFIX"] + CLICKS.name
        partition = partition_of(shopper.encode(), PARTITIONS)
        assert said.groups() == (topic, str(partition), shopper, item, event)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_click_leads_to_a_list_that_a_service_prints(shop: Shop, language: Language) -> None:
    shopper = f"{language}-{uuid.uuid4().hex[:6]}"

    with listening(language, shop.variables, shopper) as listener:
        clicks(shop, language, shopper, ("vase", "first"))
        first = listener.line()
        clicks(shop, language, shopper, ("shelf", "second"), ("shelf", "second"), ("clock", "third"))
        while parts(line := listener.line())[3] != "3":
            pass
        code, rest, errors = listener.interrupt()
    with listening(language, shop.variables, shopper) as later:
        while later.line() != line:
            pass

    assert parts(first)[:4] == (shopper, "home", parts(first)[2], "1")
    assert (code, errors) == (STOPPED[language], "")
    assert all(parts(it)[3] == "3" for it in rest)
    shop.settle()
    made = [it for it in shop.deployment.records(RECOMMENDATIONS.name) if it.shopper == shopper]
    assert max(it.revision for it in made) == 3
    assert parts(line) in {
        (
            *(shopper, "home", str(it.epoch), str(it.revision), ", ".join(slot.item for slot in it.slots)),
            it.slots[0].reason.text["en"],
        )
        for it in made
    }


def listed(shopper: str, epoch: int, revision: int, **other: Any) -> tuple[str, dict[str, Any]]:
    reason = {"code": "popular", "text": {"en": "Popular right now"}}
    slot = {"item": f"item-{revision}", "score": 1, "source": "trending", "propensity": 1, "reason": reason}
    record = {"recommendation_id": "r", "shopper": shopper, "placement": "home", "epoch": epoch, "revision": revision}
    validity = {"at": moment(), "valid_until": moment(timedelta(minutes=30))}
    return shopper, record | validity | {"slots": [slot], "models": {}, "view": 1} | other


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_service_keeps_the_newest_valid_list_of_each_placement(kafka: str, prefix: str, language: Language) -> None:
    variables = {"VITRINE_BROKER": kafka, "VITRINE_TOPIC_PREFIX": prefix}
    create_topics(kafka, {prefix + RECOMMENDATIONS.name: 1})
    past = {"valid_until": moment(-timedelta(seconds=1))}
    records = [
        listed("ada", 1, 5),
        listed("ada", 1, 5),
        listed("ada", 1, 4),
        listed("ada", 0, 9),
        listed("ada", 1, 2, placement="basket"),
        listed("ada", 2, 1),
        listed("ada", 2, 2, **past),
        listed("ada", 2, 1),
        listed("bob", 7, 7),
        ("ada", None),
        listed("ada", 1, 1),
        listed("ada", 1, 6, slots=[]),
    ]

    with listening(language, variables, "ada") as listener:
        send(variables, RECOMMENDATIONS.name, records)
        lines = [listener.line() for _ in range(5)]
        ended = listener.interrupt()

    assert lines == [
        "ada home 1.5: item-5 | Popular right now",
        "ada basket 1.2: item-2 | Popular right now",
        "ada home 2.1: item-1 | Popular right now",
        "ada home 1.1: item-1 | Popular right now",
        "ada home 1.6:  | nothing to list",
    ]
    assert ended == (STOPPED[language], [], "")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "topic"), [("consume", "recommendations.v1"), ("produce", "clicks.v1")])
def test_without_a_broker_an_example_says_where_it_looked_for_one(
    language: Language, name: str, topic: str, kafka: str
) -> None:
    del kafka  # its fixture knows whether Java's jars can be had here
    nowhere = f"127.0.0.1:{free_port()}"

    done = run([*example(language, name), "ada", "vase"], {"VITRINE_BROKER": nowhere, "VITRINE_TOPIC_PREFIX": ""})

    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(rf"^{re.escape(topic)} at {nowhere}: .+", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 10


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["consume", "produce"])
def test_where_its_topic_is_missing_an_example_names_it(language: Language, name: str, kafka: str, prefix: str) -> None:
    variables = {"VITRINE_BROKER": kafka, "VITRINE_TOPIC_PREFIX": prefix}

    done = run([*example(language, name), "ada", "vase"], variables)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith(
        f"{prefix}{'clicks' if name == 'produce' else 'recommendations'}.v1 at "
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_click_without_an_item_is_refused_with_the_usage(language: Language, kafka: str) -> None:
    del kafka

    done = run([*example(language, "produce"), "ada"])

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")
    assert done.stderr.endswith("SHOPPER ITEM [EVENT-ID]\n")
