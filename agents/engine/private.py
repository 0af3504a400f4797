"""Every name of Faust, mode and aiokafka that is not public and is used here; a test checks that each still means the same.

Beside the functions below, `consumer.py` overrides Faust's `Consumer._drain_messages`, `._commit_handler`, `._new_consumer_thread` and
`AIOKafkaConsumerThread._create_worker_consumer`, and calls `Consumer._commit` and `._thread`; `channels.py` sets
`Channel._queue`; `membership.py` overrides `GroupCoordinator._send_req` and `._on_join_complete`, and calls
`._lookup_assignor` and `._group_instance_id`; `fetcher.py` stands between `Fetcher` and its `_client`, overrides
`.fetched_records`, `.close` and `._get_actions_per_node` with all that this one reads, and takes over all that a `FetchRequest`
holds; `unpacking.py` overrides `PartitionRecords._consumer_record` and reads `._records_iterator`, and uses
what `FetchResult` knows.  It also relies on an order: a revoke and a shutdown call `wait_empty()`.
"""

from collections.abc import Callable, Collection, Mapping
from importlib.metadata import version
from typing import Any

import aiokafka.consumer.consumer
import aiokafka.consumer.fetcher

from agents.engine.fetcher import SessionFetcher
from agents.engine.membership import Coordinator
from agents.engine.unpacking import Fetched, WholeBatches

PINNED = {"faust-streaming": "0.15.3", "mode-streaming": "0.7.1", "aiokafka": "0.14.0"}
"""The versions whose insides are known."""

OVERRIDDEN = ("_drain_messages", "_new_consumer_thread", "_commit")
"""Methods of Faust's consumer."""

OVERRIDDEN_TASKS = ("_commit_handler",)
"""Tasks of Faust's consumer: under another name, Faust's own would run beside ours."""

OVERRIDDEN_THREAD = ("_create_worker_consumer", "_ensure_consumer")
"""Methods of its thread."""

OVERRIDDEN_COORDINATOR = ("_send_req", "_on_join_complete", "_lookup_assignor")
"""Methods of aiokafka's coordinator."""

OVERRIDDEN_FETCHER = ("fetched_records", "close", "_get_actions_per_node", "_proc_fetch_request")
"""Methods of aiokafka's fetcher, and the one that calls the client in between."""


def versions() -> dict[str, str]:
    """Return the installed version of each package in PINNED."""
    return {name: version(name) for name in PINNED}


def configure(consumer: Any, wait_ms: int) -> None:
    """Let a group consumer that has not started see committed records only, and poll for *wait_ms* at most.

    Faust ties the first to exactly_once, and has 1,500 for the second.
    """
    consumer._isolation_level = "read_committed"  # noqa: SLF001  see the module
    consumer._fetch_max_wait_ms = wait_ms  # noqa: SLF001  see the module


def consumer(thread: Any) -> Any:
    """Return the aiokafka consumer of Faust's thread."""
    return thread._ensure_consumer()  # noqa: SLF001  see the module


def states(group_consumer: Any) -> Mapping[Any, Any]:
    """Return partition to what aiokafka knows of it, as it is now and as it will be; nothing while none is assigned."""
    subscription = group_consumer._subscription.subscription  # noqa: SLF001  see the module
    if subscription is None or subscription.assignment is None:
        return {}
    found: Mapping[Any, Any] = subscription.assignment._tp_state  # noqa: SLF001  see the module
    return found


def use_batches() -> None:
    """Let aiokafka return its parsed records as they are, a batch at a time, in the whole process."""
    fetcher: Any = aiokafka.consumer.fetcher
    fetcher.PartitionRecords, fetcher.FetchResult = WholeBatches, Fetched


def use_coordinator() -> None:
    """Let aiokafka's group consumers have our coordinator, in the whole process."""
    aiokafka.consumer.consumer.GroupCoordinator = Coordinator


def use_sessions(patient: Collection[str]) -> None:
    """Let aiokafka's consumers fetch in sessions, in the whole process; *patient* topics can wait."""
    SessionFetcher.patient = patient
    aiokafka.consumer.consumer.Fetcher = SessionFetcher


def when_fenced(group_consumer: Any, fenced: Callable[[], None]) -> None:
    """Have *fenced* called, in the thread of a started consumer, when another worker has its instance id."""
    group_consumer._coordinator.fenced = fenced  # noqa: SLF001  see the module
