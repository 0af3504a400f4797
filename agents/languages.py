"""The languages of others to ours: what a shop or a browser calls a language, and texts that exist in many of them.

Pure.  Tags are read as BCP 47 has them, leniently: any case, and `_` for `-`.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

from schemas.base import Language, Localized
from schemas.catalog import CatalogEntry, CatalogItem

_SUBTAGS: dict[str, Language] = {
    "en": "en", "eng": "en", "zh": "zh", "zho": "zh", "chi": "zh", "cmn": "zh", "yue": "zh",
}  # fmt: skip
"""First subtag to language; Mandarin and Cantonese are written Chinese."""

_TRADITIONAL = {"hant", "tw", "hk", "mo", "yue"}
"""Subtags of Chinese in other characters than those that we write."""

_NONE = {"", "und", "mul", "zxx", "mis"}
"""First subtags that say nothing."""


@lru_cache(maxsize=1_000)
def ours(tag: str | None) -> Language | None:
    """Return which of our languages *tag* is a form of: `zh` for `zh-CN`, `zh_TW` and `zh-Hant`; None for `fr`."""
    return None if tag is None else _SUBTAGS.get(_subtags(tag)[0])


@lru_cache(maxsize=1_000)
def is_foreign(tag: str | None) -> bool:
    """Tell whether *tag* names a language that we do not know."""
    return tag is not None and ours(tag) is None and _subtags(tag)[0] not in _NONE


def localized(texts: Mapping[str, str], *, is_name: bool = False) -> Localized:
    """Return the texts in our languages: the plain tag's before a variant's, simplified Chinese before traditional.

    If there is none and *is_name*, the first text in another language stands in for English: a name can be shown anywhere.
    """
    found: Localized = {}
    for tag in sorted(texts, key=_rank):
        language = ours(tag)
        if language is not None and texts[tag]:
            found.setdefault(language, texts[tag])
    if is_name and not found and any(texts.values()):
        found["en"] = next(filter(None, texts.values()), "")
    return found


def described(entry: CatalogEntry) -> CatalogItem:
    """Return what the shop says of an item in our languages; attributes that exist only in others fall away."""
    given = {name: getattr(entry, name) for name in CatalogItem.__struct_fields__}
    return CatalogItem(**given | dict(_texts(entry)))


def read_item(value: bytes) -> CatalogItem:
    """Decode a record of the catalogue."""
    return described(_decode(value))


_decode = msgspec.json.Decoder(CatalogEntry).decode


def _texts(entry: CatalogEntry) -> Iterator[tuple[str, Localized | dict[str, Localized]]]:
    for name in ("title", "description", "category_name"):
        yield name, localized(getattr(entry, name), is_name=True)
    attributes = {name: localized(texts) for name, texts in entry.attributes.items()}
    yield "attributes", {name: texts for name, texts in attributes.items() if texts}


def _rank(tag: str) -> tuple[bool, bool]:
    return tag != ours(tag), not _TRADITIONAL.isdisjoint(_subtags(tag))


def _subtags(tag: str) -> list[str]:
    return tag.strip().casefold().replace("_", "-").split("-")
