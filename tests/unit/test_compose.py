"""`docker-compose.yml`, `.env` and the Dockerfile: whole, pinned, and in step with what they start.  No Docker is needed."""

import re
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, cast

import click
import jsonschema
import msgspec
import pytest

from agents.__main__ import COMMANDS, main
from agents.engine.app import _STOP_SECONDS
from agents.settings import PREFIX, Settings
from agents.settings import load as load_settings
from tests.kafka_broker import VERSION, Seat, _settings
from tests.prometheus import CONFIG, ROOT, load

FILE = load(ROOT / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
WORKERS = [name for name in OURS if SERVICES[name]["command"] == ["worker"]]
DOCKERFILE = (ROOT / "ops" / "docker" / "Dockerfile").read_text()
SPECIFICATION = Path(
    str(distribution("check-jsonschema").locate_file("check_jsonschema/builtin_schemas/vendor/compose-spec.json"))
)
"""Read as a file: the package itself can't be imported beside the click that Faust needs."""
IMAGE = re.compile(r"(?P<name>[\w./-]+):v?\d+\.\d+\.\d+(?:-[\w.-]+)?")


def variables(name: str) -> dict[str, str]:
    """Return the environment of a container: the image's, then the service's."""
    image = dict(re.findall(rf"({PREFIX}\w+)=(\S+)", DOCKERFILE))
    return image | {key: str(value) for key, value in SERVICES[name].get("environment", {}).items()}


def mounts() -> list[tuple[str, str, str]]:
    """Return service, file here and place in the container of everything mounted from the project."""
    found = [(name, it.split(":")) for name, service in SERVICES.items() for it in service.get("volumes", ())]
    return [(name, parts[0], parts[1]) for name, parts in found if parts[0].startswith(".")]


def test_it_is_what_the_compose_specification_allows() -> None:
    schema = msgspec.json.decode(SPECIFICATION.read_bytes())

    jsonschema.Draft202012Validator(schema).validate(FILE)

    broken = {"services": {"a": {"imagine": "b"}}}
    assert not jsonschema.Draft202012Validator(schema).is_valid(broken)


def test_every_image_is_pinned_and_kafka_is_the_one_that_is_tested() -> None:
    images = {name: service["image"] for name, service in SERVICES.items()}
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert images["kafka"] == f"apache/kafka:{VERSION}"
    assert all(IMAGE.fullmatch(image) for image in images.values())
    assert all(images[name].startswith(f"vitrine:{version}-") for name in OURS)


def test_kafka_is_set_up_as_in_tests_where_both_speak_of_it() -> None:
    ours = {key[6:].lower().replace("_", "."): str(it) for key, it in SERVICES["kafka"]["environment"].items()}
    theirs = {key: str(value) for key, value in _settings(9092, Seat(1, [9093], "id"), Path("data")).items()}
    places = {key for key in theirs if re.search(r"listener|voters|log\.dirs|num\.partitions", key)}

    common = (ours.keys() & theirs.keys()) - places

    assert len(common) >= 6
    assert {key: ours[key] for key in common} == {key: theirs[key] for key in common}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_and_names_the_broker(name: str) -> None:
    given = load_settings(variables(name))

    assert given.broker == "kafka:19092"
    assert "SERVICES://kafka:19092" in SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_of_vitrines(name: str) -> None:
    assert SERVICES[name]["command"][0] in COMMANDS

    words, command = list(SERVICES[name]["command"]), cast("click.Command | None", main)
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words.pop(0))
    assert command is not None
    command.make_context(name, words)  # a UsageError if it does not take the rest


@pytest.mark.parametrize(("name", "here", "there"), mounts())
def test_everything_mounted_is_there_and_read_only(name: str, here: str, there: str) -> None:
    assert (ROOT / here).exists()
    assert f"{here}:{there}:ro" in SERVICES[name]["volumes"]


def test_prometheus_reads_the_rules_and_finds_the_workers() -> None:
    config, where = load(CONFIG), {there: here for name, here, there in mounts() if name == "prometheus"}
    option = next(it for it in SERVICES["prometheus"]["command"] if it.startswith("--config.file="))
    here = Path(option.removeprefix("--config.file="))
    discovery = next(job for job in config["scrape_configs"] if job["job_name"] == "vitrine")["dns_sd_configs"][0]

    assert ROOT / where[str(here)] == CONFIG
    for pattern in config["rule_files"]:
        folder = ROOT / where[str(here.parent / Path(pattern).parent)]
        assert list(folder.glob(Path(pattern).name))
    for name in WORKERS:
        aliases = SERVICES[name].get("networks", {}).get("default", {}).get("aliases", [])
        assert {*discovery["names"]} <= {name, *aliases}
        assert load_settings(variables(name)).web_host == "0.0.0.0"  # noqa: S104  inside a container
    assert discovery["port"] == Settings().web_port


def test_grafana_shows_a_dashboard_to_everybody_on_this_machine_and_lets_nobody_in() -> None:
    grafana = SERVICES["grafana"]["environment"]
    home = Path(grafana["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    where = {there: here for name, here, there in mounts() if name == "grafana"}

    assert (ROOT / where[str(home.parent)] / home.name).exists()
    assert (grafana["GF_AUTH_ANONYMOUS_ENABLED"], grafana["GF_AUTH_ANONYMOUS_ORG_ROLE"]) == ("true", "Viewer")
    assert grafana["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"


def test_no_port_is_open_beyond_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_profiles_are_the_documented_ones_and_each_is_whole() -> None:
    by_profile = {p: {n for n, it in SERVICES.items() if p in it["profiles"]} for p in ("core", "observability", "gpu")}

    assert by_profile == {
        "core": {"kafka", "topics", "worker"},
        "observability": {"prometheus", "grafana"},
        "gpu": {"kafka", "topics", "worker-gpu"},
    }
    for names in by_profile.values():
        assert all(set(SERVICES[name].get("depends_on", ())) <= names for name in names)
    default = re.search(r"^COMPOSE_PROFILES=(.+)$", (ROOT / ".env").read_text(), re.MULTILINE)
    assert default is not None
    assert set(default[1].split(",")) <= by_profile.keys()


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_has_time_to_stop_and_a_folder_of_its_own(name: str) -> None:
    service = SERVICES[name]

    assert int(service["stop_grace_period"].removesuffix("s")) > _STOP_SECONDS
    assert service["volumes"] == [variables(name)["VITRINE_DATA_DIR"]]  # without a name: not shared when scaled
    assert f"VOLUME {variables(name)['VITRINE_DATA_DIR']}" in DOCKERFILE
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]


def test_the_worker_on_a_gpu_gets_one_and_the_wheel_for_it() -> None:
    gpu, cpu = SERVICES["worker-gpu"], SERVICES["worker"]
    (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]

    assert device["capabilities"] == ["gpu"]
    assert gpu["build"]["args"] == {"REQUIREMENTS": "gpu"}
    assert gpu["image"] != cpu["image"]
    assert load_settings(variables("worker-gpu")).provider == "cuda"


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_healthcheck_is_what_readyz_says(status: int, code: int) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        kind, program, *arguments = SERVICES["worker"]["healthcheck"]["test"]
        asked = [it.replace(f":{Settings().web_port}/", f":{server.server_port}/") for it in arguments]
        done = subprocess.run((sys.executable, *asked), check=False, capture_output=True)
        server.shutdown()

    assert (kind, program) == ("CMD", "python")
    assert asked != arguments
    assert done.returncode == code


def test_the_image_runs_as_nobody_in_particular_and_stops_in_order() -> None:
    final = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    user = re.search(r"^USER (\d+):(\d+)$", final, re.MULTILINE)

    assert user is not None
    assert "0" not in user.groups()
    assert f"-o {user[1]} -g {user[2]} {variables('worker')['VITRINE_DATA_DIR']}" in final
    assert "\nSTOPSIGNAL SIGTERM\n" in final
    assert '\nENTRYPOINT ["vitrine"]\n' in final
    assert "pip install" not in final
    assert f"\nEXPOSE {Settings().web_port}\n" in final


def test_the_image_has_a_python_that_the_project_allows_and_requirements_by_hash() -> None:
    python = re.search(r"^ARG PYTHON=(\d+)\.(\d+)\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]

    assert python is not None
    assert wanted == f">={python[1]}.{python[2]}"
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:${PYTHON}"}
    assert "--require-hashes -r requirements.txt" in DOCKERFILE
    assert {SERVICES[name]["build"]["args"]["REQUIREMENTS"] for name in OURS} == {"cpu", "gpu"}


def test_all_that_the_image_is_built_of_is_there_and_sent() -> None:
    sources = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    paths = {path for line in sources for path in line.replace("${REQUIREMENTS}", "cpu").split()}
    ignore = (ROOT / ".dockerignore").read_text().splitlines()

    assert {"agents", "models", "schemas", "pyproject.toml", "requirements/cpu.txt"} <= paths
    assert all((ROOT / path).exists() for path in paths)
    assert {f"!{path.split('/')[0]}" for path in paths} <= set(ignore)
    assert ignore.index("*") < ignore.index("!agents")
