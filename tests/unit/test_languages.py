"""Languages of others as ours."""

import msgspec
import pytest

from agents.items.text import text
from agents.languages import described, is_foreign, localized, ours, read_item
from schemas.base import Language, Localized, Texts
from schemas.catalog import CatalogEntry, CatalogItem
from schemas.clicks import View
from schemas.requests import Request
from tests.shoppers import START, World


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"), ("en-US", "en"), ("EN_gb", "en"), (" en ", "en"),
        ("zh", "zh"), ("zh-CN", "zh"), ("zh_TW", "zh"), ("zh-Hant", "zh"), ("zh-Hans-SG", "zh"), ("cmn", "zh"), ("yue-HK", "zh"),
        ("fr", None), ("fr-CA", None), ("english", None), ("", None), ("-", None), ("und", None), ("x" * 64, None), (None, None),
    ],
)  # fmt: skip
def test_a_tag_is_a_form_of_one_of_our_languages_or_of_none(tag: str | None, language: Language | None) -> None:
    assert ours(tag) == language


def test_what_says_nothing_is_not_foreign() -> None:
    assert [tag for tag in ("fr", "ja-JP", "en-GB", "zh_TW", "", "und", None) if is_foreign(tag)] == ["fr", "ja-JP"]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({"en-GB": "colour", "en": "color"}, {"en": "color"}),
        ({"zh-Hant": "檯燈", "zh-CN": "台灯"}, {"zh": "台灯"}),
        ({"zh_TW": "檯燈", "fr": "lampe"}, {"zh": "檯燈"}),
        ({"en": "", "en-US": "lamp"}, {"en": "lamp"}),
        ({"fr": "", "de": "Lampe", "it": "lampada"}, {"en": "Lampe"}),
        ({"fr": ""}, {}),
        ({}, {}),
    ],
)
def test_a_name_is_in_our_languages_if_it_can_be_and_else_stands_in(texts: Texts, found: Localized) -> None:
    assert localized(texts, is_name=True) == found


def test_what_is_no_name_falls_away_in_other_languages() -> None:
    assert localized({"fr": "chêne"}) == {}


def test_an_item_has_the_same_fields_before_and_after() -> None:
    texts = {"title", "description", "category_name", "attributes"}
    entry, item = (
        {
            it.name: (it.required, it.default, None if it.name in texts else it.type)
            for it in msgspec.structs.fields(kind)
        }
        for kind in (CatalogEntry, CatalogItem)
    )

    assert entry == item


def test_an_item_in_one_other_language_keeps_its_name_and_loses_facts_that_copy_would_put_into_a_sentence() -> None:
    item = read_item(
        b'{"item":"l","title":{"fr":"Lampe"},"at":"2026-01-05T12:00:00Z","category_name":{"fr-FR":"Luminaires"},'
        b'"attributes":{"material":{"fr":"ch\xc3\xaane"},"size":{"en-GB":"small"}}}'
    )

    assert (item.title, item.category_name) == ({"en": "Lampe"}, {"en": "Luminaires"})
    assert item.attributes == {"size": {"en": "small"}}


def test_a_french_shop_gets_lists_with_reasons_and_words() -> None:
    world = World()
    for n in range(6):
        entry = CatalogEntry(
            item=f"l{n}", title={"fr": f"Lampe rouge {n}"}, at=START, category="lum", category_name={"fr": "Luminaires"}
        )
        assert text(described(entry)).startswith("Lampe rouge")
        world.stock(described(entry))
    world.feed(View(shopper="ann", item="l1", at=START, language="fr-FR"))

    made = world.outputs("ann")
    reasons = [slot.reason for slot in made[0].value.slots]  # type: ignore[union-attr]

    assert len(reasons) == 6
    assert all(reason.text["en"] and reason.text["zh"] for reason in reasons)
    assert any("Lampe rouge" in reason.text["en"] or "Luminaires" in reason.text["en"] for reason in reasons)


def test_the_language_of_a_profile_is_ours_and_another_one_does_not_change_it() -> None:
    world = World()

    world.feed(
        View(shopper="ann", item="l1", at=START, language="zh_TW"),
        Request(shopper="ann", at=START, language="de-AT"),
    )

    assert world.profile("ann").language == (int(START.timestamp() * 1000), "zh")
