"""Runs ONNX models; the only importer of onnxruntime.  It never logs: what happened is kept as attributes.

The same bytes need the same shapes (even float32 differs in the last bit with the shape of a batch).  So on CPU each
row runs alone, dealt out to a few one-thread callers; on CUDA rows are packed into a few fixed shapes, by one thread.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

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
    packed: bool
    """Whether rows run in a few fixed shapes, whose buffers are kept where the model is; else each runs alone."""


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
    callers_ = ThreadPoolExecutor(count, thread_name_prefix="vitrine-model")
    return Runtime(provider, note, callers_, packed=provider == "cuda")


class Scorer:
    """A loaded model: rows in, one row of floats out for each, and of some models one more for each position."""

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
        packed = runtime.packed and (self.provider == "cuda" or runtime.provider == "cpu")
        self._callers = runtime.callers if dealt or packed else None
        self._shapes: dict[int, _Shape] = {}
        self.warm_up = self._run_each_shape(packed=packed)
        """Seconds."""

    def run(self, rows: Sequence[Row]) -> Floats:
        """Return (len(rows), outputs).  A row's result does not depend on the rows beside it."""
        if not rows:
            return np.zeros((0, self.outputs), np.float32)
        return np.stack([first for first, *_ in self.results(rows)])

    def reading(self) -> "Reading":
        """Return what takes rows one by one, and then gives two outputs for each."""
        return Reading(self)

    def begin(self, row: Row) -> "Future[tuple[Floats, ...]] | None":
        """Run *row* beside the caller's thread if rows run alone there; None if they run together, or at once."""
        return None if self._shapes or self._callers is None else self._callers.submit(self._alone, row)

    def results(self, rows: Sequence[Row]) -> list[tuple[Floats, ...]]:
        """Return all outputs of each row; one does not depend on another."""
        if self._shapes:
            return self._packed(rows)
        if self._callers is None:
            return [self._alone(row) for row in rows]
        return deal(self._callers, self._alone, rows)

    def _packed(self, rows: Sequence[Row]) -> list[tuple[Floats, ...]]:
        packs = list(pack([len(row) for row in rows], tuple(self._shapes)))
        assert self._callers is not None  # noqa: S101  set where rows are packed
        done = [
            self._callers.submit(self._shapes[p.length].run, stack([rows[n] for n in p.members], p.batch, p.length))
            for p in packs
        ]
        results: dict[int, tuple[Floats, ...]] = {}
        for p, future in zip(packs, done, strict=True):
            results |= dict(zip(p.members, zip(*future.result(), strict=True), strict=False))
        return [results[n] for n in range(len(rows))]

    def _alone(self, row: Row) -> tuple[Floats, ...]:
        return tuple(output[0] for output in self._session.run(None, {self._input.name: row[None]}))

    def _run_each_shape(self, *, packed: bool) -> float:
        """Run each shape once, so that no shopper waits for a first time; return seconds."""
        started = time.perf_counter()
        kind = np.int64 if "int64" in self._input.type else np.float32
        columns = tuple(self._input.shape[2:])
        for length in self.card.lengths:
            batch = np.ones((packed_rows(length) if packed else 1, length, *columns), kind)
            if packed:
                self._shapes[length] = _Shape(self._session, self._input.name, batch, self.provider)
            else:
                self._alone(batch[0])
        return time.perf_counter() - started


class Reading:
    """Rows that are asked one by one, each of which runs at once where rows run alone: the next is made ready meanwhile."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._rows: list[Row] = []
        self._begun: list[Future[tuple[Floats, ...]]] = []

    def ask(self, row: Row) -> None:
        """Ask for the outputs of *row*."""
        self._rows.append(row)
        if (future := self._scorer.begin(row)) is not None:
            self._begun.append(future)

    def answers(self) -> list[tuple[Floats, Floats]]:
        """Return for each row, in the order of asking, its first output and its second, (length, columns)."""
        found = [future.result() for future in self._begun] if self._begun else self._scorer.results(self._rows)
        return [(first, second[: len(row)]) for row, (first, second) in zip(self._rows, found, strict=True)]


class _Shape:
    """A shape that a model runs in, with buffers of its own beside the model: only what goes in and comes out is copied.

    One thread at a time.
    """

    def __init__(self, session: Any, name: str, batch: Row, provider: Provider) -> None:
        """Run *batch* once, and keep what that allocated."""
        value: Any = _onnxruntime().OrtValue
        self._session = session
        self._input = value.ortvalue_from_numpy(batch, provider, 0)
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(name, self._input)
        self._lock = threading.Lock()
        found = session.run(None, {name: batch})
        self._outputs = [
            value.ortvalue_from_shape_and_type(list(output.shape), output.dtype.type, provider, 0) for output in found
        ]
        for target, output in zip(session.get_outputs(), self._outputs, strict=True):
            self._binding.bind_ortvalue_output(target.name, output)
        self.run(batch)

    def run(self, batch: Row) -> tuple[Floats, ...]:
        """Return the outputs for *batch*, which has the shape."""
        with self._lock:
            self._input.update_inplace(batch)
            self._session.run_with_iobinding(self._binding)
            # On a CPU `numpy` shows the buffer itself, which the next run overwrites.
            return tuple(np.array(output.numpy()) for output in self._outputs)


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
