"""Watches what workers put out: when, of which partition, and how often."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from confluent_kafka import Consumer, TopicPartition

from tests.engine_worker import LISTS, PAIRS

if TYPE_CHECKING:
    from tests.fleet import Fleet


class Witness:
    """Reads lists, which lie in the partition of their shopper, and facts, which have an id."""

    def __init__(self, fleet: "Fleet") -> None:
        self.times: dict[int, list[float]] = defaultdict(list)
        """Partition to the times of its lists, in seconds since 1970."""
        self._facts: dict[bytes, int] = defaultdict(int)
        self._fleet = fleet
        self._names = [fleet.settings.topic_prefix + topic.name for topic in (LISTS, PAIRS)]
        self._consumer = Consumer(
            {
                "bootstrap.servers": fleet.settings.broker,
                "group.id": "witness",
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )
        self._places = {TopicPartition(topic, n): 0 for topic in self._names for n in range(fleet.settings.partitions)}
        self._reached: dict[tuple[str, int], int] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        ends = self._fleet.ends(self._names)
        self._reached = dict(ends)
        self._consumer.assign([TopicPartition(*place, end) for place, end in ends.items()])
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()
        self._consumer.close()

    def catch_up(self) -> None:
        """Return when all that is there now was seen."""
        ends = self._fleet.ends(self._names)
        while any(self._reached[place] < end for place, end in ends.items()):
            self._ending.wait(0.05)

    @property
    def repeated(self) -> int:
        """Return how often a fact came that had come before."""
        return sum(self._facts.values()) - len(self._facts)

    def lost(self, sent: int) -> int:
        """Return how many of *sent* events led to no fact."""
        return sent - len(self._facts)

    def _watch(self) -> None:
        while not self._ending.is_set():
            for message in self._consumer.consume(500, 0.05):
                if not message.error():
                    self._see(message)

    def _see(self, message: Any) -> None:
        topic, partition = message.topic(), message.partition()
        self._reached[topic, partition] = message.offset() + 1
        if topic == self._names[0]:
            self.times[partition].append(message.timestamp()[1] / 1000)
        else:
            self._facts[dict(message.headers())["ce_id"]] += 1


@contextmanager
def flowing(fleet: "Fleet", rate: int, shoppers: int) -> Iterator[Witness]:
    """Let events come meanwhile, *rate* a second; at the end all that came is committed and seen."""
    ending = threading.Event()
    producing = threading.Thread(target=fleet.produce_until, args=(ending, rate, shoppers))
    with Witness(fleet) as witness:
        producing.start()
        try:
            yield witness
        finally:
            ending.set()
            producing.join()
        fleet.drain()
        witness.catch_up()


def gaps(times: Sequence[float], begun: float, ended: float) -> tuple[float, float]:
    """Return the longest time between two of *times*, from *begun* to *ended*, and when it was over."""
    inside = sorted(it for it in times if begun <= it <= ended)
    marks = [begun, *inside, ended]
    longest = max(range(1, len(marks)), key=lambda n: marks[n] - marks[n - 1])
    return marks[longest] - marks[longest - 1], marks[longest]
