import msgspec
import pytest

from agents.engine.ledger import Ledger


def place(topic: str, partition: int, offset: int, number: int) -> bytes:
    return f"{topic}@id/{partition}/{offset}/{number}".encode()


def test_a_fact_is_new_once_in_the_order_of_its_source() -> None:
    ledger = Ledger()

    heard = [
        ledger.hear(1, place("clicks.v1", 3, *it)) for it in ((7, 0), (7, 1), (9, 0), (7, 1), (9, 0), (9, 1), (8, 5))
    ]

    assert heard == [True, True, True, False, False, True, False]


def test_sources_and_the_topics_that_bring_them_do_not_know_each_other() -> None:
    ledger = Ledger()
    ledger.hear(1, place("clicks.v1", 3, 7, 0))

    assert ledger.hear(1, place("clicks.v1", 4, 7, 0))
    assert ledger.hear(1, place("searches.v1", 3, 7, 0))
    assert ledger.hear(2, place("clicks.v1", 3, 7, 0))


@pytest.mark.parametrize("rubbish", [b"", b"clicks.v1", b"clicks.v1/3/x/0", b"7/0/", b"\xff"])
def test_of_a_place_that_is_none_nothing_is_known(rubbish: bytes) -> None:
    ledger = Ledger()

    assert ledger.hear(1, rubbish) is None
    assert not ledger.changed


def test_what_is_stored_is_heard_and_only_news_has_to_be_stored() -> None:
    ledger = Ledger()
    ledger.hear(1, place("clicks.v1", 3, 7, 0))
    assert ledger.changed

    again = Ledger(memoryview(ledger.encode()))

    assert not ledger.changed
    assert again.hear(1, place("clicks.v1", 3, 7, 0)) is False
    assert not again.changed
    assert again.hear(1, place("clicks.v1", 3, 7, 1)) is True


def test_what_is_no_ledger_is_refused() -> None:
    with pytest.raises(msgspec.MsgspecError):
        Ledger(b"rubbish")


def test_a_topic_is_known_by_the_id_that_it_had_first() -> None:
    ledger = Ledger()
    assert ledger.recognise(1, "a")
    assert ledger.changed

    again = Ledger(ledger.encode())

    assert again.recognise(1, "a")
    assert again.recognise(2, "b")
    assert not again.recognise(1, "b")


def test_what_the_first_version_stored_is_read() -> None:
    ledger = Ledger(msgspec.msgpack.encode([{1: {b"clicks.v1@id/3": (7, 0)}}]))

    assert ledger.hear(1, place("clicks.v1", 3, 7, 0)) is False
    assert ledger.recognise(1, "a")
