"""Each event into its state once, however it comes again."""

from agents.processor import RECENT_IDS, Effects, Origin, fold_once
from tests.engine_worker import Summed, Sums, Tick

TICK = Tick(shopper="ada", number=1)


def state() -> Summed:
    return Summed(offsets=[-1, -1, -1])


def origin(offset: int, event_id: str | None = None) -> Origin:
    return Origin("clicks.v1", 0, offset, 0, event_id)


def test_a_record_at_or_below_the_offset_is_not_folded_again() -> None:
    ada = state()
    assert isinstance(fold_once(Sums(), ada, 1, 5, TICK, origin(5)), Effects)

    again = [fold_once(Sums(), ada, 1, offset, TICK, origin(offset)) for offset in (4, 5)]

    assert again == ["redelivered", "redelivered"]
    assert (ada.n, ada.revision, ada.offsets) == (1, 1, [-1, 5, -1])


def test_topics_have_offsets_of_their_own() -> None:
    ada = state()
    fold_once(Sums(), ada, 1, 5, TICK, origin(5))

    assert isinstance(fold_once(Sums(), ada, 2, 3, TICK, origin(3)), Effects)
    assert (ada.n, ada.revision, ada.offsets) == (2, 2, [-1, 5, 3])


def test_what_a_producer_sends_twice_is_folded_once_and_marked_as_handled() -> None:
    ada = state()
    fold_once(Sums(), ada, 1, 0, TICK, origin(0, "a"))

    assert fold_once(Sums(), ada, 1, 7, TICK, origin(7, "a")) == "duplicate"
    assert fold_once(Sums(), ada, 1, 7, TICK, origin(7, "a")) == "redelivered"
    assert (ada.n, ada.revision, ada.offsets) == (1, 1, [-1, 7, -1])


def test_an_id_is_one_of_its_topic() -> None:
    ada = state()
    fold_once(Sums(), ada, 1, 0, TICK, origin(0, "a"))

    assert isinstance(fold_once(Sums(), ada, 2, 0, TICK, origin(0, "a")), Effects)
    assert ada.n == 2


def test_as_many_ids_are_remembered_as_it_says() -> None:
    ada = state()
    for offset in range(RECENT_IDS + 1):
        fold_once(Sums(), ada, 1, offset, TICK, origin(offset, str(offset)))

    assert fold_once(Sums(), ada, 1, 100, TICK, origin(100, "1")) == "duplicate"
    assert isinstance(fold_once(Sums(), ada, 1, 101, TICK, origin(101, "0")), Effects)
    assert len(ada.recent[1]) == RECENT_IDS
