"""Which language a text is in, by the share of its scripts."""

import re

from schemas.base import Language

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:['\u2019-][A-Za-z\u00c0-\u024f]+)*")
_LATIN_RUN = re.compile(rf"{LATIN_WORD.pattern}(?:[^\S\n]*[\d.,!?;:'\"()-]*[^\S\n]*{LATIN_WORD.pattern})*[.!?]*")

CHARACTERS_OF_A_WORD = 1.7
"""Of Chinese, on average."""
MIXED_FROM = 0.25
"""Share of the words from which the smaller language of a text is judged too."""


def words(text: str) -> dict[Language, float]:
    """Return about how many words of each language *text* has."""
    return {"en": float(len(LATIN_WORD.findall(text))), "zh": len(HAN.findall(text)) / CHARACTERS_OF_A_WORD}


def detect(text: str) -> Language:
    """Return the language that most words are in; English where there are none."""
    count = words(text)
    return "zh" if count["zh"] > count["en"] else "en"


def parts(text: str) -> list[tuple[Language, str, float]]:
    """Split *text* into (language, text, share of the words): one part, or two if a quarter is in the other language.

    Of two parts each is as long as the text, with spaces where the other speaks: a character keeps its place.
    """
    count = words(text)
    main: Language = "zh" if count["zh"] > count["en"] else "en"
    smaller = min(count.values()) / (sum(count.values()) or 1)
    if smaller < MIXED_FROM:
        return [(main, text, 1.0)]
    chinese, english, end = [], [], 0
    for run in _LATIN_RUN.finditer(text):
        chinese.append(text[end : run.start()] + "\uff0c".ljust(len(run[0])))
        english.append(" " * (run.start() - end) + run[0])
        end = run.end()
    chinese.append(text[end:])
    english.append(" " * (len(text) - end))
    shares: dict[Language, float] = {main: 1 - smaller, "en" if main == "zh" else "zh": smaller}
    return [("en", "".join(english), shares["en"]), ("zh", "".join(chinese), shares["zh"])]
