"""What the shop sent, written to an event log with the places and times that the broker gave it."""

from typing import IO

from agents.replay.log import LogRecord, encode
from agents.shop.wire import Message


class Recording:
    """Takes each record when it is acknowledged: none is missed, whatever the broker keeps and however the run ends."""

    def __init__(self, file: IO[bytes]) -> None:
        self.records = 0
        self._file = file

    def take(self, message: Message, partition: int, offset: int, timestamp: int) -> None:
        """Write a record and where it lies since *timestamp*, in milliseconds since 1970.

        Raise OSError if the disk does not take it.
        """
        headers = tuple((name, it.encode() if isinstance(it, str) else it) for name, it in message.headers)
        record = LogRecord(message.topic.name, partition, offset, timestamp, message.key, message.value, headers)
        self._file.write(encode(record))
        self.records += 1
