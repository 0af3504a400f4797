"""Texts without what is no language: markup, entities, control characters, marks of a corpus, words of the shop's own."""

import html
import re

_MARKUP = re.compile(
    r"<!--.{0,2000}?-->|<[/!?]?[A-Za-z][^<>]{0,400}>|\[/?(?:b|i|u|url|img|quote)(?:=[^\]]{0,200})?\]", re.DOTALL
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s\u3000-\u303f\uff00-\uffef\u4e00-\u9fff]{1,2000}")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd]")
_BRACKET = re.compile(r"-(l|r)(?:r|s|c)b-", re.IGNORECASE)
_APART = re.compile(r"(?<![A-Za-z'])([A-Za-z]+) (n't|'(?:s|re|ve|ll|d|m))(?![A-Za-z'])", re.IGNORECASE)
"""As the Penn Treebank writes `does n't`, and every corpus made with its tokenizer."""
_HALF = re.compile("[\ud800-\udfff]")

BOILERPLATE = (
    "this review was collected as part of a promotion",
    "此用户未填写评价内容",
    "此用户没有填写评论",
    "评价方未及时做出评价",
    "系统默认好评",
    "买家没有填写评价内容",
    "用户未填写评价内容",
)
"""What shops write where nobody wrote anything, or below what somebody did."""

_BOILERPLATE = re.compile("|".join(f"\\[?{re.escape(words)}[.!。！]*\\]?" for words in BOILERPLATE), re.IGNORECASE)  # noqa: RUF001  Chinese


def clean(text: str) -> str:
    """Return *text* with spaces, or what is meant, in the place of what is no language.

    Each character keeps its place, so that a part of the clean text is the same part of the original.
    """
    text = _HALF.sub("?", text)
    if "<" in text or "[" in text:
        text = _MARKUP.sub(_blank, text)
    if "&" in text:
        text = _ENTITY.sub(_meant, text)
    text = _ADDRESS.sub(_blank, text)
    text = _CONTROL.sub(" ", text)
    text = _BRACKET.sub(lambda mark: ("(" if mark[1] in "lL" else ")").ljust(len(mark[0])), text)
    return _APART.sub(r"\1\2 ", text)


def tidy(text: str) -> str:
    """Return *text* clean, without boilerplate, its runs of spaces as one."""
    return re.sub(r"[^\S\n]+", " ", _BOILERPLATE.sub(" ", clean(text))).strip()


def _blank(mark: re.Match[str]) -> str:
    return " " * len(mark[0])


def _meant(mark: re.Match[str]) -> str:
    meant = html.unescape(mark[0])
    return meant.ljust(len(mark[0])) if len(meant) == 1 else " " * len(mark[0])
