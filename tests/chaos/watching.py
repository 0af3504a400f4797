"""What is seen from outside while the run goes on: how far the group is, which lists come, what former owners write."""

import time
from collections.abc import Sequence
from threading import Event, Thread
from typing import Any

import msgspec
from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition

from agents.engine.formats import epoch_in

_LOOK_SECONDS = 0.25
_ANSWER_SECONDS = 5


class Progress(Thread):
    """Looks at the group's offsets again and again; keeps what it saw last while nobody answers."""

    def __init__(
        self, bootstrap: str, group: str, topics: Sequence[str], inputs: Sequence[str], partitions: int
    ) -> None:
        """*topics*: all that the group reads; *inputs*: those among them that the shop fills."""
        super().__init__(name="progress", daemon=True)
        self.committed = 0
        """Records of the inputs that are folded for good."""
        self.lag = 0
        """Records of all topics that are not."""
        self.looks = 0
        """Looks that were answered."""
        self._inputs = frozenset(inputs)
        self._places = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
        # no admin client: its librdkafka ends the process when it asks for offsets of a broker that is frozen
        self._settings = {"bootstrap.servers": bootstrap, "group.id": group, "log_level": 0}
        self._consumer = Consumer(self._settings)
        self._ending = Event()

    def run(self) -> None:
        """Look."""
        while not self._ending.wait(_LOOK_SECONDS):
            self.look()

    def end(self) -> None:
        """Stop looking."""
        self._ending.set()
        self.join()

    def look(self) -> bool:
        """Look once; return whether somebody answered."""
        try:
            committed, ends = self._committed(), self._ends()
        except KafkaException:
            # one that was told of no leader may go on believing it for minutes
            self._consumer = Consumer(self._settings)
            return False
        self.committed = max(
            self.committed, sum(offset for (topic, _), offset in committed.items() if topic in self._inputs)
        )
        self.lag = sum(end - committed.get(place, 0) for place, end in ends.items())
        self.looks += 1
        return True

    def behind(self) -> dict[str, str]:
        """Return each partition with a lag, with where the group is and where the log ends."""
        try:
            committed, ends = self._committed(), self._ends()
        except KafkaException as error:
            return {"the broker": f"does not answer: {error.args[0].str()}"}
        return {
            f"{place[0]}-{place[1]}": f"{committed.get(place)} of {end}"
            for place, end in sorted(ends.items())
            if end and committed.get(place, 0) != end
        }

    def _committed(self) -> dict[tuple[str, int], int]:
        return self._offsets(self._consumer.committed(self._places, timeout=_ANSWER_SECONDS))

    def _ends(self) -> dict[tuple[str, int], int]:
        latest = [TopicPartition(it.topic, it.partition, OFFSET_END) for it in self._places]
        return self._offsets(self._consumer.offsets_for_times(latest, timeout=_ANSWER_SECONDS))

    @staticmethod
    def _offsets(found: Sequence[TopicPartition]) -> dict[tuple[str, int], int]:
        for it in found:
            if it.error is not None:
                raise KafkaException(it.error)
        return {(it.topic, it.partition): max(0, it.offset) for it in found}


class _Slot(msgspec.Struct):
    item: str


class _List(msgspec.Struct):
    recommendation_id: str
    shopper: str
    slots: tuple[_Slot, ...]


class Listener(Thread):
    """Reads lists, for shoppers to choose from, and changelogs before they are compacted."""

    def __init__(self, bootstrap: str, lists: str, changelogs: Sequence[str], partitions: int) -> None:
        super().__init__(name="listener", daemon=True)
        self.lists: dict[str, tuple[str, tuple[str, ...]]] = {}
        """Shopper to id and items of the list that came last."""
        self.zombies = 0
        """Records of changelogs that a former owner wrote behind its successor's fence."""
        self._topic = lists
        self._epochs: dict[tuple[str, int], int] = {}
        self._ending = Event()
        self._decode = msgspec.json.Decoder(_List).decode
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "unused",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "log_level": 0,
            }
        )
        self._consumer.assign(
            [TopicPartition(topic, number, 0) for topic in (lists, *changelogs) for number in range(partitions)]
        )

    def run(self) -> None:
        """Read."""
        while not self._ending.is_set():
            for message in self._consumer.consume(500, 0.2):
                if message.error() is None:
                    self._take(message)
        self._consumer.close()

    def end(self) -> None:
        """Stop reading."""
        self._ending.set()
        self.join()

    def _take(self, message: Any) -> None:
        value = message.value()
        if message.topic() == self._topic:
            it = self._decode(value)
            self.lists[it.shopper] = it.recommendation_id, tuple(slot.item for slot in it.slots)
        elif (epoch := epoch_in(value, message.headers() or ())) is not None:
            place = message.topic(), message.partition()
            highest = self._epochs.setdefault(place, epoch)
            self.zombies += epoch < highest
            self._epochs[place] = max(highest, epoch)


def wait_for(what: Any, seconds: float, every: float = 0.1) -> bool:
    """Return whether *what* came true within *seconds*."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True
