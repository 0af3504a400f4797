"""Events in other people's words, from bytes to our records or to a refusal in the producer's words."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agents.dialects.heard import Ignored
from agents.dialects.names import KINDS, NAMES, NOTHING_TO_US, OWN_KINDS
from agents.dialects.reading import as_time
from agents.dialects.translate import translates
from agents.intake import Admitted, Intake, Rejection
from agents.languages import read_item
from agents.processor import Input
from agents.topics import ALL, CATALOG, CLICKS, IDENTIFIES, INPUTS, REQUESTS, REVIEWS, SEARCHES, Topic
from schemas.clicks import AddToCart, Basket, Click, Interaction, Line, ListShown, Order, Purchase, View
from schemas.identifies import Identify
from schemas.requests import Request
from schemas.reviews import Review
from schemas.searches import Search

GOLDEN = Path(__file__).parents[1] / "golden"
AT = datetime(2026, 1, 5, 12, 30, 15, 250_000, tzinfo=UTC)
ISO = "2026-01-05T12:30:15.250Z"
MILLIS = 1_767_616_215_250
STRUCTURED = (("content-type", b"application/cloudevents+json"),)

SEGMENT: dict[str, Any] = {
    "type": "track", "event": "Product Clicked", "userId": "ada", "anonymousId": "cookie-1", "messageId": "m-1",
    "timestamp": ISO, "originalTimestamp": "2020-01-01T00:00:00Z", "context": {"locale": "zh-CN"},
    "properties": {"product_id": "lamp", "sku": "G-32", "list_id": "deals", "position": 3, "price": 18.99, "quantity": 2},
}  # fmt: skip
GA4: dict[str, Any] = {
    "name": "select_item", "user_id": "ada", "client_id": "c.1", "timestamp_micros": MILLIS * 1000,
    "params": {
        "item_list_id": "deals", "ga_session_id": 17,
        "items": [{"item_id": "lamp", "item_name": "Red lamp", "index": 2, "price": 18.99, "quantity": 2}],
    },
}  # fmt: skip
ACTION = "iglu:com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2"
PRODUCT = "iglu:com.snowplowanalytics.snowplow.ecommerce/product/jsonschema/1-0-0"
SNOWPLOW: dict[str, Any] = {
    "user_id": "ada", "domain_userid": "d.1", "event_id": "e-1", "timestamp": MILLIS,
    "event": {"schema": ACTION, "data": {"type": "list_click", "name": "deals"}},
    "context": [
        {"schema": "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0", "data": {"id": "page"}},
        {"schema": PRODUCT, "data": {"id": "lamp", "price": 18.99, "position": 2, "currency": "EUR"}},
    ],
}  # fmt: skip
E = "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1"
P = "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1"
ENRICHED: dict[str, Any] = {
    "app_id": "shop", "event": "unstruct", "event_vendor": "com.snowplowanalytics.snowplow.ecommerce",
    "event_name": "snowplow_ecommerce_action", "event_id": "e-1", "user_id": "ada", "domain_userid": "d.1",
    "domain_sessionid": "s-1", "br_lang": "en-US", "collector_tstamp": "2026-01-05T12:30:16.000Z",
    "derived_tstamp": "2026-01-05 12:30:15.250", E: {"type": "list_click", "name": "deals"},
    P: [{"id": "lamp", "price": 18.99, "position": 2}],
}  # fmt: skip
FLAT: dict[str, Any] = {"event": "list_click", "user_id": "ada", "product_id": "lamp", "ts": MILLIS, "position": 2}


def read(topic: Topic, value: Any, headers: Any = ()) -> Any:
    decode = read_item if topic is CATALOG else None
    return Intake(Input(topic, decode=decode)).read(json.dumps(value).encode(), headers)


def event(topic: Topic, value: Any) -> Any:
    found = read(topic, value)
    assert isinstance(found, Admitted), found
    return found.event


def refused(topic: Topic, value: Any) -> Rejection:
    found = read(topic, value)
    assert isinstance(found, Rejection), found
    assert (found.stage, found.reason) == ("validate", "invalid")
    return found


def segment(name: str, _without: str = "", **properties: Any) -> dict[str, Any]:
    given = {"event": name, "properties": properties}
    return {key: value for key, value in (SEGMENT | given).items() if key != _without}


def ga4(name: str, *items: Any, **params: Any) -> dict[str, Any]:
    return GA4 | {"name": name, "params": {"items": list(items), **params}}


def snowplow(kind: str, *products: Any) -> dict[str, Any]:
    entities = [{"schema": PRODUCT, "data": product} for product in products]
    return SNOWPLOW | {"event": {"schema": ACTION, "data": {"type": kind, "name": "deals"}}, "context": entities}


CLICKED: dict[str, Any] = {"shopper": "ada", "at": AT, "item": "lamp", "position": 2}


@pytest.mark.parametrize(
    ("value", "expected", "name"),
    [
        (SEGMENT, Click(**CLICKED, language="zh-CN"), "m-1"),
        (GA4, Click(**CLICKED, session="17"), None),
        (SNOWPLOW, Click(**CLICKED), "e-1"),
        (ENRICHED, Click(**CLICKED, session="s-1", language="en-US"), "e-1"),
        (FLAT, Click(**CLICKED), None),
        ({"schema": ACTION, "data": {"type": "list_click"}, "context": SNOWPLOW["context"], "user_id": "ada", "ts": ISO},
         Click(**CLICKED), None),
        ({"user_id": "ada", "ts": ISO, "contexts": {"schema": "iglu:x/contexts/jsonschema/1-0-1", "data": SNOWPLOW["context"]},
          "event": {"schema": "iglu:x/unstruct_event/jsonschema/1-0-0", "data": {"schema": ACTION, "data": {"type": "list_click"}}}},
         Click(**CLICKED), None),
        ({"client_id": "x", "user_id": "ada", "timestamp_micros": MILLIS * 1000, "events": [{"name": "select_item", "params": GA4["params"]}]},
         Click(**CLICKED, session="17"), None),
        ({"event": "select_item", "ecommerce": {"items": GA4["params"]["items"]}, "user_id": "ada", "timestamp": ISO},
         Click(**CLICKED), None),
        ({"event_name": "select_item", "event_timestamp": str(MILLIS * 1000), "user_id": "ada", "items": GA4["params"]["items"],
          "device": {"language": "en-gb"}, "event_params": [{"key": "ga_session_id", "value": {"string_value": None, "int_value": "17"}}]},
         Click(**CLICKED, session="17", language="en-gb"), None),
    ],
)  # fmt: skip
def test_a_click_is_the_same_in_every_dialect(value: Any, expected: Click, name: str | None) -> None:
    assert read(CLICKS, value) == Admitted(expected, name)


@pytest.mark.parametrize(("names", "kind"), [
    (("Product Viewed", "product viewed", "PRODUCT_VIEWED", "view_item", "product_view", "view"), View),
    (("Product Clicked", "select_item", "list_click", "click"), Click),
    (("Product Added", "add_to_cart", "Wishlist Product Added to Cart"), AddToCart),
    (("Order Completed", "purchase", "transaction"), Purchase),
])  # fmt: skip
@pytest.mark.parametrize("key", ["event", "type", "name", "kind", "event_name"])
def test_every_name_of_a_kind_will_do_in_a_flat_record(
    names: tuple[str, ...], kind: type[Interaction], key: str
) -> None:
    for name in names:
        found = event(CLICKS, {key: name, "userId": "ada", "sku": "lamp", "created_at": ISO})
        assert type(found) is kind
        assert (found.shopper, found.item, found.at) == ("ada", "lamp", AT)


def test_a_product_may_have_a_name_too() -> None:
    assert type(event(CLICKS, FLAT | {"name": "Purchase"})) is Click


@pytest.mark.parametrize("value", [
    segment("Order Completed", products=[
        {"product_id": "lamp", "quantity": "2", "price": "18.99", "copy_id": "c"}, {"sku": "rug", "quantity": 1.0}
    ], recommendation_id="r"),
    ga4("purchase", {"item_id": "lamp", "quantity": 2, "price": 18.99, "copy_id": "c"}, {"item_id": "rug"}, recommendation_id="r"),
    {"kind": "order", "user_id": "ada", "at": ISO, "recommendation_id": "r",
     "lines": [{"item": "lamp", "quantity": 2, "price": 18.99, "copy_id": "c"}, {"product_id": "rug"}]},
])  # fmt: skip
def test_an_order_of_several_products_has_a_line_for_each(value: Any) -> None:
    found = event(CLICKS, value)

    assert type(found) is Order
    assert found.lines == (
        Line(item="lamp", quantity=2, price=18.99, recommendation_id="r", copy_id="c"),
        Line(item="rug", recommendation_id="r"),
    )


def test_an_order_of_one_product_is_a_purchase() -> None:
    found = event(CLICKS, ga4("purchase", {"item_id": 7, "quantity": 3, "price": 2}))

    assert found == Purchase(shopper="ada", at=AT, item="7", quantity=3, price=2)


def test_several_products_put_into_the_cart_are_a_basket() -> None:
    assert type(event(CLICKS, snowplow("add_to_cart", {"id": "lamp"}, {"id": "rug"}))) is Basket


@pytest.mark.parametrize("value", [
    segment("Product List Viewed", list_id="deals", products=[{"product_id": "lamp"}, {"product_id": "rug"}]),
    ga4("view_item_list", {"item_id": "lamp"}, {"item_id": "rug"}, item_list_id="deals"),
    ga4("view_item_list", {"item_id": "lamp", "item_list_id": "deals"}, {"item_id": "rug"}),
    snowplow("list_view", {"id": "lamp"}, {"id": "rug"}),
    {"event": "list_view", "user_id": "ada", "ts": MILLIS, "list_id": "deals", "items": ["lamp", "rug"]},
    {"event": "list_view", "user_id": "ada", "ts": MILLIS, "list_id": "deals", "products": [{"id": "lamp"}, {"sku": "rug"}]},
])  # fmt: skip
def test_a_list_that_was_seen_names_its_items_and_where_it_was(value: Any) -> None:
    found = event(CLICKS, value)

    assert type(found) is ListShown
    assert (found.items, found.placement, found.recommendation_id) == (("lamp", "rug"), "deals", None)


@pytest.mark.parametrize("value", [
    segment("Product Clicked", product_id="lamp", recommendation_id="r", copy_id="c"),
    segment("Product Clicked", product_id="lamp") | {"context": {"recommendation_id": "r", "copyId": "c"}},
    segment("Product Clicked", product_id="lamp") | {"recommendationId": "r", "copy_id": "c"},
    ga4("select_item", {"item_id": "lamp", "recommendation_id": "r"}, copy_id="c"),
    ga4("select_item", {"item_id": "lamp"}, recommendation_id="r", copy_id="c"),
    FLAT | {"context": {"recommendation_id": "r", "copy_id": "c"}},
])  # fmt: skip
def test_the_ids_of_our_list_and_copy_come_back_wherever_the_producer_can_put_them(value: Any) -> None:
    found = event(CLICKS, value)

    assert (found.recommendation_id, found.copy_id) == ("r", "c")


def test_the_name_of_a_list_is_no_id_of_ours() -> None:
    assert event(CLICKS, SEGMENT).recommendation_id is None
    assert event(CLICKS, GA4).recommendation_id is None


@pytest.mark.parametrize(("given", "shopper"), [
    ({}, "ada"), ({"userId": None}, "cookie-1"), ({"userId": ""}, "cookie-1"), ({"userId": 7}, "7"),
])  # fmt: skip
def test_who_is_known_comes_before_who_is_not(given: dict[str, Any], shopper: str) -> None:
    assert event(CLICKS, SEGMENT | given).shopper == shopper


@pytest.mark.parametrize(("topic", "value", "expected"), [
    (SEARCHES, segment("Products Searched", query="lamp"), "lamp"),
    (SEARCHES, segment("Products Searched", query={"text": "lamp", "filters": []}), "lamp"),
    (SEARCHES, ga4("search", search_term="lamp"), "lamp"),
    (SEARCHES, {"user_id": "ada", "ts": MILLIS, "search_term": "lamp"}, "lamp"),
    (SEARCHES, {"user_id": "ada", "ts": MILLIS, "search_term": ""}, ""),
    (SEARCHES, SNOWPLOW | {"event": {"schema": "iglu:x/site_search/jsonschema/1-0-0", "data": {"terms": ["red", "lamp"]}}}, "red lamp"),
])  # fmt: skip
def test_a_search_is_heard(topic: Topic, value: Any, expected: str) -> None:
    found = event(topic, value)

    assert type(found) is Search
    assert (found.shopper, found.at, found.query) == ("ada", AT, expected)


@pytest.mark.parametrize("rating", ["4", 4, 4.0, "4.0"])
def test_a_review_has_stars_as_a_number_or_a_text(rating: Any) -> None:
    said = {"product_id": "lamp", "review_id": "r-1", "review_body": "Good light", "rating": rating}
    expected = Review(review_id="r-1", shopper="ada", item="lamp", at=AT, text="Good light", stars=4, language="zh-CN")

    assert event(REVIEWS, segment("Product Reviewed", **said)) == expected
    assert event(REVIEWS, {"userId": "ada", "timestamp": ISO, "locale": "zh-CN", **said}) == expected


def test_a_review_without_an_id_has_that_of_its_event_and_one_of_schema_org_is_read() -> None:
    assert event(REVIEWS, segment("Product Reviewed", product_id="lamp", rating=1)).review_id == "m-1"
    found = event(REVIEWS, {
        "review_id": "r", "user_id": "ada", "sku": "lamp", "ts": ISO, "reviewBody": "Bad", "reviewRating": {"ratingValue": "2"},
    })  # fmt: skip
    assert (found.text, found.stars) == ("Bad", 2)


def test_a_request_may_have_other_names_of_fields() -> None:
    found = event(
        REQUESTS, {"userId": "ada", "timestamp": MILLIS, "limit": "3", "product_ids": ["lamp", 7], "locale": "en-US"}
    )

    assert found == Request(shopper="ada", at=AT, limit=3, candidates=("lamp", "7"), language="en-US")


@pytest.mark.parametrize(("value", "anonymous"), [
    ({"type": "identify", "userId": "ada", "anonymousId": "cookie-1", "timestamp": ISO, "traits": {"x": 1}}, "cookie-1"),
    ({"type": "alias", "userId": "ada", "previousId": "old", "anonymousId": "x", "timestamp": ISO}, "old"),
    ({"user_id": "ada", "anonymous_id": "cookie-1", "ts": MILLIS}, "cookie-1"),
    (ga4("login") | {"client_id": "c.1"}, "c.1"),
])  # fmt: skip
def test_an_identification_says_who_became_whom(value: Any, anonymous: str) -> None:
    assert event(IDENTIFIES, value) == Identify(anonymous=anonymous, shopper="ada", at=AT)


@pytest.mark.parametrize("given", [{"anonymousId": None}, {"userId": None}])
def test_an_identification_of_one_alone_tells_nothing(given: dict[str, Any]) -> None:
    assert read(IDENTIFIES, SEGMENT | {"type": "identify"} | given) == Ignored("identify")


def test_an_item_of_the_catalogue_is_read_under_the_names_of_others() -> None:
    found = event(CATALOG, {
        "product_id": 507, "name": "Red lamp", "category": "Lights", "brand": {"@type": "Brand", "name": "Lux"},
        "offers": [{"price": "19.90", "priceCurrency": "EUR", "availability": "https://schema.org/OutOfStock"}],
        "color": "red", "updated_at": ISO, "attributes": {"size": "small"}, "image_url": "x",
    })  # fmt: skip

    assert (found.item, found.title, found.category, found.category_name) == (
        "507", {"en": "Red lamp"}, "Lights", {"en": "Lights"},
    )  # fmt: skip
    assert (found.brand, found.price, found.currency, found.stock, found.at) == ("Lux", 19.9, "EUR", 0, AT)
    assert found.attributes == {"size": {"en": "small"}, "color": {"en": "red"}}


@pytest.mark.parametrize(("given", "title"), [
    ({}, {"zh": "红色台灯"}), ({"language": "zh-TW"}, {"zh": "红色台灯"}), ({"inLanguage": "ja"}, {"en": "红色台灯"}),
])  # fmt: skip
def test_a_plain_title_is_in_the_language_of_its_record_or_in_the_one_that_it_looks_like(
    given: dict[str, Any], title: dict[str, str]
) -> None:
    assert event(CATALOG, {"sku": "l", "name": "红色台灯", "timestamp": ISO, **given}).title == title


def test_a_category_that_is_an_id_is_no_name_for_it() -> None:
    assert event(CATALOG, {"sku": "l", "name": "Lamp", "ts": ISO, "category": "cat-17"}).category_name == {}


def test_a_product_called_refund_is_a_product() -> None:
    assert event(CATALOG, {"sku": "l", "name": "Refund", "ts": ISO}).title == {"en": "Refund"}


@pytest.mark.parametrize(("value", "name"), [
    (segment("Product Removed", product_id="lamp"), "product_removed"),
    (segment("Cart Viewed"), "cart_viewed"),
    (SEGMENT | {"type": "page"}, "page"),
    (ga4("begin_checkout"), "begin_checkout"),
    (ga4("click"), "click"),
    (snowplow("checkout_step"), "checkout_step"),
    (ENRICHED | {"event_name": "page_ping", E: None}, "page_ping"),
    ({"event": "remove_from_cart", "user_id": "ada", "ts": 1}, "remove_from_cart"),
])  # fmt: skip
def test_a_name_that_is_known_and_tells_nothing_is_ignored(value: Any, name: str) -> None:
    assert read(CLICKS, value) == Ignored(name)


@pytest.mark.parametrize(("topic", "value", "field", "message"), [
    (CLICKS, segment("Product Clicked", product_id=""), "$.properties.product_id", "required field `product_id`"),
    (CLICKS, segment("Product Clicked", product_id="x" * 300), "$.properties.product_id", "length <= 256"),
    (CLICKS, segment("Product Clicked", product_id={"id": 1}), "$.properties.product_id", "Expected `str`, got `object`"),
    (CLICKS, segment("Product Added", product_id="a", price=-1), "$.properties.price", ">= 0.0"),
    (CLICKS, segment("Product Clicked", "timestamp", product_id="a") | {"originalTimestamp": "soon"}, "$.originalTimestamp", "Invalid RFC3339"),
    (CLICKS, {**segment("Product Clicked", product_id="a"), "userId": None, "anonymousId": None}, "$.userId", "required field `userId`"),
    (CLICKS, segment("Order Completed", products=[{"product_id": "a"}, {"name": "b"}]), "$.properties.products[1].product_id", "required field `product_id`"),
    (CLICKS, segment("Order Completed", products=[{"product_id": "a"}, {"sku": "b", "quantity": 0}]), "$.properties.products[1].quantity", ">= 1"),
    (CLICKS, segment("Order Completed", products=[]), "$.properties.products", "Expected one product, got 0"),
    (CLICKS, segment("Order Completed", products=[{"sku": str(n)} for n in range(201)]), "$.properties.products", "length <= 200"),
    (CLICKS, segment("Product Viewed", products=[{"sku": "a"}, {"sku": "b"}]), "$.properties.products", "Expected one product, got 2"),
    (CLICKS, segment("Product List Viewed", products=[{"sku": "a"}, {}]), "$.properties.products[1].product_id", "Expected `str`, got `null`"),
    (CLICKS, segment("Product Veiwed", product_id="a"), "$.event", "'Product Veiwed'"),
    (CLICKS, segment("Products Searched", query="a"), "$.event", "belongs on searches.v1"),
    (CLICKS, SEGMENT | {"type": "identify"}, "$.type", "belongs on identifies.v1"),
    (SEARCHES, SEGMENT, "$.event", "belongs on clicks.v1"),
    (SEARCHES, segment("Products Searched", query={"a": 1}), "$.properties.query", "Expected `str`, got `object`"),
    (SEARCHES, segment("Products Searched"), "$.properties.query", "required field `query`"),
    (REVIEWS, segment("Product Reviewed", product_id="a", rating="6"), "$.properties.rating", "<= 5.0"),
    (REVIEWS, segment("Product Reviewed", product_id="a", rating="good"), "$.properties.rating", "Expected `float | null`, got `str`"),
    (CLICKS, ga4("select_item", {"index": 1}), "$.params.items[0].item_id", "required field `item_id`"),
    (CLICKS, ga4("select_item"), "$.params.items", "Expected one product, got 0"),
    (CLICKS, ga4("select_itm", {"item_id": "a"}), "$.name", "'select_itm'"),
    (CLICKS, {key: value for key, value in GA4.items() if key != "timestamp_micros"}, "$.timestamp_micros", "required field `timestamp_micros`"),
    (CLICKS, {"client_id": "c", "events": [{"name": "a"}, {"name": "b"}]}, "$.events", "one event a record, got 2"),
    (CLICKS, snowplow("product_view", {"name": "b"}), "$.context[0].data.id", "required field `id`"),
    (CLICKS, snowplow("stare", {"id": "b"}), "$.event.data.type", "'stare'"),
    (CLICKS, FLAT | {"event": "stare"}, "$.event", "'stare'"),
    (CLICKS, FLAT | {"ts": "2026-01-05T12:30:15"}, "$.ts", "timezone"),
    (CLICKS, FLAT | {"product_id": None}, "$.item", "required field `item`"),
    (CATALOG, {"sku": "a", "name": 7, "ts": ISO}, "$.name", "Expected `object`, got `int`"),
    (CATALOG, {"sku": "a", "name": "b", "ts": ISO, "price": "cheap"}, "$.price", "Expected `float | null`, got `str`"),
    (CATALOG, {"sku": "a", "ts": ISO}, "$.title", "required field `title`"),
])  # fmt: skip
def test_a_refusal_names_the_field_as_its_producer_wrote_it(topic: Topic, value: Any, field: str, message: str) -> None:
    found = refused(topic, value)

    assert found.field == field
    assert message in found.message


@pytest.mark.parametrize(("value", "field"), [
    ({"kind": "stare", "shopper": "ada", "item": "a", "at": ISO}, "$.kind"),
    ({"kind": "view", "shopper": 7, "item": "a", "at": ISO}, "$.shopper"),
    ({"kind": "view", "shopper": "ada", "item": 7, "at": ISO}, "$.item"),
    ({"kind": "view", "shopper": "ada", "item": "a", "at": "yesterday"}, "$.at"),
    ({"kind": "view", "shopper": "ada", "item": "a", "at": "2026-01-05T12:30:15"}, "$.at"),
    ({"shopper": "ada", "item": "a", "at": ISO}, "$.kind"),
    ({"kind": "order", "shopper": "ada", "at": ISO, "lines": []}, "$.lines"),
    ({"kind": "list_shown", "shopper": "ada", "at": ISO, "items": ["a", 1]}, "$.items[1]"),
    ({}, "$.kind"),
])  # fmt: skip
def test_a_record_of_ours_that_is_wrong_is_refused_as_one_of_ours(value: Any, field: str) -> None:
    assert refused(CLICKS, value).field == field


@pytest.mark.parametrize(("topic", "line"), [
    (topic, line) for topic in INPUTS for line in (GOLDEN / f"{topic.name}.jsonl").read_bytes().splitlines()
])  # fmt: skip
def test_a_record_of_ours_with_one_other_name_loses_nothing(topic: Topic, line: bytes) -> None:
    value = json.loads(line)
    ours = event(topic, value)
    own, other = ("item", "sku") if topic is CATALOG else ("shopper", "user_id")

    theirs = event(topic, {other if name == own else name: content for name, content in value.items()})

    if isinstance(ours, Basket | Order) and len(ours.lines) == 1:
        assert type(theirs) is (AddToCart if type(ours) is Basket else Purchase)
        assert theirs.item == ours.lines[0].item
    else:
        assert theirs == ours


@pytest.mark.parametrize("given", [
    ISO, "2026-01-05 12:30:15.250 UTC", "2026-01-05T13:30:15.250+0100", "2026-01-05T13:30:15.25+01:00",
    MILLIS, MILLIS / 1000, MILLIS * 1000, MILLIS * 1_000_000, str(MILLIS), f"{MILLIS / 1000}",
])  # fmt: skip
def test_a_time_may_be_of_any_make(given: Any) -> None:
    read_back = datetime.fromisoformat(as_time(given))

    assert abs((read_back - AT).total_seconds()) < 1e-6


@pytest.mark.parametrize("given", [True, None, [], -5, 0, 10**25, "soon", "2026-01-05T12:30:15", "9" * 50, "", 1e30])
def test_what_is_no_time_is_left_to_the_decoder(given: Any) -> None:
    assert as_time(given) == given


@pytest.mark.parametrize(("topic", "value"), [(CLICKS, SEGMENT), (CLICKS, GA4), (CLICKS, ENRICHED), (CLICKS, FLAT)])
def test_other_words_are_understood_in_every_envelope(topic: Topic, value: Any) -> None:
    bare = event(topic, value)
    structured = {"specversion": "1.0", "id": "ce-7", "source": "/x", "type": "y", "data": value}
    intake = Intake(Input(topic))
    raw = json.dumps(value).encode()

    assert read(topic, structured, STRUCTURED) == Admitted(bare, "ce-7")
    assert intake.read(raw, [("ce_id", b"ce-7")]) == Admitted(bare, "ce-7")
    assert intake.read(b"\0\0\0\0\7" + raw, [("ce_id", b"ce-7")]) == Admitted(bare, "ce-7")


def test_what_is_ignored_is_ignored_in_an_envelope_too() -> None:
    assert read(CLICKS, {"id": "7", "data": segment("Cart Viewed")}, STRUCTURED) == Ignored("cart_viewed")


@pytest.mark.parametrize("name", ["", "x" * 257, 7, None])
def test_a_name_of_an_event_that_is_no_id_of_ours_is_none(name: Any) -> None:
    assert read(CLICKS, SEGMENT | {"messageId": name}).id is None


def test_numbers_beyond_all_bounds_are_refused() -> None:
    huge = json.dumps(FLAT).replace(str(MILLIS), "1" * 400).encode()

    assert isinstance(Intake(Input(CLICKS)).read(huge, ()), Rejection)


def test_what_producers_send_us_can_be_translated_and_nothing_else() -> None:
    assert [topic for topic in ALL if translates(topic)] == list(INPUTS)


def test_no_name_means_two_things() -> None:
    assert not NAMES.keys() & NOTHING_TO_US
    assert not OWN_KINDS & NOTHING_TO_US
    assert set(NAMES.values()) == {*KINDS, "search", "review", "identify"}
    assert all(NAMES.get(kind, kind) == kind for kind in OWN_KINDS)
