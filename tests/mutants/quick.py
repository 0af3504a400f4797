"""A pytest plugin: state machines find a failure and do not make it small, and their schedules are counted."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine

settings.register_profile("quick", phases=[Phase.generate], database=None, deadline=None)
settings.load_profile("quick")

_MORE = 4
"""Times as many schedules as a test runs by itself: a mistake may take a rare one."""

_begun = time.monotonic()
_schedules = 0
_init = RuleBasedStateMachine.__init__


def _counted(self: Any, *args: Any, **kwargs: Any) -> None:
    global _schedules  # noqa: PLW0603  a plugin is a module
    _schedules += 1
    _init(self, *args, **kwargs)


RuleBasedStateMachine.__init__ = _counted  # type: ignore[method-assign]  # to count


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let state machines run longer."""
    for case in {getattr(item, "cls", None) for item in items}:
        if (its := getattr(case, "settings", None)) is not None:
            case.settings = settings(its, max_examples=_MORE * its.max_examples)  # type: ignore[union-attr]  # it is one


def pytest_collection_finish() -> None:
    """Begin to measure."""
    global _begun  # noqa: PLW0603  a plugin is a module
    _begun = time.monotonic()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell how many schedules were run in how many seconds."""
    del session
    if "SCHEDULES" in os.environ:
        Path(os.environ["SCHEDULES"]).write_text(f"{_schedules} {time.monotonic() - _begun}")
