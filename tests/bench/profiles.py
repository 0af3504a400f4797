"""Profiles of shoppers as large as real ones, in a changelog, and clicks of these shoppers."""

import random
from collections.abc import Iterator, Sequence

import msgspec
from confluent_kafka import Producer

from agents.engine.formats import EPOCH, FENCE_KEY
from agents.intake import partition_of
from agents.shoppers.profile import Profile, Searched, Shown, Touched
from schemas.clicks import View
from tests.shoppers import START, after

PARTITIONS = 16
SORTS = 2_000
"""Profiles that differ; they are given to shoppers over and over."""
ITEMS = 10_000
_NOON = int(START.timestamp() * 1000)
_BUFFER = {"queue.buffering.max.messages": 200_000, "queue.buffering.max.kbytes": 512_000, "linger.ms": 20}


def profile(lot: random.Random) -> Profile:
    """Return a profile: some nine things done on average, half of them with an id, two searches, two lists seen."""
    done = min(64, 1 + int(lot.expovariate(1 / 8)))
    at = [_NOON + 60_000 * n for n in range(done)]
    ids = [f"{lot.getrandbits(128):032x}" for _ in range(min(32, done // 2))]
    return Profile(
        offsets=[-1, *(lot.randrange(10_000_000) for _ in range(6))],
        revision=done,
        recent=[[], ids],
        newest=at[-1],
        language=(at[0], "en"),
        touches=[Touched(time, n, f"item-{lot.randrange(ITEMS)}", 1) for n, time in enumerate(at)],
        queries=[Searched(at[0], n, f"running shoes {n}") for n in range(2)],
        shown=[Shown(at[0], n, tuple(f"item-{lot.randrange(ITEMS)}" for _ in range(10))) for n in range(2)],
        bought={f"item-{lot.randrange(ITEMS)}": at[-1]},
    )


def small_profile(n: int) -> Profile:
    """Return the profile of a shopper who did one thing."""
    return Profile(offsets=[-1, n], revision=1, newest=_NOON + n, touches=[Touched(_NOON + n, n, f"item-{n}", 1)])


def stored(*, small: bool) -> list[bytes]:
    """Return states as the changelog keeps them; *small* ones of a shopper who did one thing."""
    lot = random.Random(7)
    encode = msgspec.msgpack.Encoder().encode
    if small:
        return [EPOCH.pack(1) + encode(small_profile(n)) for n in range(SORTS)]
    return [EPOCH.pack(1) + encode(profile(lot)) for _ in range(SORTS)]


def fill_states(bootstrap: str, changelog: str, count: int, states: Sequence[bytes]) -> int:
    """Give shoppers 0 to *count* one of *states* each, behind a fence in each partition; return the bytes written."""
    fences = [(FENCE_KEY, EPOCH.pack(1), number) for number in range(PARTITIONS)]
    profiles = ((key := b"s%d" % n, states[n % len(states)], partition_of(key, PARTITIONS)) for n in range(count))
    _produce(bootstrap, changelog, iter(fences))
    _produce(bootstrap, changelog, profiles)
    return sum(len(states[n % len(states)]) + len(b"s%d" % n) for n in range(count))


def fill_clicks(bootstrap: str, topic: str, shoppers: Iterator[int]) -> None:
    """Let each of *shoppers* in turn look at an item."""
    lot = random.Random(8)

    def views() -> Iterator[tuple[bytes, bytes, int]]:
        for n, shopper in enumerate(shoppers):
            name = f"s{shopper}"
            view = View(shopper=name, item=f"item-{lot.randrange(ITEMS)}", at=after(n / 1_000))
            key = name.encode()
            yield key, msgspec.json.encode(view), partition_of(key, PARTITIONS)

    _produce(bootstrap, topic, views())


def _produce(bootstrap: str, topic: str, records: Iterator[tuple[bytes, bytes, int]]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0, "enable.idempotence": True, **_BUFFER})
    for key, value, partition in records:
        while True:
            try:
                producer.produce(topic, value, key, partition)
            except BufferError:
                producer.poll(0.05)
            else:
                break
    if producer.flush(120):
        message = f"{topic} could not be filled"
        raise RuntimeError(message)
