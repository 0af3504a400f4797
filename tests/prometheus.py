"""Debian's Prometheus and promtool for tests: found, or missing out loud; and a server of our own."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from ruamel.yaml import YAML

from agents.shop.worker import free_port
from tests.lacks import skip_for

ROOT = Path(__file__).parents[1]
ALERTS = ROOT / "ops" / "alerts"
CONFIG = ROOT / "ops" / "prometheus" / "prometheus.yml"
HOST = "127.0.0.1"
READY_SECONDS = 60


def tool(name: str) -> str:
    """Return the path of `prometheus` or `promtool`; without it skip, but fail where CI must not skip."""
    found = shutil.which(name)
    skip_for(None if found else f"{name} not found: make setup-tools")
    return found or name


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool; what it says is in stdout and stderr."""
    return subprocess.run((tool("promtool"), *arguments), check=False, capture_output=True, text=True)


def load(path: Path) -> Any:
    """Return a YAML file as plain data."""
    return YAML(typ="safe").load(path)


def rules() -> list[dict[str, Any]]:
    """Return every recording and alerting rule."""
    return [rule for path in sorted(ALERTS.glob("*.yml")) for group in load(path)["groups"] for rule in group["rules"]]


class Server:
    """A running Prometheus."""

    def __init__(self, port: int) -> None:
        self.port = port

    def query(self, expression: str) -> list[Any]:
        """Return the vector, [] if there is none; an AssertionError if the server does not take the expression."""
        answer = self.get("/api/v1/query?" + urlencode({"query": expression}))
        assert answer is not None
        assert answer["status"] == "success", (expression, answer.get("error"))
        result = answer["data"]["result"]
        return [[{}, result]] if answer["data"]["resultType"] == "scalar" else result

    def get(self, path: str) -> Any:
        """Return the JSON at *path*, None if there is no answer."""
        with contextlib.closing(HTTPConnection(HOST, self.port, timeout=10)) as connection:
            try:
                connection.request("GET", path)
                return msgspec.json.decode(connection.getresponse().read())
            except (OSError, HTTPException, msgspec.DecodeError):
                return None


@contextlib.contextmanager
def serving(config: Mapping[str, Any], folder: Path) -> Iterator[Server]:
    """Run Prometheus with *config* and its data in *folder*, on a free port."""
    folder.mkdir(parents=True, exist_ok=True)
    path, port = folder / "prometheus.yml", free_port()
    path.write_bytes(msgspec.json.encode(config))  # JSON is YAML
    command = (tool("prometheus"), f"--config.file={path}", f"--storage.tsdb.path={folder / 'data'}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            (*command, f"--web.listen-address={HOST}:{port}"), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        server, end = Server(port), time.monotonic() + READY_SECONDS
        while server.get("/api/v1/status/buildinfo") is None:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
