"""Whatever client a shop's services use, with whatever partitioner: a shopper has one profile."""

import json
import uuid
from binascii import crc32
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from confluent_kafka import Producer

from agents.engine.formats import EPOCH, RESERVED
from agents.intake import partition_of
from agents.shoppers.profile import Profile
from agents.topics import CLICKS, RECOMMENDATIONS, REKEY_SHOPPERS
from tests.storefront import PARTITIONS, PRODUCERS, Shop, installed, java, need, open_shop, run

CLICKS_EACH = 2
"""Of each shopper through each client."""

pytestmark = pytest.mark.timeout(300)

Line = dict[str, str]
"""Key, value and id of a click."""


def by_crc32(key: str) -> int:
    """Where librdkafka puts a key by default."""
    return crc32(key.encode()) % PARTITIONS


def by_unsigned_murmur2(key: str) -> int:
    """Where @platformatic/kafka puts a key by default: the sign of the hash is read as a bit, not taken away."""
    return (int(murmur2(key.encode())) & 0xFFFFFFFF) % PARTITIONS


def by_java(key: str) -> int:
    return partition_of(key.encode(), PARTITIONS)


def torn_shoppers(count: int) -> list[str]:
    """Return shoppers whom each of the partitioners puts elsewhere."""
    names = (f"shopper-{uuid.uuid4().hex[:8]}" for _ in range(10_000))
    torn = (it for it in names if len({by_java(it), by_crc32(it), by_unsigned_murmur2(it)}) == 3)
    return [next(torn) for _ in range(count)]


def through_process(command: list[str], lines: list[Line]) -> None:
    done = run(command, sent="".join(json.dumps(line) + "\n" for line in lines))
    assert done.returncode == 0, done.stderr


def kafkajs(broker: str, topic: str, lines: list[Line]) -> None:
    through_process(["node", str(installed(PRODUCERS) / "kafkajs.mjs"), broker, topic], lines)


def platformatic(broker: str, topic: str, lines: list[Line]) -> None:
    through_process(["node", str(installed(PRODUCERS) / "platformatic.mjs"), broker, topic], lines)


def platformatic_compatible(broker: str, topic: str, lines: list[Line]) -> None:
    through_process(["node", str(installed(PRODUCERS) / "platformatic.mjs"), broker, topic, "compatible"], lines)


def java_client(broker: str, topic: str, lines: list[Line]) -> None:
    through_process([*java(PRODUCERS / "Java.java"), broker, topic], lines)


def kcat(broker: str, topic: str, lines: list[Line]) -> None:
    need("kcat")
    for line in lines:
        command = ["kcat", "-P", "-b", broker, "-t", topic, "-K", "|", "-H", f"ce_id={line['id']}"]
        done = run(command, sent=f"{line['key']}|{line['value']}\n")
        assert done.returncode == 0, done.stderr


def confluent(broker: str, topic: str, lines: list[Line], **settings: str) -> None:
    producer = Producer({"log_level": 0, "bootstrap.servers": broker, **settings})
    for line in lines:
        producer.produce(topic, line["value"], line["key"], headers={"ce_id": line["id"]})
    assert producer.flush(30) == 0


def confluent_murmur2(broker: str, topic: str, lines: list[Line]) -> None:
    confluent(broker, topic, lines, partitioner="murmur2_random")


async def aiokafka(broker: str, topic: str, lines: list[Line]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
        for line in lines:
            headers = [("ce_id", line["id"].encode())]
            await producer.send_and_wait(topic, line["value"].encode(), line["key"].encode(), headers=headers)


PLACES: dict[str, Callable[[str], int]] = {
    "kafkajs": by_java,
    "java_client": by_java,
    "aiokafka": by_java,
    "confluent_murmur2": by_java,
    "platformatic_compatible": by_java,
    "platformatic": by_unsigned_murmur2,
    "kcat": by_crc32,
    "confluent": by_crc32,
}
"""Client to where it puts a key."""

SYNCHRONOUS = (kafkajs, java_client, confluent_murmur2, platformatic_compatible, platformatic, kcat, confluent)


@pytest.fixture
def shop(kafka: str, tmp_path: Path) -> Iterator[Shop]:
    with open_shop(kafka, tmp_path) as found:
        yield found


def clicks(client: str, shoppers: list[str]) -> list[Line]:
    """Return clicks with an item of its own for each client and click."""
    return [
        {
            "key": shopper,
            "id": f"{client}/{shopper}/{n}",
            "value": json.dumps(
                {"kind": "click", "shopper": shopper, "item": f"{client}-{n}", "at": datetime.now(UTC).isoformat()}
            ),
        }
        for n in range(CLICKS_EACH)
        for shopper in shoppers
    ]


def landed(shop: Shop) -> dict[str, dict[str, set[int]]]:
    """Return client to shopper to the partitions that hold the clicks."""
    found: dict[str, dict[str, set[int]]] = {}
    for message in shop.deployment.read(CLICKS.name):
        client, shopper, _ = dict(message.headers())["ce_id"].decode().split("/")
        found.setdefault(client, {}).setdefault(shopper, set()).add(message.partition())
    return found


def profiles(shop: Shop) -> dict[tuple[str, int], Profile]:
    """Return the newest profile of each shopper in each partition of the changelog."""
    return {
        (message.key().decode(), message.partition()): msgspec.msgpack.decode(
            message.value()[EPOCH.size :], type=Profile
        )
        for message in shop.deployment.read("shoppers", changelog=True)
        if not message.key().startswith(RESERVED)
    }


async def test_a_shopper_has_one_profile_whatever_client_and_partitioner(shop: Shop) -> None:
    shoppers = torn_shoppers(3)
    broker, topic = shop.deployment.settings.broker, shop.deployment.settings.topic_prefix + CLICKS.name

    for client in SYNCHRONOUS:
        client(broker, topic, clicks(client.__name__, shoppers))
    await aiokafka(broker, topic, clicks("aiokafka", shoppers))
    shop.settle()

    assert landed(shop) == {
        client: {shopper: {place(shopper)} for shopper in shoppers} for client, place in PLACES.items()
    }
    misplaced = sum(place is not by_java for place in PLACES.values()) * len(shoppers) * CLICKS_EACH
    assert shop.counted(CLICKS, "rekeyed") == misplaced
    assert shop.counted(REKEY_SHOPPERS, "folded") + shop.counted(REKEY_SHOPPERS, "late") == misplaced
    events = len(PLACES) * CLICKS_EACH
    items = Counter(f"{client}-{n}" for client in PLACES for n in range(CLICKS_EACH))
    found = profiles(shop)
    assert found.keys() == {(shopper, by_java(shopper)) for shopper in shoppers}
    for profile in found.values():
        assert profile.revision == events
        assert Counter(touch.item for touch in profile.touches) == items
    newest = {
        it.shopper: it.revision
        for it in sorted(shop.deployment.records(RECOMMENDATIONS.name), key=lambda it: it.revision)
    }
    assert newest == dict.fromkeys(shoppers, events)
