"""More is asked than can be made: lists are shed, counted, and nothing else is; memory is bounded; then all is well again."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from agents.replay.log import LogRecord
from tests.engine_worker import CLICKS, PAIRS, REVIEWS, SEARCHES, SENTIMENTS, Tick
from tests.engine_workers import Workers, check, good, newest_lists, numbers, states, stop, totals
from tests.scrape import Series, port_of, scrape, total

pytestmark = pytest.mark.timeout(180)

OWED, WAITING, FETCHED = 100, 200, 100
"""Lists that may wait; reviews that may; records of one fetch."""


@pytest.fixture
def workers(kafka: str, prefix: str, tmp_path: Path) -> Iterator[Workers]:
    found = Workers(kafka, prefix, tmp_path)
    found.variables |= {
        "TEST_HOLD": str(tmp_path / "hold"),
        "TEST_WAITING": str(WAITING),
        "TEST_FETCH": str(FETCHED),
        "VITRINE_OWED_LISTS": str(OWED),
    }
    yield found
    found.end()


def ticks(shoppers: Sequence[int], start: int) -> list[LogRecord]:
    """Return a record of each of *shoppers*, each of whom always does the same."""
    kinds = (CLICKS, SEARCHES, CLICKS, REVIEWS)
    return [
        LogRecord(
            kinds[who % 4].name, 0, 0, 0, b"o%d" % who, msgspec.json.encode(Tick(shopper=f"o{who}", number=n)), ()
        )
        for n, who in enumerate(shoppers, start)
    ]


def test_overload_sheds_lists_only_and_ends_when_it_ends(workers: Workers, tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    process = workers.start()
    records = ticks([n % 500 for n in range(4_000)], 0)
    workers.produce(records, 1e9)
    folded, reviews = len(good(records, CLICKS.name, SEARCHES.name)), len(good(records, REVIEWS.name))
    port = port_of(workers.log)

    held = wait_folded(port, folded)

    assert owed(held, "echo") <= WAITING + FETCHED < reviews
    assert owed(held, "sums") <= OWED + 64  # those that are being made beside them
    (tmp_path / "hold").unlink()
    workers.wait_done(process)
    told = scrape(port)
    shed = total(told, "vitrine_shed_total", 'agent="sums"')
    assert shed > 0
    assert total(told, "vitrine_superseded_total", 'agent="sums"') > 0
    assert total(told, "vitrine_shed_total", 'agent="echo"') == 0
    assert states(workers) == totals(records)
    assert numbers(workers, PAIRS.name) == sorted(it.number for it in good(records, CLICKS.name, SEARCHES.name))
    assert numbers(workers, SENTIMENTS.name) == sorted(it.number for it in good(records, REVIEWS.name))
    lists = newest_lists(workers)
    behind = [who for who, sums in totals(records).items() if lists.get(who) != sums]
    assert 0 < len(behind) <= shed

    for first in range(0, 500, OWED):
        records += (more := ticks(range(first, first + OWED), len(records)))
        workers.produce(more, 1e9)
        workers.wait_done(process)

    check(workers, records)
    assert total(scrape(port), "vitrine_shed_total") == shed
    assert stop(process) == 0


def wait_folded(port: int, count: int) -> Series:
    """Return what the worker tells when it has folded *count* events, whatever is not made of them."""
    end = time.monotonic() + 60
    while total(told := scrape(port), "vitrine_events_total", 'agent="sums"', 'outcome="folded"') < count:
        assert time.monotonic() < end, told
        time.sleep(0.1)
    return told


def owed(told: Series, agent: str) -> float:
    return total(told, "vitrine_owed", f'agent="{agent}"')
