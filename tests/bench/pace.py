"""Clicks at an even pace: BOOTSTRAP TOPIC EVENTS RATE.  Begins as soon as a group reads TOPIC; says how late it was at most."""

import sys
import time

from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin import AdminClient

from tests.bench.workload import clicks, flush, producer

STEP = 0.01
"""Seconds between two bites."""
PATIENCE = 60.0
SETTLE = 2.0
"""Seconds for a reader to open its state before the first event."""


def main(bootstrap: str, topic: str, events: int, rate: float) -> None:
    records = list(clicks(events))
    out = producer(bootstrap, linger_ms=5, most=events)
    wait_for_reader(bootstrap, topic)
    time.sleep(SETTLE)
    begun, sent, late = time.monotonic(), 0, 0.0
    while sent < events:
        due = min(events, int((time.monotonic() - begun) * rate) + 1)
        late = max(late, (due - sent) / rate)
        for key, value in records[sent:due]:
            out.produce(topic, value, key=key)
        sent = due
        out.poll(0)
        time.sleep(STEP)
    flush(out)
    sys.stdout.write(f"{events / (time.monotonic() - begun):.0f} events/s, {late * 1e3:.0f} ms late at most\n")


def wait_for_reader(bootstrap: str, topic: str) -> None:
    """Return when a member of some group has partitions of *topic*."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        listed = admin.list_consumer_groups(states={ConsumerGroupState.STABLE}).result()
        groups = [group.group_id for group in listed.valid]
        for described in admin.describe_consumer_groups(groups).values() if groups else ():
            for member in described.result().members:
                if member.assignment and any(it.topic == topic for it in member.assignment.topic_partitions):
                    return
        time.sleep(0.1)
    message = f"nobody reads {topic}"
    raise RuntimeError(message)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
