"""Whatever a text holds, each character of the clean one stands in its place, and cleaning twice changes nothing."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from models.sentiment.clean import clean, tidy

PIECES = st.sampled_from(
    ["<b>", "</p>", "<!--", "-->", "<", ">", "&amp;", "&lt;", "&#39;", "&#x1F600;", "&", ";", "[b]", "[/url]", "http://a.b/c", "www.x",
     "did n't", " 's", "-lrb-", "word", "很好", "\u200b", "\x00", "\ud83d", "\n", "  ", "此用户未填写评价内容"]
)  # fmt: skip
texts = st.lists(PIECES | st.text(max_size=5), max_size=20).map("".join)


@given(texts)
@example("&#1114112;&#xD800;&NotAnEntity;")
def test_a_clean_text_is_as_long_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)

    assert len(cleaned) == len(text)
    assert clean(cleaned) == cleaned
    assert not any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in cleaned if letter != "\n")


@given(texts)
def test_a_tidy_text_has_no_edge_and_no_two_spaces(text: str) -> None:
    found = tidy(text)

    assert found == found.strip()
    assert "  " not in found
