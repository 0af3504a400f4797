"""What a machine lacks for some tests: they are skipped, loudly, but for CI, where nothing may be."""

import os

import pytest


def skip_for(lack: str | None) -> None:
    """Skip the test for *lack*, if there is one; with CI=true or REQUIRE_KAFKA=1 it fails."""
    if not lack:
        return
    if os.environ.get("CI") == "true" or os.environ.get("REQUIRE_KAFKA") == "1":
        pytest.fail(lack)
    pytest.skip(lack)
