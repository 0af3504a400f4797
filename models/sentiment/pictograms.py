"""Pictograms as words, which the vocabularies know: the tokenizer of a model says them itself, in training and serving alike."""

from collections.abc import Mapping

from tokenizers import Regex, Tokenizer
from tokenizers.normalizers import Replace
from tokenizers.normalizers import Sequence as Normalizers

from schemas.base import Language

_MEANINGS: Mapping[str, Mapping[Language, str]] = {
    "\U0001f44d\U0001f44f\U0001f44c\U0001f64c\U0001f4af\U0001f525\U0001f389\U0001f929\U0001f60e\u2705\U0001f31f\u2b50\U0001f4aa": {
        "en": " great ",
        "zh": "很棒",
    },
    "\u2764\u2665\U0001f495\U0001f496\U0001f497\U0001f498\U0001f499\U0001f49a\U0001f49b\U0001f49c\U0001f5a4\U0001f90d\U0001f60d"
    "\U0001f618\U0001f970\U0001f63b\U0001f917": {"en": " love ", "zh": "喜欢"},
    "\U0001f600\U0001f601\U0001f603\U0001f604\U0001f60a\U0001f642\u263a\U0001f60b": {"en": " happy ", "zh": "开心"},
    "\U0001f44e\U0001f4a9\U0001f92e\U0001f922\u274c\U0001f5d1": {"en": " terrible ", "zh": "很差"},
    "\U0001f620\U0001f621\U0001f624\U0001f92c\U0001f595": {"en": " angry ", "zh": "生气"},
    "\U0001f61e\U0001f614\U0001f622\U0001f62d\U0001f625\U0001f641\u2639\U0001f494\U0001f629\U0001f62b\U0001f612\U0001f644": {
        "en": " disappointed ",
        "zh": "失望",
    },
}
"""Pictograms to a word in each language, with spaces where words have them."""

_MARKS = "[\U0001f3fb-\U0001f3ff\ufe0f\u200d]"
"""Colours of skin, and joints."""


def speak(tokenizer: Tokenizer, language: Language) -> Tokenizer:
    """Let *tokenizer* read pictograms as words of *language*; the places of tokens stay those of the text."""
    spoken = [Replace(Regex(f"[{signs}]"), words[language]) for signs, words in _MEANINGS.items()]
    tokenizer.normalizer = Normalizers([Replace(Regex(_MARKS), ""), *spoken, tokenizer.normalizer])
    return tokenizer
