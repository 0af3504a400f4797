"""Findings for people: a table on a terminal, plain lines elsewhere."""

import os
import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.doctor.finding import Finding, Status

_STYLES: dict[Status, str] = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def show(findings: Iterable[Finding]) -> list[Finding]:
    """Print *findings* and return them; a line at a time where nobody watches."""
    if sys.stdout.isatty():
        found = _collected(findings)
        Console(no_color=bool(os.environ.get("NO_COLOR"))).print(table(found))
    else:
        found = []
        for it in findings:
            found.append(it)
            click.echo(line(it))
    click.echo(summary(found))
    return found


def table(findings: Sequence[Finding]) -> Table:
    """Return a table: what was looked at, how it is, and the cure beneath."""
    rows = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for it in findings:
        told = Text(it.message)
        if it.cure:
            told.append(f"\n→ {it.cure}", style="italic")
        rows.add_row(Text(it.status, style=_STYLES[it.status]), it.name, told)
    return rows


def line(finding: Finding) -> str:
    """Return one finding in one line."""
    cure = f" → {finding.cure}" if finding.cure else ""
    return f"{finding.status:<5}{finding.name}: {finding.message}{cure}"


def summary(findings: Sequence[Finding]) -> str:
    """Return what all of it comes to."""
    counts = {status: sum(it.status == status for it in findings) for status in _STYLES}
    verdict = "a worker can't run here yet" if counts["fail"] else "a worker can run here"
    return f"{verdict}: {', '.join(f'{count} {status}' for status, count in counts.items())}"


def _collected(findings: Iterable[Finding]) -> list[Finding]:
    """Gather findings while a line on standard error says how far it is."""
    found: list[Finding] = []
    with Console(stderr=True).status("looking …") as status:
        for it in findings:
            found.append(it)
            status.update(f"looking … {it.name}: {it.status}")
    return found
