"""A log in other people's words leads to the same outputs as the same log in ours."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.replay.driver import Replayer
from agents.replay.log import LogRecord, read
from agents.settings import Settings
from agents.topics import INTERNAL, LISTS
from agents.wiring import stages
from tests.doubles import MODELS
from tests.replay import shop_log

WANTED = [topic.name for topic in INTERNAL + LISTS]
NAMES = {
    "view": ("Product Viewed", "view_item", "product_view"),
    "click": ("Product Clicked", "select_item", "list_click"),
    "add_to_cart": ("Product Added", "add_to_cart", "add_to_cart"),
    "purchase": ("Order Completed", "purchase", "transaction"),
}
ACTION = "iglu:com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2"
PRODUCT = "iglu:com.snowplowanalytics.snowplow.ecommerce/product/jsonschema/1-0-0"


def segment(topic: str, it: dict[str, Any]) -> dict[str, Any] | None:
    """Say it as Segment's libraries would, a review and an item of the catalogue included."""
    call = {"type": "track", "userId": it.get("shopper"), "anonymousId": "x", "timestamp": it["at"]}
    call["context"] = {"locale": it.get("language")}
    if topic == "clicks.v1" and it.get("kind") in NAMES:
        return call | {"event": NAMES[it["kind"]][0], "properties": {"products": [{"product_id": it["item"]}]}}
    if topic == "searches.v1":
        return call | {"event": "Products Searched", "properties": {"query": it["query"]}}
    if topic == "reviews.v1":
        review = {
            "product_id": it["item"],
            "review_id": it["review_id"],
            "review_body": it["text"],
            "rating": str(it["stars"]),
        }
        return call | {"event": "Product Reviewed", "properties": review}
    if topic == "identifies.v1":
        return call | {"type": "identify", "anonymousId": it["anonymous"]}
    if topic == "catalog.v1":
        names = {"product_id": it["item"], "name": it["title"], "updated_at": it["at"]}
        return names | {name: it[name] for name in ("category", "price", "stock")}
    return None


def ga4(topic: str, it: dict[str, Any]) -> dict[str, Any] | None:
    hit = {"user_id": it.get("shopper"), "client_id": "x", "timestamp": it["at"]}
    params: dict[str, Any] = {"language": it.get("language")}
    if topic == "clicks.v1" and it.get("kind") in NAMES:
        return hit | {"name": NAMES[it["kind"]][1], "params": params | {"items": [{"item_id": it["item"]}]}}
    if topic == "searches.v1":
        return hit | {"name": "search", "params": params | {"search_term": it["query"]}}
    return None


def snowplow(topic: str, it: dict[str, Any]) -> dict[str, Any] | None:
    if topic == "clicks.v1" and it.get("kind") in NAMES:
        return {
            "event": {"schema": ACTION, "data": {"type": NAMES[it["kind"]][2]}},
            "context": [{"schema": PRODUCT, "data": {"id": it["item"]}}],
            "user_id": it["shopper"], "derived_tstamp": it["at"], "br_lang": it.get("language"),
        }  # fmt: skip
    return None


def flat(topic: str, it: dict[str, Any]) -> dict[str, Any] | None:
    """Say it with other names of fields only."""
    if topic in {"catalog.v1", "identifies.v1"}:
        return None
    names = {"shopper": "user_id", "item": "sku", "at": "ts", "kind": "event", "text": "review_body", "stars": "rating"}
    return {names.get(name, name): value for name, value in it.items()}


Say = Callable[[str, dict[str, Any]], dict[str, Any] | None]


def said(log: Path, say: Say) -> Iterator[LogRecord]:
    for _, record in read(log):
        try:
            value = json.loads(record.value or b"")
        except ValueError:
            yield record
            continue
        other = say(record.topic, value) if "at" in value else None
        yield record if other is None else msgspec.structs.replace(record, value=json.dumps(other).encode())


def replayed(records: Iterator[LogRecord]) -> tuple[list[LogRecord], list[bytes], Any]:
    found: list[LogRecord] = []
    replayer = Replayer(stages(Settings(), MODELS), partitions=shop_log.PARTITIONS, emit=found.append, wanted=WANTED)
    for record in records:
        replayer.feed(record)
    return found, list(replayer.state_lines()), replayer.outcomes


@pytest.mark.parametrize("say", [segment, ga4, snowplow, flat], ids=lambda say: say.__name__)
def test_the_same_log_in_other_words_leads_to_the_same_bytes(say: Say, tmp_path: Path) -> None:
    log = shop_log.write(tmp_path / "log.jsonl", rounds=5)
    same = list(said(log, lambda *_: None))
    other = list(said(log, say))

    ours, theirs = replayed(iter(same)), replayed(iter(other))

    assert sum(one.value != two.value for one, two in zip(same, other, strict=True)) > 20
    assert theirs == ours
    assert {record.topic for record in ours[0]} >= {"recommendations.v1", "copy.v1", "pairs.v1", "sentiments.v1"}
