"""What kinds of text a model is weak at: length, negation, language."""

import re

from models.sentiment.language import detect, words

_NEGATION = re.compile(
    r"\b(?:not|no|never|nothing|nobody|none|nor|neither|without|hardly|barely|cannot)\b|n['\u2019]t\b|n't\b"
    r"|不|没|無|无|未|别|非",
    re.IGNORECASE,
)
_SHORT, _LONG = 10, 60
"""Words; a text of so many is neither short nor long."""


def slices(texts: list[str]) -> dict[str, list[str]]:
    """Return, for each way to slice, what each text is."""
    return {
        "length": [_length(text) for text in texts],
        "negation": ["with" if _NEGATION.search(text) else "without" for text in texts],
        "language": [detect(text) for text in texts],
    }


def _length(text: str) -> str:
    count = sum(words(text).values())
    return f"under {_SHORT} words" if count < _SHORT else f"over {_LONG} words" if count > _LONG else "between"
