"""A broken rule of the design is noticed by the fast tests, too, not only by chaos (see the table of the package)."""

import subprocess
import sys

import pytest


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("broken", "notices"),
    [
        ("2", "tests/unit/test_engine_outbox.py"),
        ("3-errors", "tests/shell/test_failures.py"),
        ("4", "tests/unit/test_replay_driver.py"),
        ("6", "tests/property/test_engine_partition.py"),
        ("7", "tests/property/test_engine_delivery.py"),
        ("7-restore", "tests/property/test_engine_partition.py"),
    ],
)
def test_a_broken_rule_is_noticed(broken: str, notices: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.broken_pytest", broken, notices],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "1 failed" in done.stdout
