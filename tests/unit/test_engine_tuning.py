"""How the interpreter of a worker is set."""

import gc
from collections.abc import Iterator

import pytest

from agents.engine.tuning import tune


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_what_lives_at_the_start_is_never_collected_again() -> None:
    alive = [[number] for number in range(1_000)]
    tune()
    assert gc.get_freeze_count() >= len(alive)
    assert not any(it is alive for it in gc.get_objects())
