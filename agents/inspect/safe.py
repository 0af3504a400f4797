"""Words that come from data, made fit for a terminal."""

import unicodedata


def safe(text: str) -> str:
    """Return *text* with what a terminal would obey, or not show, written as a Python escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(letter) if _obeyed(letter) else letter for letter in text)


def shortened(text: str, length: int) -> str:
    """Return at most *length* characters of *text*."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def shown(data: bytes | None, length: int = 60) -> str:
    """Return the start of *data* as text if it is UTF-8, else with escapes for the bytes that are not ASCII."""
    if data is None:
        return ""
    start = data[: 4 * length]
    try:
        text = safe(start.decode())
    except UnicodeDecodeError as error:
        cut = len(start) < len(data) and error.start > len(start) - 4  # only the last letter is not all there
        text = safe(start[: error.start].decode()) if cut else repr(start)[2:-1]
    return shortened(text, length)


def _obeyed(letter: str) -> bool:
    return unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode()
