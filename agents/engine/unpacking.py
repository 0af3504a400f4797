"""Records as aiokafka parses them, a batch at a time: its own way runs a generator for each of them."""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer.fetcher import FetchResult, PartitionRecords


class WholeBatches(PartitionRecords):  # type: ignore[misc]  # aiokafka has no types
    """What one answer holds of a partition.  Aborted transactions, control records and positions stay aiokafka's work."""

    def __init__(self, tp: Any, records: Any, *args: Any) -> None:
        super().__init__(tp, _Batches(records), *args)
        self.read = False
        """Whether all was taken."""
        self._rest: list[Any] = []

    def take(self, limit: int | None) -> list[Any]:
        """Return the records that come next, *limit* at most; a position behind them is set."""
        found, self._rest = self._rest, []
        while limit is None or len(found) < limit:
            whole = next(self._records_iterator, None)
            if whole is None:
                self.read = True
                return found
            found += whole
        found, self._rest = found[:limit], found[limit:]
        self.next_fetch_offset = found[-1].offset + 1
        return found

    def __next__(self) -> Any:
        for record in self.take(1):
            return record
        raise StopIteration

    def _consumer_record(self, tp: Any, whole: "_Whole") -> list[Any]:
        """Return the records of a batch, without those before the position."""
        del tp
        records, first = whole.records, self.next_fetch_offset
        return records if records[0].offset >= first else [it for it in records if it.offset >= first]


class Fetched(FetchResult):  # type: ignore[misc]  # aiokafka has no types
    """Gives the records of `WholeBatches`."""

    _partition_records: WholeBatches | None

    def getall(self, max_records: int | None = None) -> list[Any]:
        """Return the next records, *max_records* at most, and move the consumer's position behind them."""
        if not self.check_assignment(self._topic_partition) or self._partition_records is None:
            return []
        records = self._partition_records
        found = records.take(max_records)
        self._update_position()
        if records.read:
            self._partition_records = None
        return found


class _Whole:
    """The records of a batch, in the place of one: aiokafka looks at the offset only."""

    def __init__(self, records: list[Any]) -> None:
        self.records = records
        self.offset: int = records[-1].offset


class _Batch:
    """A batch with one `_Whole` in it, if it holds any record."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[_Whole]:
        records = list(self._batch)
        return iter([_Whole(records)] if records else [])

    def __next__(self) -> Any:
        """Return a control record."""
        return next(self._batch)


class _Batches:
    """The batches of an answer."""

    def __init__(self, records: Any) -> None:
        self.has_next = records.has_next
        self._records = records

    def next_batch(self) -> _Batch:
        return _Batch(self._records.next_batch())
