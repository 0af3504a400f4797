"""Python, the packages that are pinned, and what only tests need."""

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping

from agents.doctor.finding import Finding, fail, ok, warn
from agents.engine import private

OLDEST_PYTHON = (3, 11)
OLDEST_JAVA = 17
_ANSWER_SECONDS = 20
_FOR_TESTS = "only the tests on a real Kafka need it"


def python(version: tuple[int, int]) -> Finding:
    """Look at the interpreter; *version*: major and minor."""
    found = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        return fail("python", f"{found} is too old", "make setup PYTHON=python3.11, or later")
    return ok("python", f"{platform.python_version()} at {sys.prefix}")


def packages(installed: Mapping[str, str], known: Mapping[str, str]) -> Finding:
    """Compare the packages whose insides the engine knows: name to version."""
    wrong = [
        f"{name} {version}, known is {known[name]}" for name, version in installed.items() if known[name] != version
    ]
    if wrong:
        return fail("packages", "; ".join(wrong), "install what requirements/ pins: make setup")
    return ok("packages", ", ".join(f"{name} {version}" for name, version in installed.items()))


def java() -> Finding:
    """Look for a Java that runs Kafka."""
    cure = f"install Java {OLDEST_JAVA} or later ({_FOR_TESTS})"
    said = _said("java", "-version")
    if said is None:
        return warn("java", "not found", cure)
    match = re.search(r'version "(?:1\.)?(\d+)', said)
    if match is None:
        return warn("java", f"its version can't be told from {said.splitlines()[:1]}", cure)
    if int(match[1]) < OLDEST_JAVA:
        return warn("java", f"{match[1]} is too old for Kafka", cure)
    return ok("java", match[1])


def maven() -> Finding:
    """Look for the Maven that fetches Kafka."""
    said = _said("mvn", "-v")
    match = re.search(r"Apache Maven (\S+)", said or "")
    if match is None:
        return warn("maven", "not found", f"install Maven ({_FOR_TESTS})")
    return ok("maven", match[1])


def tools() -> Iterator[Finding]:
    """Look at all of them."""
    yield python(sys.version_info[:2])
    yield packages(private.versions(), private.PINNED)
    yield java()
    yield maven()


def _said(*command: str) -> str | None:
    """Return what a program writes, or None if it is not there or does not work."""
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  our own words
            (program, *command[1:]), capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout + done.stderr if done.returncode == 0 else None
