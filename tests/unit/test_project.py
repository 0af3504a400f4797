import importlib
import importlib.metadata
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from agents.__main__ import COMMANDS, main

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
DECISIONS = ROOT / "ops" / "decisions"
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
BUILD = PYPROJECT["build-system"]["requires"]
INSTALLED = {
    "cpu": [*PYPROJECT["project"]["dependencies"], *EXTRAS["cpu"], *BUILD],
    "gpu": [*PYPROJECT["project"]["dependencies"], *EXTRAS["gpu"], *BUILD],
    "dev": EXTRAS["dev"],
    "train": EXTRAS["train"],
}
MACHINE = re.compile(r"(?<![\w.-])/(work|root|farm|home|Users)/[A-Za-z.]")
REGISTRY = re.compile(r"(pypi|pythonhosted|maven\.apache|npmjs|crates|proxy\.golang|download\.pytorch)\.(org|io|com)\b")
DEMO = 'make demo ARGS="--once --events 20000 --seed 7 --report demo.json"'


def pinned(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines():
        if match := re.match(r"([\w.-]+)==([^\s;]+)", line):
            found.setdefault(canonicalize_name(match[1]), []).append(match[2])
    return found


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def texts() -> Iterator[tuple[str, str]]:
    """Every file that is or would be committed and is text."""
    listed = subprocess.run(
        ("git", "ls-files", "-co", "--exclude-standard"), cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.splitlines():
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in content:
            yield name, content.decode()


def leaves(name: str, command: click.Command) -> Iterator[tuple[list[str], click.Command]]:
    if isinstance(command, click.Group):
        for sub in command.commands.values():
            yield from (([name, *path], leaf) for path, leaf in leaves(sub.name or "", sub))
    else:
        yield [name], command


def test_readme_is_short_and_begins_with_the_two_commands() -> None:
    commands = re.findall(r"^(?:make|vitrine) \w+", README, re.MULTILINE)

    assert len(README.splitlines()) <= 150
    assert commands[:2] == ["make demo", "make test"]
    assert DEMO in README


def test_every_make_target_that_is_spoken_of_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    documents = [README, *(path.read_text() for path in (*DECISIONS.glob("*.md"), ROOT / ".ci" / "run"))]

    spoken_of = {name for text in documents for name in re.findall(r"(?:^|`|step )make ([a-z-]+)", text, re.MULTILINE)}

    assert {"demo", "test", "setup", "lock", "test-train"} <= spoken_of <= targets


def test_every_file_that_readme_links_to_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)

    assert len(links) >= 4
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_ci_runs_the_demo_of_the_readme_and_every_test() -> None:
    script = (ROOT / ".ci" / "run").read_text()

    assert all(f"step {line}\n" in script for line in ("make test", "make test-train", DEMO))


def test_check_looks_at_format_lint_types_and_imports() -> None:
    recipe = subprocess.run(("make", "-n", "check"), cwd=ROOT, check=True, capture_output=True, text=True).stdout

    assert all(tool in recipe for tool in ("ruff format --check", "ruff check", "mypy", "lint-imports"))


def test_each_dependency_has_its_reason_and_nothing_else_has() -> None:
    page = (DECISIONS / "dependencies.md").read_text()
    declared = names([text for texts in INSTALLED.values() for text in texts])

    rows = dict(re.findall(r"^\| ([\w.-]+) \| ([^|]+) \|", page, re.MULTILINE))
    del rows["package"]

    assert {canonicalize_name(name) for name in rows} == declared
    assert all(reason.strip() for reason in rows.values())


@pytest.mark.parametrize("name", INSTALLED)
def test_requirements_are_in_step_with_pyproject(name: str) -> None:
    versions = pinned(name)

    for text in INSTALLED[name]:
        requirement = Requirement(text)
        found = versions.get(canonicalize_name(requirement.name), [])
        assert found, f"{requirement} is not in requirements/{name}.txt: make lock"
        assert all(version in requirement.specifier for version in found), f"{requirement}: make lock"


def test_requirements_agree_with_one_another() -> None:
    cpu = pinned("cpu")

    for name in ("dev", "train"):
        both = {package: versions for package, versions in pinned(name).items() if package in cpu}
        assert both == {package: cpu[package] for package in both}


def test_the_two_wheels_of_onnx_runtime_are_never_pinned_together() -> None:
    assert all(len({"onnxruntime", "onnxruntime-gpu"} & pinned(name).keys()) == 1 for name in ("cpu", "gpu"))
    assert not any({"onnxruntime", "onnxruntime-gpu"} & pinned(name).keys() for name in ("dev", "train"))


def test_what_runs_needs_neither_torch_nor_a_test_tool() -> None:
    assert not ({"torch", "transformers", "pytest", "mypy"} & (pinned("cpu").keys() | pinned("gpu").keys()))


def test_no_file_names_a_path_of_a_machine_or_the_host_of_a_registry() -> None:
    found = [
        f"{name}: {match[0]}" for name, text in texts() for rule in (MACHINE, REGISTRY) for match in rule.finditer(text)
    ]

    assert found == []


def test_nobody_else_ships_packages_of_our_names() -> None:
    shipped = importlib.metadata.packages_distributions()

    assert all(set(shipped.get(name, ())) <= {"vitrine"} for name in ("agents", "models", "schemas"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps_with_an_example(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None

    for path, leaf in leaves(name, command):
        shown = CliRunner().invoke(main, [*path, "--help"])
        example = re.search(r"Examples?:\n\s+(?:VITRINE_\w+=\S+ )*vitrine (.+)", shown.output)
        assert shown.exit_code == 0, path
        assert example, path
        assert example[1].split()[: len(path)] == path
        assert leaf.help


def test_each_decision_is_one_page_of_the_same_shape() -> None:
    pages = sorted(DECISIONS.glob("[0-9]*.md"))
    headings = ["## Context", "## Decision", "## Consequences", "## What would change our mind"]

    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        lines = page.read_text().splitlines()
        assert lines[0].startswith(f"# {page.name[:4]} ")
        assert [line for line in lines if line.startswith("## ")] == headings
        assert len(lines) <= 60
