"""What the demo's --record writes is what lies on the embedded broker."""

from collections.abc import Callable, Mapping

from tests.recordings import TOPICS, recorded


def test_a_recording_says_what_lies_on_the_broker(embedded: Callable[[Mapping[str, int]], str]) -> None:
    ours, theirs = recorded(embedded(dict.fromkeys(TOPICS, 3)), "", 3)

    assert len(ours) == 100
    assert ours == theirs
