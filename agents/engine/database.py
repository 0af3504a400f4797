"""The files of one store: RocksDB, opened, read and written so that each failure says what it means for the states.

There is no log of RocksDB's own: the changelog is the log.  What lies in files is therefore all that was written up to some
moment, whatever a crash or a cut file took away behind it, and the changelog brings the rest.  With a log of its own, a
manifest that lost its tail leaves a hole that nobody sees (`ops/decisions/0006-stores-have-no-log-of-their-own.md`).
"""

import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from rocksdict import (
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    IngestExternalFileOptions,
    Options,
    Rdict,
    SstFileWriter,
    WriteBatch,
    WriteBufferManager,
    WriteOptions,
)

from agents.engine.errors import DamagedStoreError, StoreError, UnusableStoreError

_MARK = "damaged"
"""File in a store that is to be emptied before it is used again; it says why."""
_LOADED = "loaded.tmp"
_FLUSH_SECONDS = 60.0
"""How old what lies in memory only may be: a store that a crash sets back must not miss a tombstone that compaction drops."""
_BUFFER_BYTES = 16 << 20

_IN_USE = ("while lock file", "lock hold by current process")
_REFUSED = ("permission denied", "read-only file system", "operation not permitted", "not a directory", "file exists")
_FULL = ("no space left", "disk quota exceeded", "file too large")
_DAMAGED = ("corruption", "invalid argument", "not implemented", "no such file")


class Memory:
    """What the stores of a worker may use together: blocks read, and what is written and not in files yet."""

    def __init__(self, bytes_: int) -> None:
        """*bytes_*: of both; half of it at most for what is not in files yet."""
        self.blocks = Cache(bytes_)
        self.buffers = WriteBufferManager.new_write_buffer_manager_with_cache(
            bytes_ // 2, allow_stall=False, cache=self.blocks
        )


class Database:
    """Keys and values of one store.  A `StoreError` of any method says what is wrong with it, and what to do."""

    def __init__(self, path: Path, memory: Memory) -> None:
        self.path = path
        self.healed = ""
        """Why the store was emptied when it was opened; nothing if it was not."""
        self._options = _options(memory)
        self._loading = _options(memory)
        self._loading.set_compression_type(DBCompressionType.none())  # compaction does it later, for what is left then
        self._written = 0.0
        """When the oldest write came that may be in memory only; 0 if there is none."""
        self._open()

    def get(self, key: bytes) -> bytes | None:
        """Return the value of *key*, None if it has none."""
        try:
            found: bytes | None = self._files.get(key)
        except Exception as error:  # noqa: BLE001  RocksDB's errors have no type
            self._fail(error)
        return found

    def items(self, start: bytes = b"") -> Iterator[tuple[Any, bytes]]:
        """Yield each key from *start* on, and its value."""
        try:
            rows = self._files.iter()  # `items` would end at a damaged block as if nothing followed
            rows.seek(start)
            while rows.valid():
                yield rows.key(), rows.value()
                rows.next()
            rows.status()
        except Exception as error:  # noqa: BLE001  RocksDB's errors have no type
            self._fail(error)

    def write(self, batch: WriteBatch) -> None:
        """Write all of *batch* in one step."""
        now = time.monotonic()
        try:
            self._files.write(batch)
        except Exception as error:  # noqa: BLE001  RocksDB's errors have no type
            self._fail(error)
        if not self._written:
            self._written = now
        elif now - self._written > _FLUSH_SECONDS:
            self.flush(wait=False)

    def load(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Take over many *rows*, in the order of their keys, in one step: a third of the work of `write`.  None deletes."""
        file = self.path / _LOADED
        try:
            writer = SstFileWriter(options=self._loading)
            writer.open(str(file))
            for key, value in rows:
                if value is None:
                    del writer[key]
                else:
                    writer[key] = value
            writer.finish()
            moving = IngestExternalFileOptions()
            moving.set_move_files(v=True)
            self._files.ingest_external_file([str(file)], moving)
        except Exception as error:  # noqa: BLE001  RocksDB's errors have no type
            self._fail(error)

    def flush(self, *, wait: bool = True) -> None:
        """Bring what is in memory only into files."""
        try:
            self._files.flush(wait=wait)
        except Exception as error:  # noqa: BLE001  RocksDB's errors have no type
            self._fail(error)
        self._written = 0.0

    def clear(self) -> None:
        """Take all away."""
        self.close()
        self._destroy()
        self._open()

    def close(self) -> None:
        """Release the files.  What can't be written any more comes back from the changelog."""
        with suppress(Exception):
            self._files.close()

    def _open(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if (self.path / _MARK).exists():
                self.healed = (self.path / _MARK).read_text(encoding="utf-8") or _MARK
                self._destroy()
            self._files = self._opened()
        except Exception as error:  # noqa: BLE001  RocksDB's errors have no type
            if not _is_damage(error):
                self._fail(error)
            self.healed = _line(error)
            self._destroy()
            try:
                self._files = self._opened()
            except Exception as again:  # noqa: BLE001  RocksDB's errors have no type
                self._fail(again)

    def _opened(self) -> Rdict:
        files = Rdict(str(self.path), options=self._options)
        writing: Any = WriteOptions()  # its types say that the next one is a method
        writing.disable_wal = True
        files.set_write_options(writing)
        return files

    def _destroy(self) -> None:
        """Remove the files, unless another process uses them."""
        try:
            Rdict.destroy(str(self.path))
            shutil.rmtree(self.path, ignore_errors=True)  # what a damaged manifest does not name
            self.path.mkdir(parents=True, exist_ok=True)
        except Exception as error:  # noqa: BLE001  RocksDB's errors have no type
            self._fail(error)

    def _fail(self, error: Exception) -> NoReturn:
        """Raise what *error* means; a store that is damaged is marked, and emptied when it is opened next."""
        if type(error) is not Exception and not isinstance(error, OSError):
            raise error  # a mistake of ours, or a store that is closed already
        text, line = str(error).lower(), _line(error)
        if any(sign in text for sign in _IN_USE):
            message = f"{self.path} is in use: another worker has this folder; give each a VITRINE_DATA_DIR of its own"
            raise UnusableStoreError(message) from error
        if any(sign in text for sign in _REFUSED):
            message = f"{self.path} can't be used: {line}; see who may write there, or set VITRINE_DATA_DIR"
            raise UnusableStoreError(message) from error
        if any(sign in text for sign in _FULL):
            message = f"no space for {self.path}: {line}; make room, or set VITRINE_DATA_DIR to a larger disk"
            raise StoreError(message) from error
        if not _is_damage(error):
            message = f"{self.path} can't be read or written: {line}; see what is wrong with the machine or its disk"
            raise StoreError(message) from error
        with suppress(OSError):
            (self.path / _MARK).write_text(line, encoding="utf-8")
        message = (
            f"{self.path} is damaged: {line}; start the worker again: it empties this store and restores it from the "
            "changelog; if this comes back, look at the disk"
        )
        raise DamagedStoreError(message) from error


def _is_damage(error: Exception) -> bool:
    """Tell whether an error says that files do not hold what they should."""
    text = str(error).lower()
    if isinstance(error, OSError) or any(sign in text for sign in (*_IN_USE, *_REFUSED, *_FULL)):
        return False
    return any(sign in text for sign in _DAMAGED)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _options(memory: Memory) -> Options:
    options, table = Options(raw_mode=True), BlockBasedOptions()
    options.create_if_missing(create_if_missing=True)
    options.set_write_buffer_manager(memory.buffers)
    options.set_write_buffer_size(_BUFFER_BYTES)
    options.set_max_open_files(256)
    options.set_keep_log_file_num(2)
    table.set_bloom_filter(10, block_based=False)
    table.set_block_cache(memory.blocks)
    options.set_block_based_table_factory(table)
    return options
