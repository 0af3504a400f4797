"""Real RocksDB files, damaged in every way that we could think of: each store opens whole, older, or empty, or says why not."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rocksdict import DbClosedError, WriteBatch

from agents.engine.database import Database, Memory
from agents.engine.errors import DamagedStoreError, StoreError, UnusableStoreError

MEMORY = Memory(8 << 20)
KEYS, ROUNDS = 2_000, 3
COUNT = b"\xff__count"
NOBODY = 65534


def write(store: Database, number: int) -> None:
    """Give each key the value *number*, and say how often that was done, in one step."""
    batch = WriteBatch(raw_mode=True)
    for n in range(KEYS):
        batch.put(b"%05d" % n, b"%d" % number + os.urandom(40))
    batch.put(COUNT, b"%d" % number)
    store.write(batch)


def read(store: Database) -> int:
    """Return how often all was written; fail if some key has another value: a hole."""
    count = store.get(COUNT)
    found = {key: value[:1] for key, value in store.items() if key != COUNT}
    if count is None:
        assert not found
        return 0
    assert found == dict.fromkeys((b"%05d" % n for n in range(KEYS)), count)
    return int(count)


def read_error(store: Database) -> str:
    """Return what is said of damage that shows in reading; nothing if there is none."""
    try:
        read(store)
    except DamagedStoreError as error:
        return str(error)
    return ""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store written three times, each time into a file of its own."""
    path = tmp_path / "sums-0.db"
    for number in range(1, ROUNDS + 1):
        store = Database(path, MEMORY)
        write(store, number)
        store.close()
    return path


def last(path: Path, pattern: str) -> Path:
    return max(path.glob(pattern), key=lambda it: (it.stat().st_size > 0, it.name))


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def empty(file: Path) -> None:
    os.truncate(file, 0)


def spoil_start(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.write(os.urandom(100))


def spoil_middle(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2)
        opened.write(os.urandom(100))


def remove(file: Path) -> None:
    file.unlink()


DAMAGES: tuple[Callable[[Path], None], ...] = (cut, empty, spoil_start, spoil_middle, remove)
FILES = ("CURRENT", "MANIFEST-*", "*.sst", "*.log", "OPTIONS-*", "IDENTITY", "LOCK", "rocksdict-config.json")


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda it: it.__name__)
@pytest.mark.parametrize("pattern", FILES)
def test_a_damaged_store_is_whole_at_some_moment_or_empty_at_the_second_start_at_latest(
    path: Path, pattern: str, damage: Callable[[Path], None]
) -> None:
    damage(last(path, pattern))

    store = Database(path, MEMORY)
    if said := read_error(store):
        assert said.startswith(f"{path} is damaged: Corruption: ")
        assert "\n" not in said
        store.close()
        store = Database(path, MEMORY)
        assert store.healed.startswith("Corruption: ")
    found = read(store)
    assert 0 <= found <= ROUNDS
    assert bool(store.healed) == (found == 0)
    write(store, 9)
    store.close()
    again = Database(path, MEMORY)
    assert (again.healed, read(again)) == ("", 9)
    again.close()


@pytest.mark.parametrize("pattern", ["CURRENT", "MANIFEST-*", "*.sst"])
def test_what_can_not_be_read_is_emptied(path: Path, pattern: str) -> None:
    last(path, pattern).unlink()

    store = Database(path, MEMORY)

    assert store.healed
    assert read(store) == 0
    store.close()


def test_a_crash_leaves_what_was_written_up_to_some_moment(tmp_path: Path) -> None:
    """Killed with three writes in three places: two in files, one in memory; then the manifest forgets the second file."""
    path = tmp_path / "sums-0.db"
    script = (
        "import os, sys; from pathlib import Path; from tests.unit.test_engine_database import *\n"
        f"store = Database(Path({str(path)!r}), MEMORY)\n"
        "write(store, 1); store.flush(); size = last(store.path, 'MANIFEST-*').stat().st_size\n"
        "batch = WriteBatch(raw_mode=True); batch.put(b'between', b'2'); batch.put(COUNT, b'2'); store.write(batch)\n"
        "store.flush()\n"
        "batch = WriteBatch(raw_mode=True); batch.put(b'after', b'3'); batch.put(COUNT, b'3'); store.write(batch)\n"
        "print(size, flush=True); os.kill(os.getpid(), 9)"
    )
    size = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False).stdout
    os.truncate(last(path, "MANIFEST-*"), int(size))

    store = Database(path, MEMORY)

    assert (store.get(COUNT), store.get(b"between"), store.get(b"after")) == (b"1", None, None)
    store.close()


def test_a_store_that_another_process_has_is_left_alone(path: Path) -> None:
    store = Database(path, MEMORY)
    script = (
        "from pathlib import Path; from tests.unit.test_engine_database import *\n"
        f"try: Database(Path({str(path)!r}), MEMORY)\n"
        "except UnusableStoreError as error: print(error)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "is in use: another worker has this folder" in done.stdout
    assert done.stdout.count("\n") == 1
    assert read(store) == ROUNDS
    store.close()
    with pytest.raises(DbClosedError):
        store.get(COUNT)


@contextmanager
def nobody() -> Iterator[None]:
    """Be a user without rights, if we may be another one: root may do everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_that_may_not_be_written_to_is_refused(path: Path, there: bool) -> None:
    folder = path if there else path.parent / "sums-1.db"
    for each in (path, path.parent):
        each.chmod(0o555)

    with nobody(), pytest.raises(UnusableStoreError, match="see who may write there, or set VITRINE_DATA_DIR"):
        Database(folder, MEMORY)

    for each in (path.parent, path):
        each.chmod(0o755)
    store = Database(path, MEMORY)
    assert read(store) == ROUNDS
    store.close()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sums-0.db").write_text("no store")

    with pytest.raises(UnusableStoreError, match="File exists"):
        Database(tmp_path / "sums-0.db", MEMORY)


def test_a_full_disk_is_said_and_costs_no_store(path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    store = Database(path, MEMORY)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, hard))  # as a disk with so much left
    try:
        write(store, 4)
        with pytest.raises(StoreError, match="make room, or set VITRINE_DATA_DIR to a larger disk") as told:
            store.flush()
        store.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert not isinstance(told.value, DamagedStoreError)
    again = Database(path, MEMORY)
    assert again.healed == ""
    assert read(again) >= ROUNDS
    again.close()


def test_a_store_can_be_cleared(path: Path) -> None:
    store = Database(path, MEMORY)

    store.clear()

    assert read(store) == 0
    write(store, 1)
    assert read(store) == 1
    store.close()
