"""A short run of the chaos harness, and what of it needs no broker."""

from pathlib import Path

import pytest

from tests.chaos.report import summary
from tests.chaos.run import run
from tests.chaos.site import Options
from tests.doubles import MODELS
from tests.kafka_broker import missing
from tests.lacks import skip_for


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_nothing_is_lost_doubled_or_wrong_when_workers_and_broker_are_struck(tmp_path: Path) -> None:
    skip_for(missing())

    report = run(Options(seed=8, seconds=20, nodes=1, folder=tmp_path, rate=600), MODELS)

    assert not report.failed, summary(report)
    assert report.actions
    assert report.events_folded_during_faults
