"""Each line of `ops/examples/kcat.md` runs, and every topic has one."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.intake import partition_of
from agents.topics import ALL, CATALOG, CLICKS, COPY, DECISIONS, ITEM_CARDS, PRODUCED, RECOMMENDATIONS
from tests.storefront import EXAMPLES, PARTITIONS, Shop, need, open_shop

PAGE = (EXAMPLES / "kcat.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SETTINGS, *STEPS = BLOCKS
SPY = """#!/usr/bin/env bash
printf '%s\\n' "$*" >> {log}
exec {kcat} "$@"
"""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def shop(kafka: str, tmp_path: Path) -> Iterator[Shop]:
    with open_shop(kafka, tmp_path) as found:
        yield found


class Shell:
    """Runs blocks of the page, and notes how kcat was called."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        need("kcat", "bash")
        self.log = folder / "calls"
        spy = folder / "bin" / "kcat"
        spy.parent.mkdir()
        spy.write_text(SPY.format(log=self.log, kcat=shutil.which("kcat")))
        spy.chmod(0o755)
        self.variables = {**os.environ, **shop.variables, "PATH": f"{spy.parent}:{os.environ['PATH']}"}

    def run(self, block: str) -> str:
        script = ["bash", "-euo", "pipefail", "-c", SETTINGS + block]
        done = subprocess.run(script, env=self.variables, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stderr) == (0, ""), block
        return done.stdout

    def topics(self, mode: str) -> list[str]:
        """Return the topics that kcat was called for in a mode, `-P` or `-C`, without the prefix."""
        calls = (line.split() for line in self.log.read_text().splitlines())
        prefix = self.variables["VITRINE_TOPIC_PREFIX"]
        return [call[call.index("-t") + 1].removeprefix(prefix) for call in calls if mode in call]


def test_every_topic_has_a_line_and_every_line_does_what_the_page_says(shop: Shop, tmp_path: Path) -> None:
    shell = Shell(shop, tmp_path)
    produce = [block for block in STEPS if re.search(r"\bput\b", block)]
    consume = [block for block in STEPS if block not in produce]

    first, *others = produce
    shell.run(first)
    shop.settle()
    for block in (
        *others,
        "echo 'ada|{' | put clicks.v1\n",
        'echo \'bob|{"shopper":"ada","query":"","at":"\'$now\'"}\' | put searches.v1\n',
    ):
        shell.run(block)
    shop.settle()
    seen = {block: shell.run(block) for block in consume}
    before = len(shop.deployment.read(CLICKS.name))
    shell.run(first)
    shop.settle()

    assert set(shell.topics("-P")) == {topic.name for topic in PRODUCED}
    assert set(shell.topics("-C")) == {topic.name for topic in ALL}
    assert all(output.strip() for output in seen.values())
    everything = "\n".join(seen.values())
    assert "__dlq.errors.reason=undecodable" in everything
    assert re.search(r"^ada came by .*__rekey.topic=searches.v1", everything, re.MULTILINE)
    for topic in PRODUCED:
        for message in shop.deployment.read(topic.name):
            if message.key() != b"bob":
                assert message.partition() == partition_of(message.key(), PARTITIONS)
    for topic in (RECOMMENDATIONS, COPY, DECISIONS, ITEM_CARDS):
        assert shop.deployment.read(topic.name)
    assert shop.counted(CATALOG, "folded") == 7
    assert shop.counted(CLICKS, "folded") == 2
    assert shop.counted(CLICKS, "duplicate") == len(shop.deployment.read(CLICKS.name)) - before == 2
