"""Runs pytest with a broken rule: `python -m tests.chaos.broken_pytest 6 tests/property/test_engine_partition.py`."""

import sys

import pytest

from tests.chaos import breaks


class Breaking:
    """A plugin that breaks a rule before any test is imported."""

    def __init__(self, name: str) -> None:
        self._name = name

    def pytest_configure(self) -> None:
        """Break the rule.  That something fails is enough: no time is spent on the smallest example."""
        from hypothesis import Phase, settings  # noqa: PLC0415  pytest has to see it come

        breaks.install(self._name)
        settings.register_profile("first", phases=(Phase.explicit, Phase.generate), database=None)
        settings.load_profile("first")


if __name__ == "__main__":
    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", "--tb=line"]
    sys.exit(pytest.main([*options, *sys.argv[2:]], plugins=[Breaking(sys.argv[1])]))
