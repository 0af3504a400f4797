"""What the shop sent, written to an event log with the places and times that the broker gave it."""

from typing import IO

from confluent_kafka import Message

from agents.replay.log import LogRecord, encode


class Recording:
    """Takes each record when it is acknowledged: none is missed, whatever the broker keeps and however the run ends."""

    def __init__(self, file: IO[bytes]) -> None:
        self.records = 0
        self._file = file

    def take(self, message: Message, topic: str) -> None:
        """Write an acknowledged record under the name *topic*; OSError if the disk does not take it."""
        record = LogRecord(
            topic,
            message.partition() or 0,
            message.offset() or 0,
            message.timestamp()[1],
            _bytes(message.key()),
            _bytes(message.value()),
            tuple((name, _bytes(value)) for name, value in message.headers() or ()),
        )
        self._file.write(encode(record))
        self.records += 1


def _bytes(data: str | bytes | None) -> bytes | None:
    return data.encode() if isinstance(data, str) else data
