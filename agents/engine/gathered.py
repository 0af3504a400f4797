"""What a restore has read of a changelog partition and not written yet: it is written in large steps."""

from collections.abc import Mapping

from rocksdict import WriteBatch

from agents.engine.database import Database

_FULL_RECORDS, _FULL_BYTES = 25_000, 16 << 20
_MANY = 2_000
"""Records from which on a file of their own costs less than going through memory."""


class Gathered:
    """The last value of each key that was read, on its way to *database*."""

    def __init__(self, database: Database) -> None:
        self.ahead = False
        """Whether more was read than is written; records that change nothing count, too."""
        self._database = database
        self._values: dict[bytes, bytes | None] = {}
        self._bytes = 0

    def add(self, values: Mapping[bytes, bytes | None], size: int) -> None:
        """Take *values* of *size* bytes, newer than what is here; None: it was deleted."""
        self._values.update(values)
        self._bytes += size
        self.ahead = True

    @property
    def records(self) -> int:
        """How many there are."""
        return len(self._values)

    @property
    def full(self) -> bool:
        """Whether so much is here that it is to be written before more comes."""
        return len(self._values) >= _FULL_RECORDS or self._bytes >= _FULL_BYTES

    def write(self, key: bytes, value: bytes) -> None:
        """Write all of it, and *value* under *key*, in one step."""
        if len(self._values) >= _MANY:
            self._database.load(sorted([*self._values.items(), (key, value)]))
        else:
            batch = WriteBatch(raw_mode=True)
            for name, content in self._values.items():
                if content is None:
                    batch.delete(name)
                else:
                    batch.put(name, content)
            batch.put(key, value)
            self._database.write(batch)
        self.drop()

    def drop(self) -> None:
        """Forget it: it is written, or not wanted any more."""
        self._values, self._bytes, self.ahead = {}, 0, False
