"""What the version before wrote is read by this one: states, and records of every topic."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.engine.changelog import Changelog
from agents.engine.database import Memory
from agents.engine.formats import EPOCH, RESERVED, format_of
from agents.engine.keyspace import Keyspace
from agents.intake import Admitted, Intake
from agents.items.agent import Items
from agents.processor import Folder, Input, State
from agents.shoppers.agent import Shoppers
from agents.shoppers.options import Options
from agents.topics import BY_NAME, DEAD_LETTERS, REKEYS
from tests import previous
from tests.doubles import MODELS

PREVIOUS = previous.read()
MEMORY = Memory(4 << 20)
FOLDERS: list[Folder] = [Shoppers(MODELS, Options()), Items(MODELS)]
BAD = {"clicks.v1": 3}
"""Records that were dead letters for the version before, too."""
RECORDS = [name for name in PREVIOUS.records if name in BY_NAME and BY_NAME[name] not in (*REKEYS, *DEAD_LETTERS)]


def keyspace(folder: Folder, directory: Path) -> Keyspace:
    return Keyspace(folder, Changelog(f"{previous.NAME}-{folder.name}-changelog"), directory, MEMORY)


def states(folder: str, partition: int | None = None) -> dict[bytes, bytes]:
    """Return key to the bytes of its last state, as the changelog has them."""
    records = PREVIOUS.records[f"{folder}-changelog"]
    own = [it for it in records if not (it.key or b"").startswith(RESERVED) and partition in {None, it.partition}]
    return {it.key or b"": (it.value or b"")[EPOCH.size :] for it in own}


def plain(raw: bytes) -> Any:
    return msgspec.msgpack.decode(raw)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda it: str(it.name))
def test_each_state_is_read_and_written_with_all_that_it_had(folder: Folder, tmp_path: Path) -> None:
    decode = keyspace(folder, tmp_path)._decode
    found = states(folder.name)

    assert len(found) > 5
    for raw in found.values():
        state: State = decode(raw)
        had, has = plain(raw), plain(msgspec.msgpack.encode(state))
        offsets = had[0]
        assert has[0][: len(offsets)] == offsets
        assert set(has[0][len(offsets) :]) <= {-1}
        assert has[1 : len(had)] == had[1:]
        assert state.revision > 0


def test_the_records_are_of_each_kind_and_whole() -> None:
    profiles = [plain(raw) for raw in states("shoppers").values()]

    assert {len(its) > 0 for its in PREVIOUS.records.values()} == {True}
    assert {"recommendations.v1", "copy.v1", "decisions.v1", "pairs.v1", "merges.v1", "rekey.shoppers.v1"} <= set(
        PREVIOUS.records
    )
    assert {format_of(EPOCH.unpack_from(it.value or b"")[0]) for it in PREVIOUS.records["shoppers-changelog"]} == {1}
    assert {EPOCH.unpack_from(it.value or b"")[0] for it in PREVIOUS.records["shoppers-changelog"]} == {1, 2}
    assert any(profile[5] for profile in profiles)  # lists that were shown
    assert any(profile[6] for profile in profiles)  # purchases


@pytest.mark.parametrize("name", RECORDS)
def test_each_record_is_read(name: str) -> None:
    intake = Intake(Input(BY_NAME[name], tombstones=BY_NAME[name].compacted))

    refused = [
        read for it in PREVIOUS.records[name] if not isinstance(read := intake.read(it.value, it.headers), Admitted)
    ]

    assert len(refused) == BAD.get(name, 0)


async def test_a_local_store_is_read(tmp_path: Path) -> None:
    previous.unpack_store(tmp_path)
    folder = FOLDERS[0]
    ours = keyspace(folder, tmp_path)
    assert ours.held() == {3}

    shard = (await ours.assign([3]))[0]

    assert not shard.foreign
    assert shard.epoch == 2
    assert shard.next_offset == 1 + max(it.offset for it in PREVIOUS.records["shoppers-changelog"] if it.partition == 3)
    assert dict(shard.stored()) == {key: ours._decode(raw) for key, raw in states("shoppers", 3).items()}
    ours.close()
