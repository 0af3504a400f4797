"""What a worker does with a record of a view that it can't read."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from agents.engine.views import ViewReader
from agents.metrics import Metrics
from agents.processor import View
from agents.topics import POLICIES
from schemas.policies import Hide
from tests.shoppers import START


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [(b"sale", b'{"kind":"hide"}', "sale"), (b"sale", b"\xff", "sale"), (b"\xff", b"{}", "\\xff")],
)
def test_a_record_that_can_not_be_read_is_told_by_its_key_and_what_was_before_it_stays(
    key: bytes, value: bytes, told: str
) -> None:
    held: dict[str, Any] = {}
    metrics = Metrics(CollectorRegistry())
    reader = ViewReader("", [View(POLICIES, held.__setitem__)], {POLICIES.name: 1}, str, metrics, 0)
    policy = Hide(policy="sale", at=START)

    with capture_logs() as logs:
        reader._apply(POLICIES.name, SimpleNamespace(key=b"sale", value=msgspec.json.encode(policy), offset=0))
        reader._apply(POLICIES.name, SimpleNamespace(key=key, value=value, offset=1))

    assert held == {"sale": policy}
    assert [(it["topic"], it["key"], it["offset"]) for it in logs] == [(POLICIES.name, told, 1)]
    counted = (metrics.views.labels(POLICIES.name, name)._value.get() for name in ("applied", "undecodable"))
    assert list(counted) == [1, 1]
