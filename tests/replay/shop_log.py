"""A small shop's log: every kind of event, both languages, and some records that are wrong."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agents.intake import partition_of
from agents.replay.log import LogRecord, created, encode
from agents.replay.places import Places

PARTITIONS = 4
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
ITEMS = [f"item-{n}" for n in range(12)]
SHOPPERS = [f"shopper-{n}" for n in range(6)]
TEXTS = [
    "Love it, great quality and soft fabric.",
    "It broke after a week, terrible.",
    "质量很好,很喜欢。",
    "尺码偏小,太差了。",
    "",
]


def write(path: Path, rounds: int = 12) -> Path:
    """Write the log to *path*."""
    with created(path) as file:
        for record in _records(rounds):
            file.write(encode(record))
    return path


def _records(rounds: int) -> Iterator[LogRecord]:
    places = Places(PARTITIONS)
    for n, (topic, key, body) in enumerate(_bodies(rounds)):
        at = START + timedelta(seconds=n)
        partition, offset = places.take(topic, key.encode())
        value = None if body is None else json.dumps(body | {"at": at.isoformat()}).encode()
        headers = (("ce_id", f"event-{n}".encode()),) if n % 3 else ()
        yield LogRecord(topic, partition, offset, int(at.timestamp() * 1000), key.encode(), value, headers)
    yield from _wrong(places)


def _bodies(rounds: int) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    for n, item in enumerate(ITEMS):
        title = {"en": f"Lamp number {n}", "zh": f"台灯{n}"}
        yield "catalog.v1", item, {"item": item, "title": title, "category": f"c{n % 3}", "price": 10.0 + n, "stock": 5}
    for n in range(rounds * len(SHOPPERS)):
        shopper, item = SHOPPERS[n % len(SHOPPERS)], ITEMS[n * 7 % len(ITEMS)]
        language = "zh" if n % 4 == 0 else "en"
        kind = ("view", "click", "add_to_cart", "purchase")[n % 4]
        yield "clicks.v1", shopper, {"kind": kind, "shopper": shopper, "item": item, "language": language}
        if n % 5 == 0:
            yield "searches.v1", shopper, {"shopper": shopper, "query": "lamp" if language == "en" else "台灯"}
        if n % 7 == 0:
            yield "requests.v1", shopper, {"shopper": shopper, "request_id": f"r-{n}", "placement": "cart", "limit": 4}
        if n % 6 == 0:
            text = TEXTS[n // 6 % len(TEXTS)]
            yield (
                "reviews.v1",
                shopper,
                {"review_id": f"w-{n}", "shopper": shopper, "item": item, "text": text, "stars": 4},
            )
    yield "identifies.v1", SHOPPERS[0], {"anonymous": SHOPPERS[0], "shopper": SHOPPERS[1]}
    yield "catalog.v1", ITEMS[0], None


def _wrong(places: Places) -> Iterator[LogRecord]:
    """Yield bad bytes, a tombstone, and good records without a key, with another's and in another partition."""
    now = int(START.timestamp() * 1000) + 90_000
    good = json.dumps({"kind": "view", "shopper": "ada", "item": ITEMS[1], "at": START.isoformat()}).encode()
    home = partition_of(b"ada", PARTITIONS)
    for key, value, partition in (
        (b"ada", b"\xff\xfe{", home),
        (b"ada", b'{"kind":"stare"}', home),
        (b"ada", None, home),
        (None, good, home),
        (b"bob", good, home),
        (b"ada", good, home ^ 1),
    ):
        yield LogRecord("clicks.v1", partition, places.append("clicks.v1", partition), now, key, value)
