"""Labelled texts to what is trained on, chosen by, and tested on.

Needs the extra `train`.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from models.sentiment.clean import tidy
from models.sentiment.duplicates import clusters, skeleton
from models.sentiment.judge import LABELS
from models.sentiment.labelled import Example, Labelled
from models.sentiment.language import detect
from models.sentiment.targets import Target
from schemas.base import Language

Part = Literal["train", "validation", "test"]

_PARTS = 10_000

MOST_VALIDATION = 2_000
"""Texts; more would tell little more, and cost time after each epoch."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How texts are chosen; the same plan and files give the same parts, whatever the order of the rows."""

    language: Language
    seed: int = 1
    validation: float = 0.1
    """Share of the texts that epochs and calibration are chosen by, `MOST_VALIDATION` of them at most."""
    test: float = 0.0
    """Share of the texts that nothing is chosen by."""
    by_group: bool = False
    """Whether all texts of a group (an item) lie in one part."""
    balance: float = 3.0
    """In training a label has at most so many times the texts of its file's rarest label."""
    most: int = 0
    """Texts of a label and file in training, of more a sample; 0: all."""
    left_out: str = ""
    """A group that is the test, whole; the others are trained on."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows, and what is in the parts."""

    rows: dict[str, int]
    """By file."""
    without_text_or_label: int
    other_language: int
    nothing_left: int
    """Of which cleaning left no letter."""
    duplicates: int
    """Left out because a text of their like with the same label is in."""
    contradictions: int
    """Left out because equal texts have several labels."""
    for_balance: int
    """Left out of training so that no label drowns the others, or since they are too many."""
    parts: dict[str, dict[str, int]]
    """Part to label to texts."""
    lengths: dict[str, int]
    """Quantile to characters."""


class Prepared(NamedTuple):
    """Texts by part, and what became of the others."""

    parts: dict[Part, list[Example]]
    learnable: list[Example]
    """All that training could take, before balance."""
    neutral: dict[str, bool]
    """Source to whether it knows neutral."""
    report: Report


def prepare(files: Sequence[Labelled], plan: Plan) -> Prepared:
    """Clean, drop duplicates and contradictions, split and balance.

    Near duplicates lie in one part, so that none of the test was as good as seen in training.
    """
    given = [example for file in files for example in file.examples]
    neutral = {example.source: file.neutral for file in files for example in file.examples[:1]}
    spoken = [example for example in given if detect(example.text) == plan.language]
    cleaned = [example._replace(text=tidy(example.text)) for example in spoken]
    # In an order of their own, so that which of several duplicates stays does not depend on the file's.
    usable = sorted(
        (it for it in cleaned if skeleton(it.text)), key=lambda it: (_number(it.text, 0), it.source, it.text)
    )
    likes = clusters([example.text for example in usable])
    agreed = _agreed(usable)
    distinct = [n for n in agreed if not any(usable[m].label == usable[n].label for m in {likes[n]} - {n})]
    share = min(plan.validation, MOST_VALIDATION / max(1, len(distinct)))
    place = _places(usable, likes, msgspec.structs.replace(plan, validation=share))
    parts: dict[Part, list[Example]] = {"train": [], "validation": [], "test": []}
    for n in distinct:
        parts[place(n)].append(usable[n])
    learnable = parts["train"]
    parts["train"] = balanced(learnable, plan.balance, plan.most)
    lengths = np.percentile([len(usable[n].text) for n in distinct], [5, 50, 95, 100]) if distinct else [0] * 4
    report = Report(
        rows=dict(Counter(example.source for example in given)),
        without_text_or_label=sum(file.skipped for file in files),
        other_language=len(given) - len(spoken),
        nothing_left=len(spoken) - len(usable),
        contradictions=len(usable) - len(agreed),
        duplicates=len(agreed) - len(distinct),
        for_balance=len(learnable) - len(parts["train"]),
        parts={name: dict(_counted(part)) for name, part in parts.items()},
        lengths={name: int(n) for name, n in zip(("5 %", "50 %", "95 %", "longest"), lengths, strict=True)},
    )
    return Prepared(parts, learnable, neutral, report)


def balanced(examples: Sequence[Example], times: float, most: int = 0) -> list[Example]:
    """Return *examples* with no label more than *times* as frequent as the rarest of its source, and *most* of each at most."""
    groups: dict[tuple[str, int], list[Example]] = {}
    for example in examples:
        groups.setdefault((example.source, example.label), []).append(example)
    rarest = {
        source: min(len(group) for (other, _), group in groups.items() if other == source) for source, _ in groups
    }
    limits = {source: min(max(1, int(times * count)), most or len(examples)) for source, count in rarest.items()}
    return [it for (source, _), group in groups.items() for it in group[: limits[source]]]


def _counted(examples: Iterable[Example]) -> Iterable[tuple[str, int]]:
    counts = Counter(example.label for example in examples)
    return ((LABELS[label], counts[label]) for label in sorted(counts))


def _agreed(examples: Sequence[Example]) -> list[int]:
    """Return the places of examples whose equals all have their label."""
    labels: dict[str, set[int]] = {}
    for example in examples:
        labels.setdefault(skeleton(example.text), set()).add(example.label)
    return [n for n, example in enumerate(examples) if len(labels[skeleton(example.text)]) == 1]


def _places(examples: Sequence[Example], likes: Sequence[int], plan: Plan) -> Callable[[int], Part]:
    """Return what says in which part each example lies: by lot, its group's if groups stay together, else its like's."""

    def key(n: int) -> str:
        first = examples[likes[n]]
        return first.group if plan.by_group and first.group else skeleton(first.text)

    def place(n: int) -> Part:
        if plan.left_out and examples[n].group == plan.left_out:
            return "test"
        return drawn(key(n), plan)

    return place


def drawn(key: str, plan: Plan) -> Part:
    """Return the part of what *key* stands for, by a lot that the plan's seed gives."""
    lot, tested = _number(key, plan.seed) % _PARTS / _PARTS, 0.0 if plan.left_out else plan.test
    return "test" if lot < tested else "validation" if lot < tested + plan.validation else "train"


def _number(text: str, seed: int) -> int:
    digest = hashlib.sha256(f"{seed}:{text}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big")


def groups(files: Sequence[Labelled]) -> Mapping[str, int]:
    """Return the groups of *files* with the number of their texts."""
    return Counter(example.group for file in files for example in file.examples if example.group)


def split(targets: list[Target], plan: Plan) -> dict[Part, list[Target]]:
    """Split *targets* as the plan says; those of a sentence lie in one part."""
    parts: dict[Part, list[Target]] = {"train": [], "validation": [], "test": []}
    for target in targets:
        parts[drawn(skeleton(target.text), plan)].append(target)
    return parts
