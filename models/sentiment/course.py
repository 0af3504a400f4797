"""A whole course of training: files of labelled texts to an artefact that workers load, and how good it is.

Needs the extra `train`.
"""

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import torch
from transformers import set_seed

from models import card
from models.load import alone
from models.published import load
from models.sentiment import run as runs
from models.sentiment import targets
from models.sentiment.batches import Lesson
from models.sentiment.calibration import calibrate, lift
from models.sentiment.curves import draw
from models.sentiment.data import Part, Plan, Prepared, Report, prepare, split
from models.sentiment.evaluate import Result, of_parts, of_texts
from models.sentiment.export import LENGTHS, Weights, write_artifact
from models.sentiment.labelled import Example, Labelled, read
from models.sentiment.network import Reader
from models.sentiment.pictograms import speak
from models.sentiment.run import Calibrations, Description, Run
from models.sentiment.targets import Target
from models.sentiment.train import Config, fit, predicted
from models.vocabulary import prune, shorten


class Files(NamedTuple):
    """What a course is taught with."""

    texts: Sequence[Path] = ()
    parts: Sequence[Path] = ()
    """Targets, in the form of SemEval 2014."""
    weak_parts: Sequence[Path] = ()
    """Targets that a model labelled: trained on, and never tested on."""
    tested: Sequence[Path] = ()
    """Labelled texts that are the test, beside what the plan takes."""
    columns: Mapping[str, str] = {}


class Setting(NamedTuple):
    """How it is taught."""

    plan: Plan
    config: Config
    weights: Weights
    """Of the artefact."""
    command: str
    """That was called, for the card."""
    version: str = ""
    """Of the artefact; empty: the beginning of its hash."""
    resume: bool = False


class Material(NamedTuple):
    """What is taught, chosen by and tested on."""

    prepared: Prepared
    parts: dict[Part, list[Target]]
    lessons: dict[Part, list[Lesson]]
    tested: Labelled


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    artifact: str
    minutes: float
    report: Report
    texts: Result | None
    """On the test's texts; None without any."""
    parts: Result | None


def teach(files: Files, setting: Setting, out: Path) -> Outcome:
    """Prepare, train, calibrate, export and test; *out* gets `run/` and the artefact `sentiment-LANGUAGE/`."""
    language = setting.plan.language
    material = _material(files, setting.plan)
    run = _trained(files, material, setting, out / "run")
    runs.save(out / "run", run)
    artifact = out / f"sentiment-{language}"
    write_artifact(run, artifact, setting.weights, setting.version)
    judge = alone(language, artifact)
    asked, parts = material.tested, material.parts
    outcome = Outcome(
        artifact=str(artifact),
        minutes=run.description.minutes,
        report=material.prepared.report,
        texts=of_texts(asked, judge, language, material.prepared.learnable) if asked.examples else None,
        parts=of_parts(parts["test"], judge, language, parts["train"]) if parts["test"] else None,
    )
    metrics = {
        f"{name}_{measure}": value
        for name, result in (("text", outcome.texts), ("part", outcome.parts))
        if result is not None
        for measure, value in result.figures().items()
    }
    runs.describe(out / "run", msgspec.structs.replace(run.description, metrics=metrics))
    card.write(artifact, msgspec.structs.replace(card.read(artifact), metrics=metrics))
    return outcome


def _material(files: Files, plan: Plan) -> Material:
    prepared = prepare([read(path, files.columns) for path in files.texts], plan)
    parts = split(_targets(files.parts), plan)
    weak = split(_targets(files.weak_parts), msgspec.structs.replace(plan, test=0.0))
    others = [read(path, files.columns) for path in files.tested]
    kept = prepared.parts["test"]
    neutral = any(prepared.neutral[example.source] for example in kept) or any(other.neutral for other in others)
    return Material(
        prepared,
        parts,
        {
            part: [*_lessons(prepared, prepared.parts[part]), *map(_lesson, [*parts[part], *weak[part]])]
            for part in parts
        },
        Labelled([*kept, *(example for other in others for example in other.examples)], neutral, 0),
    )


def _targets(paths: Sequence[Path]) -> list[Target]:
    return [target for path in paths for target in targets.read(path)]


def _trained(files: Files, material: Material, setting: Setting, folder: Path) -> Run:
    plan, config, lessons = setting.plan, setting.config, material.lessons
    set_seed(config.seed)
    published = load(config.encoder, config.dropout)
    tokenizer, encoder = speak(published.tokenizer, plan.language), shorten(published.encoder, LENGTHS[-1])
    if config.vocabulary:
        encoder, tokenizer = prune(encoder, tokenizer, (it.text for it in lessons["train"]), config.vocabulary)
    trained = fit(config, Reader(encoder, config.dropout), tokenizer, lessons, folder, resume=setting.resume)
    draw(trained.history, folder / "curves.png")

    def held_out(part: bool) -> tuple[Any, Any]:  # noqa: FBT001  which of two
        chosen = [lesson for lesson in lessons["validation"] if (lesson.start >= 0) == part]
        return predicted(trained.model, tokenizer, chosen, config.longest)

    texts, parts = held_out(False), held_out(True)  # noqa: FBT003  which of two

    description = Description(
        language=plan.language,
        config=config,
        plan=plan,
        shape=encoder.shape,
        calibrations=Calibrations(text=lift(calibrate(*texts, config.prior), *texts), part=calibrate(*parts)),
        neutral=any(lesson.neutral for lesson in lessons["train"] if lesson.start < 0),
        command=setting.command,
        sources=(published.source, *map(card.of_file, [*files.texts, *files.parts, *files.weak_parts])),
        lessons={part: len(given) for part, given in lessons.items()},
        minutes=round(trained.minutes, 1),
        machine=machine(),
    )
    return Run(description, trained.model, tokenizer)


def _lessons(prepared: Prepared, examples: Sequence[Example]) -> list[Lesson]:
    return [Lesson(example.text, example.label, prepared.neutral[example.source]) for example in examples]


def _lesson(target: Target) -> Lesson:
    return Lesson(target.text, target.label, neutral=True, start=target.start, end=target.end)


def machine() -> str:
    """Return what this runs on, in words."""
    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name(0)}"
    return f"{platform.machine()}, {torch.get_num_threads()} threads"
