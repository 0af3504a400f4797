"""An item that everybody looks at: what is told of it again after a crash is counted once."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from agents.items.state import Item
from agents.processor import RECENT_IDS
from agents.replay.log import LogRecord
from schemas.clicks import View
from tests.deployment import Deployment

SHOPPERS = 900
HOT = "lamp"

pytestmark = pytest.mark.timeout(180)


def views() -> list[LogRecord]:
    """Return one view of the hot item by each shopper."""
    noon = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    records = []
    for n in range(SHOPPERS):
        event = View(shopper=f"s{n}", item=HOT, at=noon + timedelta(seconds=n))
        records.append(LogRecord("clicks.v1", 0, 0, 0, f"s{n}".encode(), msgspec.json.encode(event), ()))
    return records


def test_a_hot_item_counts_each_view_once_after_kills(kafka: str, prefix: str, tmp_path: Path) -> None:
    shop = Deployment(kafka, f"{prefix}hot", tmp_path, VITRINE_COMMIT_INTERVAL="PT5S")
    shop.run("topics", "apply")
    shop.produce(views(), 1e9)
    for _ in range(2):
        told = sum(shop.ends([f"{prefix}hot.pairs.v1"]).values())
        process = shop.start()
        while sum(shop.ends([f"{prefix}hot.pairs.v1"]).values()) < told + SHOPPERS / 2:
            assert process.poll() is None, shop.log.read_text()[-3000:]
            time.sleep(0.02)
        process.kill()
        process.wait()
    with shop.worker() as process:
        shop.wait_done(process)

    told_again = Counter(dict(it.headers())["ce_id"] for it in shop.read("pairs.v1"))
    assert len(told_again) == SHOPPERS
    assert sum(told_again.values()) - SHOPPERS > RECENT_IDS  # else a ring of ids would do
    assert shop.states("items")[HOT][Item.__struct_fields__.index("views")] == SHOPPERS
