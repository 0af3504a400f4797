"""Text to terms, for finding items by the very words of a query."""

import re
import unicodedata
from itertools import pairwise

_RUNS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[^\W_]+?(?=[\u3400-\u9fff\uf900-\ufaff]|[\W_]|$)")


def words(text: str) -> list[str]:
    """Return the words of *text* in lower case, in their order; of Chinese, each run of characters."""
    return _RUNS.findall(unicodedata.normalize("NFKC", text).lower())


def terms(text: str) -> tuple[str, ...]:
    """Return the distinct terms of *text*: words in lower case, and each two neighbouring characters of Chinese."""
    found: dict[str, None] = {}
    for run in words(text):
        if "\u3400" <= run[0] <= "\u9fff" or "\uf900" <= run[0] <= "\ufaff":
            found.update(dict.fromkeys(a + b for a, b in pairwise(run)) if len(run) > 1 else {run: None})
        else:
            found[run] = None
    return tuple(found)
