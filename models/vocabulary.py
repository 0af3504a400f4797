"""A smaller vocabulary for an encoder: a word whose token is gone is written with shorter ones.

Needs the extra `train`.
"""

import json
from collections import Counter
from collections.abc import Iterable

import torch
from tokenizers import Tokenizer

from models.encoder import Encoder, Shape

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_CONTINUED = "##"


def prune(encoder: Encoder, tokenizer: Tokenizer, texts: Iterable[str], size: int) -> tuple[Encoder, Tokenizer]:
    """Return *encoder* and *tokenizer* with *size* tokens, [PAD] being 0.

    Kept are the marks and single letters, so that no word becomes unknown, then what *texts* use most, then the rest in
    the order of the vocabulary, which for English is that of frequency; of Chinese characters those of GB 2312 come first.
    """
    known: dict[str, int] = tokenizer.get_vocab()
    counts: Counter[int] = Counter()
    for text in texts:
        counts.update(tokenizer.encode(text, add_special_tokens=False).ids)
    order = sorted(known, key=lambda token: (_rank(token), -counts[known[token]], not _usual(token), known[token]))
    kept = sorted((known[token] for token in order[:size]), key=lambda n: (n != known["[PAD]"], n))
    return _encoder(encoder, kept), _tokenizer(tokenizer, {old: new for new, old in enumerate(kept)})


def _rank(token: str) -> int:
    """Return 0 for what must stay, 1 for what is wanted if used, 2 for what is never in a text."""
    if token in _SPECIAL:
        return 0
    if token.startswith("[unused"):
        return 2
    letters = token.removeprefix(_CONTINUED)
    return 0 if len(letters) == 1 and letters.isascii() else 1


def _usual(token: str) -> bool:
    letters = token.removeprefix(_CONTINUED)
    if letters.isascii():
        return True
    try:
        letters.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return any("\u4e00" <= letter <= "\u9fff" for letter in letters) and token == letters


def shorten(encoder: Encoder, places: int) -> Encoder:
    """Return *encoder* for texts of at most *places* tokens."""
    return _with(encoder, encoder.shape._replace(places=places), "places.weight", list(range(places)))


def _encoder(encoder: Encoder, kept: list[int]) -> Encoder:
    return _with(encoder, encoder.shape._replace(words=len(kept)), "words.weight", kept)


def _with(encoder: Encoder, shape: Shape, name: str, kept: list[int]) -> Encoder:
    smaller = Encoder(shape, encoder.dropout.p)
    weights = encoder.state_dict()
    weights[name] = weights[name][torch.tensor(kept)]
    smaller.load_state_dict(weights)
    return smaller


def _tokenizer(tokenizer: Tokenizer, renumbered: dict[int, int]) -> Tokenizer:
    described = json.loads(tokenizer.to_str())
    vocabulary = described["model"]["vocab"]
    described["model"]["vocab"] = {token: renumbered[n] for token, n in vocabulary.items() if n in renumbered}
    for added in described["added_tokens"]:
        added["id"] = renumbered[added["id"]]
    _renumber(described.get("post_processor") or {}, renumbered)
    return Tokenizer.from_str(json.dumps(described))


def _renumber(processor: dict[str, object], renumbered: dict[int, int]) -> None:
    """Renumber the marks that a post-processor puts around a text, in either of the forms that it is stored in."""
    for mark in ("sep", "cls"):
        if isinstance(pair := processor.get(mark), list):
            processor[mark] = [pair[0], renumbered[pair[1]]]
    special = processor.get("special_tokens")
    if isinstance(special, dict):
        for described in special.values():
            described["ids"] = [renumbered[n] for n in described["ids"]]
