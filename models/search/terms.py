"""Text to terms, for finding items by the very words of a query."""

import re
import unicodedata
from itertools import pairwise

_RUNS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[^\W_]+?(?=[\u3400-\u9fff\uf900-\ufaff]|[\W_]|$)")

_INFLECTED = 4
"""Letters from which on a final s may be that of a plural."""


def words(text: str) -> list[str]:
    """Return the words of *text* in lower case, in their order; of Chinese, each run of characters."""
    return _RUNS.findall(unicodedata.normalize("NFKC", text).lower())


def singular(word: str) -> str:
    """Return an English *word* without the ending of a plural (the S-stemmer of Harman, "How effective is suffixing?", 1991)."""
    if not word.endswith("s") or len(word) < _INFLECTED:
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return f"{word[:-3]}y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    return word if word.endswith(("us", "ss")) else word[:-1]


def terms(text: str) -> tuple[str, ...]:
    """Return the distinct terms of *text*: words in lower case and the singular, and each two neighbouring characters of Chinese."""
    found: dict[str, None] = {}
    for run in words(text):
        if "\u3400" <= run[0] <= "\u9fff" or "\uf900" <= run[0] <= "\ufaff":
            found.update(dict.fromkeys(a + b for a, b in pairwise(run)) if len(run) > 1 else {run: None})
        else:
            found[singular(run)] = None
    return tuple(found)
