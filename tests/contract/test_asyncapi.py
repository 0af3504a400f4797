"""The exported document, as the official parser reads it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agents.__main__ import main
from agents.contract.promises import ACTIONS
from agents.topics import ALL

ERROR, WARNING = 0, 1


@pytest.fixture(scope="session")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("contract")
    assert CliRunner().invoke(main, ["schema", "export", str(folder)]).exit_code == 0
    return json.loads((folder / "asyncapi.json").read_bytes())


def read(parser: Path, document: Any, folder: Path) -> Any:
    path = folder / "asyncapi.json"
    path.write_text(json.dumps(document))
    done = subprocess.run(("node", str(parser), str(path)), check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_the_official_parser_finds_neither_an_error_nor_anything_to_warn_of(
    parser: Path, document: Any, tmp_path: Path
) -> None:
    found = read(parser, document, tmp_path)

    assert [it for it in found["diagnostics"] if it["severity"] in {ERROR, WARNING}] == []
    assert {it["code"] for it in found["diagnostics"]} <= {"asyncapi-latest-version"}


def test_the_official_parser_sees_every_topic_and_what_is_done_with_it(
    parser: Path, document: Any, tmp_path: Path
) -> None:
    found = read(parser, document, tmp_path)

    assert {it["address"]: tuple(sorted(it["operations"])) for it in found["channels"]} == {
        topic.name: tuple(sorted(ACTIONS[topic.name])) for topic in ALL
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("channels", "clicks.v1", "messages", "value"), {"$ref": "#/components/messages/nowhere"}),
        (("operations", "receive/clicks.v1", "action"), "listen"),
        (("components", "schemas", "Search", "required"), "shopper"),
    ],
)
def test_the_official_parser_finds_what_is_wrong(
    parser: Path, document: Any, tmp_path: Path, path: tuple[str, ...], value: Any
) -> None:
    broken = json.loads(json.dumps(document))
    place = broken
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value

    found = read(parser, broken, tmp_path)

    assert any(it["severity"] in {ERROR, WARNING} for it in found["diagnostics"])
