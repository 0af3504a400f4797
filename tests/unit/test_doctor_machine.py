"""What `vitrine doctor` says of a machine, healthy and broken."""

import shutil
import socket
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from agents.doctor import inference, surroundings, tools
from agents.doctor.finding import Finding, examined, ok, told
from agents.settings import load
from models.api import Models, Vectors
from models.card import ModelError
from tests.doubles import MODELS, WordEmbedder

ARTIFACTS = load({}).models_dir


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(folder: Path, name: str, says: str, code: int = 0) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{says}' >&2\necho '{says}'\nexit {code}\n")
    file.chmod(0o755)


def only(findings: Iterator[Finding]) -> Finding:
    (found,) = findings
    return found


# -- a finding


def test_a_check_that_breaks_is_a_finding_and_hides_nothing() -> None:
    def check() -> Iterator[Finding]:
        yield ok("a", "fine")
        message = "no such luck"
        raise RuntimeError(message)

    fine, broken = examined("a", check)

    assert fine.status == "ok"
    assert (broken.name, broken.status) == ("a", "fail")
    assert "RuntimeError: no such luck" in broken.message
    assert broken.cure


def test_our_own_errors_bring_their_cure() -> None:
    split, whole = told("a", ModelError("x: no card; restore it"), "mend"), told("a", ModelError("x is odd"), "mend")

    assert (split.message, split.cure) == ("x: no card", "restore it")
    assert (whole.message, whole.cure) == ("x is odd", "mend")


# -- tools


def test_an_old_python_fails() -> None:
    assert tools.python((3, 11)).status == tools.python((4, 0)).status == "ok"
    found = tools.python((3, 10))
    assert (found.status, found.message) == ("fail", "3.10 is too old")
    assert "make setup" in found.cure


def test_another_version_of_what_the_engine_knows_fails() -> None:
    assert tools.packages({"aiokafka": "1"}, {"aiokafka": "1"}).status == "ok"
    found = tools.packages({"aiokafka": "2"}, {"aiokafka": "1"})
    assert (found.status, found.message) == ("fail", "aiokafka 2, known is 1")


@pytest.mark.parametrize(
    ("says", "status", "part"),
    [
        ('openjdk version "17.0.9" 2023-10-17', "ok", "17"),
        ('openjdk version "21" 2023-09-19', "ok", "21"),
        ('java version "1.8.0_392"', "warn", "8 is too old"),
        ("what?", "warn", "can't be told"),
    ],
)
def test_java_has_to_be_new_enough(path: Path, says: str, status: str, part: str) -> None:
    program(path, "java", says)

    found = tools.java()

    assert found.status == status
    assert part in found.message
    assert (found.status == "ok") is (not found.cure)


def test_without_java_or_maven_only_tests_lack_something(path: Path) -> None:
    assert list(path.iterdir()) == []
    for found in (tools.java(), tools.maven()):
        assert (found.status, found.message) == ("warn", "not found")
        assert "only the tests" in found.cure


def test_a_program_that_does_not_work_is_as_good_as_none(path: Path) -> None:
    program(path, "java", 'version "17"', code=1)
    (path / "mvn").write_text("no script")
    (path / "mvn").chmod(0o755)

    assert tools.java().message == tools.maven().message == "not found"


def test_maven_tells_its_version(path: Path) -> None:
    program(path, "mvn", "Apache Maven 3.8.7")

    assert tools.maven() == ok("maven", "3.8.7")


# -- settings, disk, port


def test_settings_that_can_be_read_are_named() -> None:
    settings, found = surroundings.configuration({"VITRINE_SEED": "3", "HOME": "x"})

    assert settings is not None
    assert settings.seed == 3
    assert (found.status, found.message) == ("ok", "VITRINE_SEED given")


@pytest.mark.parametrize(
    "variable", ["VITRINE_BROKR", "VITRINE_PARTITIONS", "VITRINE_ENVIRONMENT", "VITRINE_RETENTION"]
)
def test_a_setting_that_will_not_do_fails(variable: str) -> None:
    value = "P60D" if variable == "VITRINE_RETENTION" else "many"
    settings, found = surroundings.configuration({variable: value})

    assert settings is None
    assert found.status == "fail"
    assert variable.removeprefix("VITRINE_").lower() in found.message.lower()
    assert found.cure


def test_a_folder_that_can_be_written_or_made_is_fine(tmp_path: Path) -> None:
    there, disk = surroundings.data_dir(tmp_path, 50 << 30)
    not_yet, _ = surroundings.data_dir(tmp_path / "a" / "b", 50 << 30)

    assert [there.status, not_yet.status, disk.status] == ["ok", "ok", "ok"]
    assert "can be made" in not_yet.message
    assert "50.0 GiB" in disk.message
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "file").touch()
    no_folder = only(surroundings.data_dir(tmp_path / "file" / "stores"))
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)  # root may write everywhere
    refused = only(surroundings.data_dir(tmp_path))

    assert [no_folder.status, refused.status] == ["fail", "fail"]
    assert "is no folder" in no_folder.message
    assert "Permission denied" in refused.message
    assert "VITRINE_DATA_DIR" in refused.cure


@pytest.mark.parametrize(("free", "status"), [(11 << 30, "ok"), (5 << 30, "warn"), (1 << 20, "fail")])
def test_a_disk_has_to_have_room(tmp_path: Path, free: int, status: str) -> None:
    _, disk = surroundings.data_dir(tmp_path, free)

    assert disk.status == status


@pytest.mark.parametrize(("answer", "status"), [(b"ok\n", "ok"), (b"hello\n", "fail")])
def test_a_port_may_be_a_workers_and_nobody_elses(answer: bytes, status: str) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        found = surroundings.web_port("127.0.0.1", server.server_port)
        server.shutdown()
        thread.join()

    assert found.status == status
    assert "VITRINE_WEB_PORT" in found.message + found.cure


def test_a_port_that_is_free_is_fine_and_a_silent_listener_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        taken = surroundings.web_port("127.0.0.1", port)

    assert surroundings.web_port("127.0.0.1", 0).status == "ok"
    assert surroundings.web_port("127.0.0.1", port).status == "ok"
    assert taken.status == "fail"
    assert "VITRINE_WEB_PORT" in taken.cure


def test_a_host_that_is_not_ours_fails() -> None:
    assert surroundings.web_port("no.such.host.invalid", 0).status == "fail"
    assert surroundings.web_port("192.0.2.1", 0).status == "fail"  # for documents, nobody's


# -- models


def test_whole_models_are_named_with_their_version() -> None:
    found = list(inference.cards(ARTIFACTS))

    assert {it.name for it in found} >= {"model embedder", "model interest", "model sentiment-en", "model sentiment-zh"}
    assert {it.status for it in found} == {"ok"}


def test_a_model_that_was_changed_fails_and_the_others_do_not(tmp_path: Path) -> None:
    for name in ("interest", "sentiment-zh"):
        shutil.copytree(ARTIFACTS / name, tmp_path / name)
    with (tmp_path / "interest" / "model.onnx").open("ab") as file:
        file.write(b"x")

    changed, whole = inference.cards(tmp_path)

    assert (changed.name, changed.status, whole.status) == ("model interest", "fail", "ok")
    assert "SHA-256" in changed.message
    assert "restore it" in changed.cure


def test_no_models_at_all_fail(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        found = only(inference.cards(folder))
        assert found.status == "fail"
        assert "VITRINE_MODELS_DIR" in found.cure


def test_models_that_cannot_be_loaded_fail(tmp_path: Path) -> None:
    found = only(inference.inference(load({"VITRINE_MODELS_DIR": str(tmp_path)}), []))

    assert found.status == "fail"
    assert "no card" in found.message


def test_an_unknown_provider_fails_with_its_name() -> None:
    found = only(inference.inference(load({"VITRINE_PROVIDER": "tpu"}), []))

    assert found.status == "fail"
    assert "'tpu' is none of auto, cpu, cuda" in found.message
    assert "VITRINE_PROVIDER" in found.cure


def test_models_that_run_are_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "load", lambda *_, **__: MODELS)

    answers, gpu = inference.inference(load({}), [])

    assert answers.status == gpu.status == "ok"
    assert "sane answers" in answers.message


def test_models_that_give_nonsense_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nonsense(WordEmbedder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            return np.full((len(texts), self.size), np.nan, np.float32)

    broken = Models(Nonsense(), MODELS.sentiment, MODELS.interest)
    monkeypatch.setattr(inference, "load", lambda *_, **__: broken)

    assert only(inference.inference(load({}), [])).status == "fail"


# -- GPU

NO_WHEEL = ["no CUDA: the installed onnxruntime has none, models run on the CPU (make setup GPU=1 installs one)"]
NO_DRIVER = ["no CUDA: minilm@1 could not be started on it (driver or libraries), it runs on the CPU"]
CARD = ["NVIDIA H100"]


@pytest.mark.parametrize(
    ("wanted", "used", "notes", "gpus", "said"),
    [
        ("auto", "cuda", [], CARD, ("ok", "every model runs on it; 1 here: NVIDIA H100")),
        ("auto", "cpu", NO_WHEEL, [], ("ok", "runs on the CPU; none here")),
        ("auto", "cpu", NO_WHEEL, CARD, ("warn", "make setup GPU=1")),
        ("auto", "cpu", NO_DRIVER, CARD, ("warn", "see to the driver")),
        ("cpu", "cpu", [], CARD, ("ok", "as VITRINE_PROVIDER=cpu says")),
        ("cuda", "cpu", NO_WHEEL, CARD, ("fail", "make setup GPU=1")),
        ("cuda", "cpu", NO_WHEEL, [], ("fail", "give this machine a GPU")),
    ],
)
def test_models_run_where_they_should(
    wanted: str, used: str, notes: list[str], gpus: list[str], said: tuple[str, str]
) -> None:
    found = inference.provider(wanted, {"embedder": used, "sentiment": used}, notes, gpus)

    status, part = said
    assert found.status == status
    assert part in f"{found.message} {found.cure}"


def test_one_model_on_the_cpu_is_named() -> None:
    found = inference.provider("auto", {"embedder": "cuda", "sentiment": "cpu"}, NO_DRIVER, CARD)

    assert (found.status, found.message) == ("warn", "on the CPU run sentiment; 1 here: NVIDIA H100")


def test_gpus_are_what_their_driver_says(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "_DRIVER", path / "none")
    assert inference.gpus() == []

    program(path, "nvidia-smi", "NVIDIA H100", code=9)
    assert inference.gpus() == []

    program(path, "nvidia-smi", "NVIDIA H100")
    assert inference.gpus() == ["NVIDIA H100"]
