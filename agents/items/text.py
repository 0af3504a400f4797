"""The text of an item that its vector is made of."""

from schemas.base import Language
from schemas.catalog import CatalogItem

MAX_TEXT = 2_000
"""Characters; the embedder reads fewer."""


def text(facts: CatalogItem) -> str:
    """Return title, description, category and brand: in English if the title is, else in Chinese.  It may be empty."""
    language: Language = "en" if facts.title.get("en") else "zh"
    parts = (
        facts.title.get(language),
        facts.description.get(language),
        facts.category_name.get(language) or facts.category,
        facts.brand,
    )
    return ". ".join(part for part in parts if part)[:MAX_TEXT]
