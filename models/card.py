"""The card beside each model file: what it is, what it was made of, how good it is, and the hashes that prove it."""

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

CARD = "card.json"
_VERSION = 8

Kind = Literal["embedder", "sentiment", "interest", "sequence"]


class ModelError(Exception):
    """A model can't be used; the text names the file and the cure.

    Operator action: do what the text says, usually restore the artefact from the release or install an extra.
    """


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Data or weights that a model was made of."""

    name: str
    origin: str
    """Where it is published, and which version was taken."""
    terms: str
    rows: int | None = None
    """How many examples were taken; None for weights."""


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model's passport."""

    name: str
    version: str
    kind: Kind
    about: str
    """What goes in and what comes out, in a sentence."""
    sources: tuple[Source, ...]
    recipe: dict[str, str | int | float]
    """How it was made: command, seed, settings."""
    metrics: dict[str, float]
    """How good it is; `models/README.md` tells how each was measured."""
    files: dict[str, str]
    """SHA-256 of each file beside the card."""
    input: str
    """The name of the graph's one input."""
    lengths: tuple[int, ...]
    """Lengths that the input is padded to where shapes must be few (CUDA); the last is the longest allowed."""
    features: tuple[str, ...] = ()
    """The order of the columns of the input after the vectors, where it has any."""
    labels: tuple[str, ...] = ()
    """The order of the outputs, where they have names."""

    @property
    def id(self) -> str:
        """`name@version`, as records carry it."""
        return f"{self.name}@{self.version}"


def read(directory: Path) -> Card:
    """Return the card of the model in *directory* once each of its files is there, unchanged."""
    path = directory / CARD
    try:
        card = msgspec.json.decode(path.read_bytes(), type=Card)
    except OSError as error:
        message = f"{path}: no card ({error.strerror}); restore the folder, or name the right one in VITRINE_MODELS_DIR"
        raise ModelError(message) from error
    except msgspec.DecodeError as error:
        message = f"{path}: malformed card: {error}; restore it from the release or export the model again"
        raise ModelError(message) from error
    for name, expected in card.files.items():
        _verify(directory / name, expected)
    return card


def write(directory: Path, card: Card) -> None:
    """Write *card* with the hashes of all that lies in *directory*; last, so that its existence means complete."""
    files = {path.name: digest(path) for path in sorted(directory.iterdir()) if path.name != CARD}
    text = msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(card, files=files)), indent=2)
    (directory / CARD).write_bytes(text + b"\n")


def of_file(path: Path) -> Source:
    """Return a file of the user's as a source; its terms nobody told."""
    return Source(name=path.name, origin=f"SHA-256 {digest(path)}", terms="as its owner's")


def emptied(directory: Path) -> None:
    """Make *directory*, or take away the files in it, so that a new artefact has no old ones beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.iterdir():
        path.unlink()


def version_of(path: Path) -> str:
    """Return the beginning of a model's hash, which tells it from others of its name."""
    return digest(path)[:_VERSION]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verify(path: Path, expected: str) -> None:
    try:
        found = digest(path)
    except OSError as error:
        message = f"{path}: named by the card but not readable ({error.strerror}); restore it from the release"
        raise ModelError(message) from error
    if found != expected:
        message = f"{path}: its SHA-256 is {found}, the card says {expected}; restore it or export the model again"
        raise ModelError(message)
