"""`make mutants`: breaks the engine in one place at a time, in a copy; the tests have to notice each mistake."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import click

from tests.mutants.listed import MUTANTS
from tests.mutants.mutant import ROOT, Mutant

_SECONDS = 300
"""A test that takes longer hangs: that, too, is noticed."""
_PASSES = 3
"""Schedules are drawn by lot; a mistake has to be found in one of so many passes."""
_LEFT_OUT = ("__pycache__", "artifacts", "golden", "kafka", "node_modules", ".*")


class Copy:
    """A copy of the tree, in which mistakes are made."""

    def __init__(self, root: Path) -> None:
        self.root = root
        ignore = shutil.ignore_patterns(*_LEFT_OUT)
        for name in ("agents", "schemas", "models", "tests"):
            shutil.copytree(ROOT / name, root / name, ignore=ignore)
        shutil.copy2(ROOT / "pyproject.toml", root)
        subprocess.run([sys.executable, "-m", "compileall", "-q", *root.iterdir()], check=True)

    def test(self, file: str) -> tuple[str, str]:
        """Run the tests of *file*; return `passed`, `failed`, `hangs` or `broken`, and what they said."""
        command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider"]
        command += ["-p", "no:randomly", "-p", "tests.mutants.quick", "-o", f"timeout={_SECONDS}", file]
        env = {**os.environ, "PYTHONPATH": str(self.root), "SCHEDULES": str(self.root / "schedules")}
        nice = shutil.which("nice")
        try:
            ran = subprocess.run(
                [nice, *command] if nice else command,
                cwd=self.root,
                env=env,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "hangs", ""
        return {0: "passed", 1: "failed"}.get(ran.returncode, "broken"), ran.stdout + ran.stderr

    def notices(self, mutant: Mutant) -> tuple[str, int]:
        """Tell what the tests say of *mutant*, and in which pass."""
        path = self.root / mutant.file
        original = path.read_text()
        mutant.apply(self.root)
        try:
            for count in range(1, _PASSES + 1):
                verdict, _ = self.test(mutant.noticed_by)
                if verdict != "passed":
                    return verdict, count
        finally:
            path.write_text(original)
        return "passed", _PASSES


def measure(copy: Copy, file: str) -> None:
    """Run *file* as it is: it must pass, or no failure would mean anything."""
    verdict, said = copy.test(file)
    if verdict != "passed":
        click.echo(f"{file} fails without a mistake in the engine; mend that first\n{said[-3000:]}", err=True)
        raise SystemExit(1)
    schedules, seconds = (copy.root / "schedules").read_text().split()
    if int(schedules):
        click.echo(f"{file}: {schedules} schedules, {int(schedules) / float(seconds):.0f} a second")


@click.command()
@click.argument("words", nargs=-1)
@click.option("--jobs", default=2, show_default=True, help="Mutants tested at the same time.")
def main(words: Sequence[str], jobs: int) -> None:
    """Break the engine in one place at a time, and see whether the tests notice; WORDS choose by file and description.

    \b
    Example: python -m tests.mutants owed
    """
    chosen = [it for it in MUTANTS if all(word in f"{it.file} {it.why}" for word in words)]
    if not chosen:
        click.echo(f"no mutant has {' and '.join(words)} in its file and description", err=True)
        raise SystemExit(2)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(min(jobs, len(chosen))):
            copies.put(Copy(Path(folder) / str(number)))
        first = copies.get()
        for file in dict.fromkeys(it.noticed_by for it in chosen):
            measure(first, file)
        copies.put(first)

        def judge(mutant: Mutant) -> tuple[str, int]:
            copy = copies.get()
            try:
                return copy.notices(mutant)
            finally:
                copies.put(copy)

        survivors, tests = [], ThreadPoolExecutor(jobs)
        for mutant, (verdict, count) in zip(chosen, tests.map(judge, chosen), strict=True):
            told = {"passed": "SURVIVED", "broken": "BROKEN"}.get(verdict, f"{verdict} in pass {count}")
            click.echo(f"{told}: {mutant.name}")
            if verdict in {"passed", "broken"}:
                survivors.append(mutant)
    click.echo(f"{len(chosen) - len(survivors)} of {len(chosen)} noticed in {time.monotonic() - begun:.0f} s")
    for mutant in survivors:
        click.echo(f"not noticed by {mutant.noticed_by}: {mutant.name}")
    raise SystemExit(bool(survivors))


if __name__ == "__main__":
    main()
