"""Whether a recording made at the sender says the same as one made from the broker."""

import contextlib
import io
from datetime import UTC, datetime
from random import Random

from agents.replay.kafka import Recorder
from agents.replay.log import LogRecord, decode
from agents.shop.recording import Recording
from agents.shop.rubbish import Rubbish
from agents.shop.sender import Sender
from agents.topics import CLICKS, REVIEWS, SEARCHES

TOPICS = (CLICKS.name, SEARCHES.name, REVIEWS.name)


def recorded(bootstrap: str, prefix: str, partitions: int) -> tuple[list[LogRecord], list[LogRecord]]:
    """Send bad records of every kind; return what the sender recorded and what lies on the broker, sorted by place."""
    file = io.BytesIO()
    sender = Sender(bootstrap, prefix, Recording(file))
    rubbish = Rubbish(Random().randrange(1000), partitions)
    for _ in range(100):
        sender.send(rubbish.one(datetime.now(UTC)))
    sender.flush(30)
    sender.close()
    ours = [decode(line) for line in file.getvalue().splitlines()]
    with contextlib.closing(Recorder(bootstrap, [prefix + name for name in TOPICS])) as recorder:
        theirs = [record for batch in recorder.batches(follow=False) for record in batch]
    return sorted(ours, key=_place), sorted(theirs, key=_place)


def _place(record: LogRecord) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset
