"""What the demo's --record writes is what lies on a real Kafka, whichever time its topics keep."""

import msgspec.structs
import pytest

from tests.kafka_broker import create_topics
from tests.recordings import TOPICS, recorded


@pytest.mark.parametrize("kept", ["CreateTime", "LogAppendTime"])
def test_a_recording_says_what_lies_on_the_broker(kafka: str, prefix: str, kept: str) -> None:
    create_topics(kafka, {prefix + name: 3 for name in TOPICS}, {"message.timestamp.type": kept})

    ours, theirs = recorded(kafka, prefix, 3)

    assert len(ours) == 100
    assert [msgspec.structs.replace(it, topic=prefix + it.topic) for it in ours] == theirs
