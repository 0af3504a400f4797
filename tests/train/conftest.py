"""A reader so small that it learns a handful of sentences in seconds."""

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import BertProcessing

from models.card import Source
from models.encoder import Encoder, Shape
from models.published import Published

WORDS = """the a it is was this lamp dress fit fits price colour battery screen good great lovely nice bad awful terrible poor okay
average but and not very really so quite 好 很 质 量 太 差 了 灯 物 流 慢 快 喜 欢 不 0 1 2 3 4 5 6 7 8 9 . , !""".split()  # noqa: SIM905  readable


def tiny_tokenizer() -> Tokenizer:
    """Return one that knows WORDS, and letters."""
    letters = [letter for n in range(ord("a"), ord("z") + 1) for letter in (chr(n), f"##{chr(n)}")]
    known = dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *letters])
    words = Tokenizer(WordPiece({word: n for n, word in enumerate(known)}, unk_token="[UNK]"))  # noqa: S106  no password
    words.normalizer = BertNormalizer(lowercase=True)
    words.pre_tokenizer = BertPreTokenizer()
    words.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return words


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a published encoder of two thin layers."""

    def load(name: str, dropout: float = 0.0) -> Published:
        torch.manual_seed(0)
        words = tiny_tokenizer()
        shape = Shape(layers=2, width=128, heads=4, inner=256, words=words.get_vocab_size(), places=512)
        return Published(Encoder(shape, dropout), words, Source(name=name, origin="a test", terms="none"))

    monkeypatch.setattr("models.sentiment.course.load", load)
    return "tiny"
