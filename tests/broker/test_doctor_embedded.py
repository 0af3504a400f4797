"""`vitrine doctor` on the embedded broker: it can't tell everything, and that is no failure."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from click.testing import CliRunner

from agents.__main__ import main
from agents.app import needed
from agents.settings import load


def test_what_an_embedded_broker_does_not_tell_is_a_warning(
    embedded: Callable[[Mapping[str, int]], str], tmp_path: Path
) -> None:
    variables = {"VITRINE_PARTITIONS": "2", "VITRINE_WEB_PORT": "0", "VITRINE_DATA_DIR": str(tmp_path)}
    broker = embedded({name: it.partitions for name, it in needed(load(variables)).items()})

    found = CliRunner().invoke(main, ["doctor", "--json", "--broker", broker], env=variables)

    told = {it["name"]: it for it in json.loads(found.stdout)["findings"]}
    assert found.exit_code == 0, found.output
    assert [told[name]["status"] for name in ("broker", "listeners", "topics", "partitions")] == ["ok"] * 4
    for name in ("topic settings", "workers", "clock"):
        assert told[name]["status"] == "warn"
        assert told[name]["message"].startswith("not c")
        assert told[name]["cure"]
