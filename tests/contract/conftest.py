"""Node and the official parser of AsyncAPI, in a folder that git does not know."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.lacks import skip_for

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".node" / "contract"
FILES = ("package.json", "package-lock.json", "parse.js")


@pytest.fixture(scope="session")
def parser() -> Path:
    """Return the program that reads a document, with what it needs beside it."""
    lacks = [name for name in ("node", "npm") if shutil.which(name) is None]
    skip_for(f"no {' and no '.join(lacks)}: the official parser of AsyncAPI needs Node 20 or later" if lacks else None)
    if not _is_installed():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copy(HERE / name, INSTALLED / name)
        done = subprocess.run(
            ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
            cwd=INSTALLED,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    return INSTALLED / "parse.js"


def _is_installed() -> bool:
    """Tell whether an earlier session installed just this; npm writes its own list last."""
    same = all(
        (INSTALLED / name).is_file() and (INSTALLED / name).read_bytes() == (HERE / name).read_bytes() for name in FILES
    )
    return same and (INSTALLED / "node_modules" / ".package-lock.json").is_file()
