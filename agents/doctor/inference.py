"""Models: whether their files are whole, and whether they run where they should."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from agents.doctor.finding import Finding, fail, ok, told, warn
from agents.settings import Settings
from models.api import History, Models
from models.card import CARD, ModelError, read
from models.load import folders, load, place

_WHEELS = ("onnxruntime", "onnxruntime-gpu")
_ANSWER_SECONDS = 20
_DRIVER = Path("/proc/driver/nvidia/gpus")
_TEXTS = ("A warm lamp, and it works.", "很好的台灯")
_INSTALL = "make setup GPU=1 installs the wheel for CUDA"


def cards(directory: Path) -> Iterator[Finding]:
    """Compare each model's files with the hashes on its card; of several folders, those that a worker takes."""
    names = {path.parent.name for folder in folders(directory) for path in folder.glob(f"*/{CARD}")}
    if not names:
        cure = "restore the folder from the release, or set VITRINE_MODELS_DIR"
        yield fail("models", f"{directory} holds no model", cure)
    for folder in (place(directory, name) for name in sorted(names)):
        name = f"model {folder.name}"
        try:
            card = read(folder)
        except ModelError as error:
            yield told(name, error, "restore it from the release")
        else:
            yield ok(name, f"{card.id}, hashes as on its card: {', '.join(sorted(card.files))}")


def inference(settings: Settings, gpus: Sequence[str]) -> Iterator[Finding]:
    """Load all models as a worker does, and run them on a sentence or two; *gpus* are the names of those that are here."""
    try:
        models = load(settings.models_dir, provider=settings.provider, callers=settings.callers)
    except ModelError as error:
        yield told("inference", error, "mend VITRINE_PROVIDER or VITRINE_MODELS_DIR")
        return
    if not _sane(models):
        yield fail("inference", "the models gave numbers that can't be", "install ONNX Runtime again: make setup")
        return
    loaded = models.loaded()
    used = {name: getattr(model, "provider", "cpu") for name, model in loaded.items()}
    notes = {note for model in loaded.values() if (note := getattr(model, "note", ""))}
    if len(_wheels()) > 1:
        cure = "pip uninstall both, then make setup, or make setup GPU=1"
        yield warn("inference", f"{' and '.join(_wheels())} are installed, and hold the same files", cure)
    seconds = sum(getattr(model, "warm_up", 0.0) for model in loaded.values())
    yield ok("inference", f"{len(used)} models gave sane answers, {' and '.join(_wheels())}, warm-up {seconds:.1f} s")
    yield provider(settings.provider, used, sorted(notes), gpus)


def provider(wanted: str, used: dict[str, str], notes: Sequence[str], gpus: Sequence[str]) -> Finding:
    """Judge where models run; *used*: model to `cpu` or `cuda`, *notes*: why that is not what was *wanted*."""
    slow = sorted(name for name, its in used.items() if its == "cpu")
    here = f"{len(gpus)} here: {', '.join(gpus)}" if gpus else "none here"
    if not slow:
        return ok("gpu", f"every model runs on it; {here}")
    where = "every model runs on the CPU" if len(slow) == len(used) else f"on the CPU run {', '.join(slow)}"
    if wanted == "cuda":
        cure = _cure(notes) if gpus else "give this machine a GPU and its driver, or set VITRINE_PROVIDER=auto"
        return fail("gpu", f"VITRINE_PROVIDER=cuda, but {where}; {here}", cure)
    if wanted == "cpu":
        return ok("gpu", f"{where}, as VITRINE_PROVIDER=cpu says; {here}")
    if gpus:
        return warn("gpu", f"{where}; {here}", _cure(notes))
    return ok("gpu", f"{where}; {here}")


def gpus() -> list[str]:
    """Return the names of the NVIDIA GPUs of this machine."""
    try:
        command = ("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
        done = subprocess.run(command, capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False)  # noqa: S603  our own words
    except (OSError, subprocess.TimeoutExpired):
        done = None
    if done is not None and done.returncode == 0 and done.stdout.strip():
        return [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return ["NVIDIA GPU" for _ in _DRIVER.iterdir()] if _DRIVER.is_dir() else []


def _cure(notes: Sequence[str]) -> str:
    """Return the cure: the wheel if that has no CUDA, else what CUDA needs beside it."""
    started = [note for note in notes if "could not be started" in note]
    return f"see to the driver and the CUDA libraries: {started[0]}" if started else _INSTALL


def _sane(models: Models) -> bool:
    vectors = models.embedder.encode(_TEXTS)
    judgements = models.sentiment.judge(_TEXTS, [None] * len(_TEXTS))
    tastes = models.interest.vectors([History(vectors, ["view", "click"], [60.0, 1.0])])
    lengths: Any = np.linalg.norm(np.concatenate([vectors, tastes]), axis=1)
    return bool(np.allclose(lengths, 1.0, atol=1e-3)) and all(-1 <= it.polarity <= 1 for it in judgements)


def _wheels() -> list[str]:
    found = []
    for name in _WHEELS:
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return found
