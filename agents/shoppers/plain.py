"""Text from outside made fit for a line of copy: one line, nothing invisible, short; and numbers as people write them."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_remember: Final = lru_cache(8192)
"""The same titles, names and prices come again for shopper after shopper; what shoppers wrote is never kept here."""

ELLIPSIS: Final = "…"

_HAN: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_MARKS: Final = frozenset('"“”„«»「」')
LOOSE_ENDS: Final = " .,:;!?-–—…。，：；！？、"  # noqa: RUF001  Chinese punctuation
"""Punctuation that a title or a value loses at its end."""
_SIGNS: Final = {
    "USD": "$", "CNY": "¥", "EUR": "€", "GBP": "£", "JPY": "¥", "KRW": "₩", "INR": "₹",
    "HKD": "HK$", "TWD": "NT$", "SGD": "S$", "AUD": "A$", "CAD": "C$", "NZD": "NZ$",
}  # fmt: skip
_WHOLE: Final = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})
"""Currencies without a smaller unit: ISO 4217."""
_MAX_PRICE: Final = 1e9


def clean(text: str) -> str:
    """Return *text* as one line without control, format and private characters, single spaces inside, none at its ends."""
    if not text.isprintable():
        text = "".join(
            character if character.isprintable() else "" if unicodedata.category(character) == "Cf" else " "
            for character in text
        )
    return " ".join(text.split())


@_remember
def bare(text: str) -> str:
    """Return *text* cleaned and without punctuation at its end, so that other words can follow."""
    return clean(text).rstrip(LOOSE_ENDS)


def shorten(text: str, limit: int) -> str:
    """Return at most *limit* characters of *text*, cut between words where there are any; an ellipsis marks the cut."""
    if len(text) <= limit:
        return text
    cut = limit - len(ELLIPSIS)
    if not (_HAN.match(text[cut]) or _HAN.match(text[cut - 1])):
        space = text.rfind(" ", limit // 2, cut + 1)
        cut = space if space > 0 else cut
    while cut > 1 and unicodedata.combining(text[cut]):
        cut -= 1
    return text[:cut].rstrip(LOOSE_ENDS) + ELLIPSIS


@_remember
def term(text: str, limit: int) -> str:
    """Return *text* if it can stand inside a sentence: cleaned, not longer than *limit*, no quotation marks; else nothing."""
    text = bare(text)
    return text if len(text) <= limit and _MARKS.isdisjoint(text) else ""


def has_han(text: str) -> bool:
    """Tell whether there is a Chinese character in *text*."""
    return _HAN.search(text) is not None


@_remember
def money(amount: float | None, currency: str) -> str:
    """Return a price as shoppers write it; nothing if it is none that can be shown."""
    if amount is None or not 0 < amount < _MAX_PRICE or not (currency.isascii() and currency.isalpha()):
        return ""
    currency = currency.upper()
    digits = f"{amount:,.0f}" if currency in _WHOLE else f"{amount:,.2f}"
    if not digits.strip("0."):
        return ""
    sign = _SIGNS.get(currency)
    return f"{digits} {currency}" if sign is None else f"{sign}{digits}"


def number(value: float) -> str:
    """Return the shortest digits that mean *value*: 29.9, 7."""
    return str(int(value)) if float(value).is_integer() else repr(value)
