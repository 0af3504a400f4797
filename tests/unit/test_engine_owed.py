"""Owed work under overload: what is dropped is forgotten, and what may not be dropped is told."""

import weakref

from agents.engine.delivery import Delivery, Entry, Load
from agents.engine.owed import OwedQueue


class Request:
    """Something that can be seen to be gone."""


def entry() -> Entry:
    delivery = Delivery(1_000_000, Load(1_000_000, 1 << 30))
    for partition in delivery.assign([("clicks", 0)]).values():
        delivery.open(partition, 0)
    found = delivery.deliver(("clicks", 0), 0, 1, 1, 1)
    assert found is not None
    return found


def release(entry: Entry) -> None:
    entry.waits -= 1


def test_what_is_shed_while_nobody_takes_is_forgotten() -> None:
    queue, held = OwedQueue(Load(100, 1 << 20), release, patience=1e9), entry()
    alive: weakref.WeakSet[Request] = weakref.WeakSet()
    for n in range(10_000):
        alive.add(request := Request())
        queue.put((n, "home"), request, held, now=float(n), since=0, linger=0.0, shed=True)
        del request

    assert queue.shed == 9_900
    assert len(alive) < 400
    assert [item.place[0] for item in queue.take(3, 1e9)] == [9_900, 9_901, 9_902]


def test_lists_are_shed_by_their_bytes_and_cards_are_told_and_kept() -> None:
    queue, held = OwedQueue(Load(100, 1_000), release), entry()
    for n in range(6):
        queue.put((n, "home"), None, held, now=0.0, since=0, linger=0.0, shed=True, size=300)
        queue.put((n, "card"), None, held, now=0.0, since=0, linger=0.0, shed=False, size=300)

    assert queue.shed == 3
    assert queue.kept == (6, 1_800)
    taken = queue.take(100, 1.0)
    assert len(taken) == 9
    assert queue.kept == (6, 1_800)
    for item in taken:
        queue.settle(item)
    assert queue.kept == (0, 0)
    assert held.waits == 1


def test_a_newer_request_counts_in_place_of_the_older_one() -> None:
    queue, held = OwedQueue(Load(100, 1_000), release), entry()
    for size in (900, 800, 100):
        queue.put(("ada", "home"), size, held, now=0.0, since=0, linger=0.0, shed=True, size=size)
    queue.put(("bob", "home"), 0, held, now=0.0, since=0, linger=0.0, shed=True, size=850)

    assert (queue.shed, queue.superseded) == (0, 2)
    assert [item.request for item in queue.take(2, 0.0)] == [100, 0]


def test_where_the_oldest_waits_too_long_the_newest_go_first_and_a_quarter_in_their_turn() -> None:
    queue, held = OwedQueue(Load(100, 1 << 20), release, patience=2.0), entry()
    for n in range(10):
        queue.put((n, "home"), None, held, now=float(n), since=0, linger=0.0, shed=True)
    queue.put(("mug", "card"), None, held, now=0.5, since=0, linger=0.0, shed=False)

    assert [item.place[0] for item in queue.take(2, 2.0)] == [0, "mug"]
    assert [item.place[0] for item in queue.take(4, 9.5)] == [9, 8, 7, 1]
    assert [item.place[0] for item in queue.take(8, 9.5)] == [6, 5, 4, 3, 2]


def test_who_asks_again_counts_as_new() -> None:
    queue, held = OwedQueue(Load(2, 1 << 20), release, patience=2.0), entry()
    for n, shopper in enumerate(("ada", "bob", "ada", "cyd")):
        queue.put((shopper, "home"), n, held, now=float(n), since=0, linger=0.0, shed=True)

    assert queue.shed == 1
    assert [item.place[0] for item in queue.take(2, 5.0)] == ["cyd", "ada"]


def test_a_late_settlement_does_not_settle_a_newer_list() -> None:
    queue, gone, held = OwedQueue(Load(100, 1 << 20), release), entry(), entry()
    queue.put(("ada", "home"), 1, gone, now=0.0, since=0, linger=0.0, shed=True)
    (late,) = queue.take(1, 1.0)
    queue.clear(lambda it: it is gone)
    queue.put(("ada", "home"), 2, held, now=1.0, since=0, linger=0.0, shed=True)
    queue.take(1, 1.0)

    queue.settle(late)

    assert (queue.flying, held.waits) == (1, 2)


def test_a_waiting_list_can_be_shed_when_the_one_before_it_is_lost() -> None:
    queue, gone, held = OwedQueue(Load(1, 1 << 20), release), entry(), entry()
    queue.put(("ada", "home"), 1, gone, now=0.0, since=0, linger=0.0, shed=True)
    queue.take(1, 1.0)
    queue.put(("ada", "home"), 2, held, now=1.0, since=0, linger=0.0, shed=True)
    queue.clear(lambda it: it is gone)

    queue.put(("bob", "home"), 3, held, now=1.0, since=0, linger=0.0, shed=True)

    assert (queue.shed, len(queue)) == (1, 1)
