"""Runs ONNX models; the only importer of onnxruntime.  It never logs: what happened is kept as attributes.

The same bytes need the same shapes (even float32 differs in the last bit with the shape of a batch).  So on CPU each
row runs alone, dealt out to a few one-thread callers; on CUDA rows are packed into a few fixed shapes, by one thread.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from models.card import Card, ModelError, read

Provider = Literal["cpu", "cuda"]
Row = NDArray[Any]
"""One input, (length,) or (length, columns); 0 is padding."""
Floats = NDArray[np.float32]

MODEL = "model.onnx"
PACKED_ROWS, PACKED_LENGTH = 32, 2048
"""At most so many rows and positions in a packed run."""

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
_ERRORS_ONLY = 3
_T = TypeVar("_T")


class Runtime(NamedTuple):
    """Where models run: what was found, and the threads that all models of a worker share."""

    provider: Provider
    note: str
    """Why it is not what was asked for, in one line for the log; empty if it is."""
    callers: Executor


def start(wanted: str, callers: int) -> Runtime:
    """Choose where to run: *wanted* is `auto`, `cpu` or `cuda`; without CUDA it goes on with the CPU and notes why."""
    if wanted not in {"auto", "cpu", "cuda"}:
        message = f"VITRINE_PROVIDER: {wanted!r} is none of auto, cpu, cuda"
        raise ModelError(message)
    available = _onnxruntime().get_available_providers()
    provider: Provider = "cuda" if wanted != "cpu" and _CUDA in available else "cpu"
    note = ""
    if wanted != "cpu" and provider == "cpu":
        note = "no CUDA: the installed onnxruntime has none, models run on the CPU (make setup GPU=1 installs one)"
    count = 1 if provider == "cuda" else max(1, callers)
    return Runtime(provider, note, ThreadPoolExecutor(count, thread_name_prefix="vitrine-model"))


class Scorer:
    """A loaded model: rows in, one row of floats out for each."""

    def __init__(self, directory: Path, runtime: Runtime, *, dealt: bool = True) -> None:
        """Load and warm up; *dealt* False runs rows on the caller's thread, for models of microseconds."""
        self.card: Card = read(directory)
        self._session = _session(directory / MODEL, runtime.provider)
        used = self._session.get_providers()[0]
        self.provider: Provider = "cuda" if used == _CUDA else "cpu"
        self.note = runtime.note
        if runtime.provider == "cuda" and self.provider == "cpu":
            self.note = f"no CUDA: {self.card.id} could not be started on it (driver or libraries), it runs on the CPU"
        self._input = self._session.get_inputs()[0]
        if self._input.name != self.card.input:
            message = f"{directory / MODEL}: its input is {self._input.name}, the card says {self.card.input}; export it again"
            raise ModelError(message)
        self.outputs: int = self._session.get_outputs()[0].shape[-1]
        self._callers = runtime.callers if dealt or self.provider == "cuda" else None
        self.warm_up = self._run_each_shape()
        """Seconds."""

    def run(self, rows: Sequence[Row]) -> Floats:
        """Return (len(rows), outputs).  A row's result does not depend on the rows beside it."""
        if not rows:
            return np.zeros((0, self.outputs), np.float32)
        if self.provider == "cuda":
            return self._packed(rows)
        if self._callers is None:
            return np.concatenate([self._call(row[None]) for row in rows])
        return np.concatenate(deal(self._callers, lambda row: self._call(row[None]), rows))

    def _packed(self, rows: Sequence[Row]) -> Floats:
        packs = list(pack([len(row) for row in rows], self.card.lengths))
        assert self._callers is not None  # noqa: S101  set for CUDA
        done = [self._callers.submit(self._call, stack([rows[n] for n in p.members], p.batch, p.length)) for p in packs]
        results = np.zeros((len(rows), self.outputs), np.float32)
        for p, future in zip(packs, done, strict=True):
            results[list(p.members)] = future.result()[: len(p.members)]
        return results

    def _call(self, batch: Row) -> Floats:
        return cast("Floats", self._session.run(None, {self._input.name: batch})[0])

    def _run_each_shape(self) -> float:
        """Run each shape once, so that no shopper waits for a first time; return seconds."""
        started = time.perf_counter()
        kind = np.int64 if "int64" in self._input.type else np.float32
        columns = tuple(self._input.shape[2:])
        for length in self.card.lengths:
            batch = packed_rows(length) if self.provider == "cuda" else 1
            self._call(np.ones((batch, length, *columns), kind))
        return time.perf_counter() - started


def deal(callers: Executor, work: Callable[[Row], _T], rows: Sequence[Row]) -> list[_T]:
    """Do *work* on each row, one a call, the longest first so that no caller is left with it at the end."""
    order = sorted(range(len(rows)), key=lambda n: -len(rows[n]))
    futures = {n: callers.submit(work, rows[n]) for n in order}
    return [futures[n].result() for n in range(len(rows))]


class Pack(NamedTuple):
    """Rows that run together."""

    members: tuple[int, ...]
    """Which rows; fewer than *batch* leave empty ones."""
    batch: int
    length: int


def pack(lengths: Sequence[int], shapes: Sequence[int]) -> Iterator[Pack]:
    """Group rows of these *lengths* into runs: a row's own length decides its shape, whatever is asked beside it."""
    groups: dict[int, list[int]] = {}
    for n, length in enumerate(lengths):
        groups.setdefault(min(shape for shape in shapes if shape >= length), []).append(n)
    for shape, members in sorted(groups.items(), reverse=True):
        batch = packed_rows(shape)
        for start in range(0, len(members), batch):
            yield Pack(tuple(members[start : start + batch]), batch, shape)


def packed_rows(length: int) -> int:
    """Return how many rows of *length* run together: always so many, empty ones included."""
    return max(1, min(PACKED_ROWS, PACKED_LENGTH // length))


def stack(rows: Sequence[Row], batch: int, length: int) -> Row:
    """Return *rows* as one array (batch, length, …), padded with 0."""
    padded = np.zeros((batch, length, *rows[0].shape[1:]), rows[0].dtype)
    for n, row in enumerate(rows):
        padded[n, : len(row)] = row
    return padded


def _session(path: Path, provider: Provider) -> Any:
    runtime = _onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    if provider == "cuda":
        runtime.preload_dlls()
    try:
        return runtime.InferenceSession(path, options, providers=[_CUDA, _CPU] if provider == "cuda" else [_CPU])
    except Exception as error:
        message = f"{path}: onnxruntime can't load it: {error}; restore it from the release"
        raise ModelError(message) from error


def _onnxruntime() -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import onnxruntime  # noqa: PLC0415  loading it takes a tenth of a second, and it is an extra
    except ImportError as error:
        message = f"onnxruntime can't be imported ({error}); install one of the extras: make setup, or make setup GPU=1"
        raise ModelError(message) from error
    return onnxruntime
