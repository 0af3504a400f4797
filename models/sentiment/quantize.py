"""An artefact with smaller weights, and what that costs.

Needs the extra `train`.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec
import onnx

from models.api import Judgement
from models.card import ModelError, read, write
from models.compress import compress
from models.load import alone
from models.runtime import MODEL
from models.sentiment.export import BITS, Weights
from schemas.base import Language


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What smaller weights cost."""

    artifact: str
    megabytes: float
    megabytes_before: float
    texts: int
    """That both judged."""
    labels_that_agree: float | None
    """Share of the texts; None without any."""
    largest_change_of_polarity: float | None


def quantize(source: Path, directory: Path, weights: Weights, block: int, texts: Sequence[str]) -> Cost:
    """Write the artefact in *source*, whose weights are whole, into *directory* with smaller ones; compare both on *texts*."""
    card = read(source)
    if card.kind != "sentiment" or card.recipe.get("weights") != "float32":
        message = (
            f"{source}: {card.id} has weights in {card.recipe.get('weights', 'an unknown form')}; only those in float32 can be "
            "made smaller: vitrine model export RUN --weights float32 makes such an artefact"
        )
        raise ModelError(message)
    if directory.resolve() == source.resolve():
        message = f"{directory}: is the artefact itself; name another folder with --out"
        raise ModelError(message)
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(source, directory)
    onnx.save(compress(onnx.load(source / MODEL), block=block, bits=BITS[weights]), directory / MODEL)
    recipe = {**card.recipe, "weights": weights, "block": block, "rounded": "after training"}
    write(directory, msgspec.structs.replace(card, recipe=recipe))
    language: Language = "zh" if card.recipe.get("language") == "zh" else "en"
    before, after = (alone(language, folder).judge(texts, [language] * len(texts)) for folder in (source, directory))
    return _cost(source, directory, before, after)


def _cost(source: Path, directory: Path, before: Sequence[Judgement], after: Sequence[Judgement]) -> Cost:
    pairs = list(zip(before, after, strict=True))
    agree = sum(one.label == other.label for one, other in pairs)
    return Cost(
        artifact=str(directory),
        megabytes=_megabytes(directory),
        megabytes_before=_megabytes(source),
        texts=len(pairs),
        labels_that_agree=round(agree / len(pairs), 4) if pairs else None,
        largest_change_of_polarity=max((round(abs(a.polarity - b.polarity), 4) for a, b in pairs), default=None),
    )


def _megabytes(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.iterdir()) / 1e6, 2)
