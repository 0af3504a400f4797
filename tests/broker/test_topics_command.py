"""`vitrine topics` where there is no Kafka."""

from collections.abc import Callable, Mapping

import pytest
from click.testing import CliRunner

from agents.__main__ import main
from agents.app import needed
from agents.settings import load

COMMANDS = ("plan", "apply")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_broker_that_tells_no_settings_is_named_with_the_cure(
    command: str, embedded: Callable[[Mapping[str, int]], str]
) -> None:
    broker = embedded({name: it.partitions for name, it in needed(load({"VITRINE_PARTITIONS": "2"})).items()})

    found = CliRunner().invoke(main, ["topics", command, "--broker", broker])

    assert found.exit_code == 2
    assert f"the broker at {broker} tells and takes no settings of topics" in found.stderr
    assert "set VITRINE_BROKER to a Kafka" in found.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_broker_that_is_not_there_is_named_with_the_cure(command: str) -> None:
    found = CliRunner().invoke(main, ["topics", command, "--broker", "127.0.0.1:1"])

    assert found.exit_code == 2
    assert found.stderr.count("\n") == 1
    assert "no broker answers at 127.0.0.1:1: start one, or set VITRINE_BROKER" in found.stderr


def test_settings_that_will_not_do_are_named() -> None:
    found = CliRunner().invoke(main, ["topics", "plan"], env={"VITRINE_RETENTION": "P60D"})

    assert found.exit_code == 2
    assert "VITRINE_RETENTION" in found.stderr
