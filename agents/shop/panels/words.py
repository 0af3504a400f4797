"""The words about the items at the top, and the facts that each statement rests on."""

from agents.shop.panels.ink import STRONG, Lines, line, wrap
from agents.shop.tale import localized
from schemas.copy import Copy


def words(copies: list[tuple[str, Copy]], language: str, width: int, height: int) -> Lines:
    """Return as many copies as there is room for, in the shopper's *language* and in English, with their facts."""
    lines: Lines = []
    for _, copy in copies:
        found = _copy(copy, language, width, height - len(lines))
        if len(lines) + len(found) > height and lines:
            break
        lines += found
    return lines[: max(0, height)]


def _copy(copy: Copy, language: str, width: int, height: int) -> Lines:
    texts = list(dict.fromkeys((localized(copy.text, language), localized(copy.text, "en"))))
    claims = [it for it in copy.claims if "en" in it.text] or copy.claims
    facts = [f"{localized(it.text, 'en').rstrip('.')} ← {it.fact} = {it.value}" for it in claims]
    if height < 2 * len(texts) + len(facts):
        return [
            *(line((f"“{text}”", STRONG)) for text in texts[: max(1, height - bool(facts))]),
            *([line("  ", "; ".join(facts))] if facts and height > 1 else []),
        ]
    lines = [line((part, STRONG)) for text in texts for part in wrap(f"“{text}”", width)]
    return lines + [line("  ", fact) for fact in facts]
