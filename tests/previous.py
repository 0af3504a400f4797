"""What an earlier version left on a broker and on a disk, kept in `tests/golden/previous/` so that this version can be shown it.

Made anew, from a checkout of that version (the command is in the README there):

    python -m tests.previous ../checkout
"""

import io
import json
import sys
import tarfile
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import zstandard

from agents.engine.topics import existing
from agents.replay import log
from agents.replay.log import LogRecord
from schemas.recommendations import Recommendations
from tests.deployment import Deployment
from tests.kafka_broker import Kafka
from tests.replay import shop_log

HERE = Path(__file__).parent / "golden" / "previous"
LOG, COMMITTED, STORE = HERE / "log.jsonl.zst", HERE / "committed.json", HERE / "store.tar.zst"
NAME = "previous"
"""Of the installation: group, and prefix of the topics."""
STORED = "shoppers-3.db"
"""The local store that is kept."""
ROUNDS = 30
RATE = 60.0
"""Events a second: slow enough for lists between them."""
PERSONAL = 8
"""Lists that are shown and clicked."""


class Previous(NamedTuple):
    """All that was left."""

    records: dict[str, list[LogRecord]]
    """Topic without prefix, or `PROCESSOR-changelog`, to its records, partition by partition."""
    committed: dict[tuple[str, int], int]
    """The group's offsets by topic without prefix, and partition."""


def read() -> Previous:
    """Return what is kept."""
    records: dict[str, list[LogRecord]] = {}
    for _, record in log.read(LOG):
        records.setdefault(record.topic, []).append(record)
    committed = json.loads(COMMITTED.read_bytes())
    return Previous(records, {(name, number): offset for name, number, offset in committed})


def unpack_store(folder: Path) -> Path:
    """Write the local store into *folder*, and return its path."""
    raw = zstandard.ZstdDecompressor().decompressobj().decompress(STORE.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        tar.extractall(folder, filter="data")
    return folder / STORED


def make(checkout: Path) -> None:
    """Run the version in *checkout* on a broker of its own, and keep what it leaves."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Kafka(folder / "kafka") as broker:
            code = {"PYTHONPATH": str(checkout.absolute()), "PYTHONSAFEPATH": "1"}
            deployment = Deployment(broker.bootstrap, NAME, folder, **code)
            deployment.run("topics", "apply")
            with deployment.worker() as process:
                deployment.produce(_events(folder), RATE)
                deployment.wait_done(process)
                deployment.produce(_touched(deployment.records("recommendations.v1")), RATE)
                deployment.wait_done(process)
            with deployment.worker() as process:  # a second owner: another epoch
                deployment.produce(_touched(deployment.records("recommendations.v1")[-PERSONAL:]), RATE)
                deployment.wait_done(process)
            _keep(deployment, folder)
            _keep_store(deployment.settings.data_dir / STORED)


def _events(folder: Path) -> list[LogRecord]:
    return [record for _, record in log.read(shop_log.write(folder / "events.jsonl", ROUNDS))]


def _touched(lists: list[Recommendations]) -> list[LogRecord]:
    """Return what shoppers do with *lists*: each is seen, its second item chosen and bought."""
    records = []
    for n, it in enumerate([it for it in lists if len(it.slots) > 1][-PERSONAL:]):
        at = (it.at + timedelta(seconds=5)).isoformat()
        shared: dict[str, object] = {"shopper": it.shopper, "at": at, "recommendation_id": it.recommendation_id}
        items = [slot.item for slot in it.slots]
        bodies: tuple[dict[str, object], ...] = (
            {"kind": "list_shown", "items": items, "placement": it.placement},
            {"kind": "click", "item": items[1], "position": 1},
            {"kind": "purchase", "item": items[1], "price": 11.5},
        )
        for number, body in enumerate(bodies):
            value = msgspec.json.encode(shared | body)
            headers = (("ce_id", f"touch-{it.recommendation_id}-{number}".encode()),) if n % 2 else ()
            records.append(LogRecord("clicks.v1", 0, 0, 0, it.shopper.encode(), value, headers))
    return records


def _keep(deployment: Deployment, folder: Path) -> None:
    prefix, app_id = deployment.settings.topic_prefix, deployment.settings.app_id
    names = sorted(name for name in existing(deployment.settings.broker) if name.startswith(NAME))
    deployment.run("record", "--prefix", "", "--topics", ",".join(names), "--out", str(folder / "log.jsonl"))
    LOG.parent.mkdir(exist_ok=True)
    with log.created(LOG) as file:
        for _, record in sorted(log.read(folder / "log.jsonl"), key=lambda it: (it[1].topic, it[1].partition)):
            name = record.topic.removeprefix(prefix).removeprefix(f"{app_id}-")
            file.write(log.encode(msgspec.structs.replace(record, topic=name)))
    found = deployment.group_offsets()
    offsets = sorted((topic.removeprefix(prefix), number, offset) for (topic, number), offset in found.items())
    COMMITTED.write_text(json.dumps(offsets).replace("], ", "],\n ") + "\n")


def _keep_store(path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for file in sorted(path.iterdir()):
            if not file.name.startswith("LOG"):  # RocksDB's own log names this machine
                tar.add(file, f"{STORED}/{file.name}", filter=_anonymous)
    STORE.write_bytes(zstandard.ZstdCompressor(19).compress(packed.getvalue()))


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    make(Path(sys.argv[1]))
