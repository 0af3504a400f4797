"""What a check found."""

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

Status = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True):
    """One line of the report."""

    name: str
    status: Status
    """`fail`: a worker does not start, or loses something; `warn`: it runs, and something is worth a look."""
    message: str
    cure: str = ""
    """What to do; empty only if all is well."""


Check = Callable[[], Iterable[Finding]]


def ok(name: str, message: str) -> Finding:
    """Return a line that all is well."""
    return Finding(name, "ok", message)


def warn(name: str, message: str, cure: str) -> Finding:
    """Return a line worth a look."""
    return Finding(name, "warn", message, cure)


def fail(name: str, message: str, cure: str) -> Finding:
    """Return a line of what has to be mended."""
    return Finding(name, "fail", message, cure)


def told(name: str, error: Exception, otherwise: str) -> Finding:
    """Return what one of our own errors says; its cure is behind the last semicolon, *otherwise* if there is none."""
    text = str(error)
    message, _, cure = text.rpartition("; ")
    return fail(name, message, cure) if message else fail(name, text, otherwise)


def examined(name: str, check: Check) -> list[Finding]:
    """Return what *check* finds; that it breaks is a finding too, so that one broken part hides no other."""
    findings: list[Finding] = []
    try:
        findings.extend(check())
    except Exception as error:  # noqa: BLE001  whatever is broken here, the other checks go on
        findings.append(fail(name, f"this check broke: {type(error).__name__}: {error}", "report it; the others count"))
    return findings
