"""What every text model does first with a text."""

from pathlib import Path

from tokenizers import Tokenizer

from models.card import ModelError


def tokenizer(path: Path) -> Tokenizer:
    """Return the word-piece tokenizer in *path*, which neither pads nor cuts."""
    try:
        loaded = Tokenizer.from_file(str(path))
    except Exception as error:
        message = f"{path}: no tokenizer: {error}; restore it from the release"
        raise ModelError(message) from error
    loaded.no_padding()
    loaded.no_truncation()
    return loaded


def clean(text: str) -> str:
    """Replace halves of surrogate pairs, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode()
