"""A Kafka broker inside this process, for the demo and for tests: librdkafka's mock cluster.

It needs neither Java nor Docker, only the confluent-kafka wheel, whose library exports the (experimental) functions
`rd_kafka_mock_...` of rdkafka_mock.h.  It has no compaction, no transactions and no disk, cannot create topics for
clients, and keeps only about the last 5 MiB of each partition: see `EmbeddedBroker.guard`.
"""

import ctypes
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import confluent_kafka
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin import OffsetSpec as _OffsetSpec  # type: ignore[attr-defined]  # exported, not declared so

from agents import listening

PARTITION_BYTES = 5 * 2**20
"""What a partition keeps; rdkafka_mock.c has this number in its code, not in a setting."""

_offset_spec: Any = _OffsetSpec
_EARLIEST, _LATEST = _offset_spec.earliest(), _offset_spec.latest()
_PRODUCER = 0
_BROKER = 1
"""Id of the only one."""
_POINTER = ctypes.c_void_p
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "rd_kafka_conf_new": (_POINTER, ()),
    "rd_kafka_conf_set": (ctypes.c_int, (_POINTER, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t)),
    "rd_kafka_new": (_POINTER, (ctypes.c_int, _POINTER, ctypes.c_char_p, ctypes.c_size_t)),
    "rd_kafka_destroy": (None, (_POINTER,)),
    "rd_kafka_mock_cluster_new": (_POINTER, (_POINTER, ctypes.c_int)),
    "rd_kafka_mock_cluster_destroy": (None, (_POINTER,)),
    "rd_kafka_mock_cluster_bootstraps": (ctypes.c_char_p, (_POINTER,)),
    "rd_kafka_mock_topic_create": (ctypes.c_int, (_POINTER, ctypes.c_char_p, ctypes.c_int, ctypes.c_int)),
    "rd_kafka_mock_broker_set_host_port": (ctypes.c_int, (_POINTER, ctypes.c_int32, ctypes.c_char_p, ctypes.c_int32)),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, (_POINTER, ctypes.c_int32)),
}
_JOIN_DELAY_MS = 100
"""How long a new group waits for more members; 3 s by default."""


class EmbeddedBrokerError(Exception):
    """The embedded broker cannot start, or was asked for what it cannot do.

    *Operator action:* use a real Kafka (`--broker HOST:PORT`).
    """


class RecordsDroppedError(Exception):
    """The embedded broker threw records away before they were read.

    *Operator action:* more partitions, a lower rate, or a real Kafka (`--broker HOST:PORT`).
    """


class Partition(NamedTuple):
    """One partition of a topic; the topic's name with its prefix."""

    topic: str
    number: int


class Watermarks(NamedTuple):
    """The offsets that a partition holds: from *low*, and *high* is the next one to be written."""

    low: int
    high: int


class EmbeddedBroker:
    """A broker on a port of 127.0.0.1 from entering the context to leaving it; all its data go with it."""

    def __init__(self, topics: Mapping[str, int], port: int = 0) -> None:
        """Prepare a broker that has *topics*: name to number of partitions; *port* 0: any that is free.

        Others come into being, with four partitions, when a client asks for them.
        """
        self.topics = dict(topics)
        self.bootstrap = ""
        """Where clients connect: `host:port`."""
        self._port = port
        self._library: Any = None
        self._handle: Any = None
        self._cluster: Any = None

    def __enter__(self) -> Self:
        self._library = _load()
        with _signals_elsewhere():
            self._handle = _client(self._library)
            self._cluster = self._library.rd_kafka_mock_cluster_new(self._handle, 1)
        if not self._cluster:
            self._library.rd_kafka_destroy(self._handle)
            message = "librdkafka's mock cluster does not start: no free port on 127.0.0.1?"
            raise EmbeddedBrokerError(message)
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, _JOIN_DELAY_MS)
        for name, partitions in self.topics.items():
            self._create(name, partitions)
        self.bootstrap = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        if self._port:
            try:
                self._move()
            except BaseException:
                self.__exit__(None, None, None)
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._handle)
        self._cluster = self._handle = None

    def watermarks(self, topics: Iterable[str] | None = None) -> dict[Partition, Watermarks]:
        """Return what each partition of *topics* holds; by default of all that were given at the start."""
        asked = [
            confluent_kafka.TopicPartition(topic, number)
            for topic in (self.topics if topics is None else topics)
            for number in range(self.topics[topic])
        ]
        client = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        low = client.list_offsets(dict.fromkeys(asked, _EARLIEST))
        high = client.list_offsets(dict.fromkeys(asked, _LATEST))
        return {
            Partition(it.topic, it.partition): Watermarks(low[it].result().offset, high[it].result().offset)
            for it in asked
        }

    def guard(self, unread: Mapping[Partition, int]) -> None:
        """Raise `RecordsDroppedError` if a partition has dropped its record at the offset *unread*, or later ones."""
        marks = self.watermarks({partition.topic: None for partition in unread})
        for partition, offset in unread.items():
            if marks[partition].low > offset:
                message = (
                    f"{partition.topic}/{partition.number}: the embedded broker dropped unread records, offsets {offset} "
                    f"to {marks[partition].low - 1}. It keeps {PARTITION_BYTES >> 20} MiB a partition: use more "
                    "partitions, a lower rate, or a real Kafka (--broker HOST:PORT)"
                )
                raise RecordsDroppedError(message)

    def _move(self) -> None:
        """Take the port that was asked for: the mock cluster takes any, and can only be told to name another one."""
        host, _, port = self.bootstrap.partition(":")
        try:
            listening.move(host, int(port), self._port)
        except OSError as error:
            message = f"The embedded broker can't have port {self._port} of {host}: {error.strerror or error}"
            raise EmbeddedBrokerError(message) from error
        self._library.rd_kafka_mock_broker_set_host_port(self._cluster, _BROKER, host.encode(), self._port)
        self.bootstrap = f"{host}:{self._port}"

    def _create(self, name: str, partitions: int) -> None:
        error = self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)
        if error:
            message = f"The embedded broker cannot create the topic {name} with {partitions} partitions: error {error}"
            raise EmbeddedBrokerError(message)


@contextmanager
def _signals_elsewhere() -> Iterator[None]:
    """Let threads that are started now get no signals: the mock's ends at the first one, and the broker with it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _load() -> ctypes.CDLL:
    """Return the library of the confluent-kafka wheel, with the signatures of what is used."""
    package = Path(confluent_kafka.__file__).parent
    found = [
        *package.with_name("confluent_kafka.libs").glob("librdkafka-*.so*"),
        *package.joinpath(".dylibs").glob("librdkafka*.dylib"),
    ]
    if not found:
        message = (
            "The confluent-kafka that is installed brings no librdkafka of its own, so there is no embedded broker: "
            "install its binary wheel from the package index, or use a real Kafka (--broker HOST:PORT)"
        )
        raise EmbeddedBrokerError(message)
    library = ctypes.CDLL(str(found[0]))
    for name, (result, arguments) in _SIGNATURES.items():
        try:
            function = getattr(library, name)
        except AttributeError as error:
            message = (
                f"librdkafka {confluent_kafka.libversion()[0]} has no {name}: install the confluent-kafka of the "
                "requirements, or use a real Kafka (--broker HOST:PORT)"
            )
            raise EmbeddedBrokerError(message) from error
        function.restype, function.argtypes = result, arguments
    return library


def _client(library: Any) -> Any:
    """Return the librdkafka client that the cluster lives in; it connects nowhere."""
    text = ctypes.create_string_buffer(512)
    configuration = library.rd_kafka_conf_new()
    library.rd_kafka_conf_set(configuration, b"log_level", b"3", text, len(text))
    handle = library.rd_kafka_new(_PRODUCER, configuration, text, len(text))
    if not handle:
        message = f"librdkafka does not start: {text.value.decode()}"
        raise EmbeddedBrokerError(message)
    return handle
