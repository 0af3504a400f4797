"""Whatever a producer writes is translated, ignored or refused; what is translated means what it meant."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.dialects import draft
from agents.dialects.heard import Ignored
from agents.dialects.names import NAMES, NOTHING_TO_US, OWN_KINDS
from agents.dialects.reading import DialectError
from agents.dialects.translate import Translation, translate
from agents.intake import Admitted, Intake, Rejection
from agents.languages import read_item
from agents.processor import Input
from agents.topics import CATALOG, CLICKS, INPUTS, Topic
from schemas.clicks import AddToCart, Click, Purchase, View
from tests.records import values

ACTION = "iglu:com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2"
KEYS = [
    *draft.SHOPPER, *draft.AT, *draft.LANGUAGE, *draft.SESSION, *draft.LIST_ID, *draft.COPY_ID,
    "kind", "event", "event_name", "type", "name", "properties", "params", "ecommerce", "events", "event_params", "items",
    "products", "lines", "product_id", "item_id", "sku", "id", "item", "quantity", "price", "position", "index", "context",
    "contexts", "entities", "schema", "data", "collector_tstamp", "messageId", "event_id", "query", "search_term", "terms",
    "review_id", "review_body", "rating", "reviewRating", "title", "description", "category", "category_name", "brand",
    "offers", "availability", "attributes", "color", "stock", "currency", "limit", "candidates", "placement", "previousId",
    "device", "key", "value", "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1",
    "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1",
]  # fmt: skip
WORDS = [
    *NAMES, *NOTHING_TO_US, *OWN_KINDS, "track", "page", "Product Viewed", ACTION, "iglu:x/product/jsonschema/1-0-0",
    "iglu:x/unstruct_event/jsonschema/1-0-0", "snowplow_ecommerce_action", "2026-01-05T12:30:15Z", "1767616215", "4.5",
]  # fmt: skip
scalars = st.one_of(
    st.sampled_from(WORDS), st.text(max_size=5), st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
        st.dictionaries(st.text(max_size=3), inner, max_size=2),
    ),
    max_leaves=25,
)


def intake(topic: Topic) -> Intake:
    return Intake(Input(topic, decode=read_item if topic is CATALOG else None))


@pytest.mark.parametrize("topic", INPUTS, ids=lambda topic: topic.name)
@settings(max_examples=200, deadline=None)
@given(value=anything)
def test_any_json_is_translated_or_ignored_or_refused_with_a_place(topic: Topic, value: Any) -> None:
    found: Any
    try:
        found = translate(topic, value)
    except DialectError as error:
        found = error

    assert found is None or isinstance(found, Translation | Ignored | DialectError)
    if isinstance(found, DialectError):
        assert found.field.startswith("$")
        assert str(found)


@pytest.mark.parametrize("topic", INPUTS, ids=lambda topic: topic.name)
@settings(max_examples=200, deadline=None)
@given(value=anything, structured=st.booleans())
def test_any_json_is_read_or_refused(topic: Topic, value: Any, *, structured: bool) -> None:
    if structured:
        value = {"id": "1", "data": value}
    headers = [("content-type", b"application/cloudevents+json")] if structured else []

    found = intake(topic).read(json.dumps(value).encode(), headers)

    assert isinstance(found, Admitted | Rejection | Ignored)
    if isinstance(found, Rejection):
        assert found.stage in {"decode", "validate"}
        assert found.message
    if isinstance(found, Admitted):
        assert found.id is None or 0 < len(found.id) <= 256


@settings(max_examples=200, deadline=None)
@given(record=st.one_of(*map(values, (View, Click, AddToCart, Purchase))))
def test_an_event_means_the_same_in_every_dialect(record: Any) -> None:
    names = {View: ("Product Viewed", "view_item"), Click: ("Product Clicked", "select_item"),
             AddToCart: ("Product Added", "add_to_cart"), Purchase: ("Order Completed", "purchase")}  # fmt: skip
    segment, ga4 = names[type(record)]
    said = {
        name: getattr(record, name)
        for name in ("recommendation_id", "copy_id", "quantity", "price")
        if hasattr(record, name)
    }
    at = {"timestamp": record.at.isoformat()}
    position = record.position
    known = {"userId": record.shopper, "context": {"locale": record.language}, "sessionId": record.session}
    properties = {**said, "product_id": record.item, "position": None if position is None else position + 1}
    params = {"items": [{**said, "item_id": record.item, "index": position}], "language": record.language}
    flat = {**said, "event": segment, "sku": record.item, "user_id": record.shopper, "language": record.language}

    for value in (
        {"type": "track", "event": segment, "properties": properties, **known, **at},
        {"name": ga4, "params": params, "user_id": record.shopper, "session_id": record.session, **at},
        {**flat, "position": position, "session_id": record.session, **at},
    ):
        found = intake(CLICKS).read(json.dumps(value).encode(), ())
        assert isinstance(found, Admitted), found
        assert found.event == (
            record if record.language != "" else type(record)(**{**fields(record), "language": None})
        )


def fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__struct_fields__}
