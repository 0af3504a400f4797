"""Other people's stream processors, from the folder of peers beside the project: built and installed on demand.

The scripts are run as they are; nothing is written to their folder.  What can't be had is named with the reason.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.contenders import Contender, Order
from tests.bench.machine import ROOT, say
from tests.bench.verify import json_field, quix_bytes_field

FOLDER = ROOT.parent / "shared" / "peers"
BUILT = ROOT / ".kafka" / "peers"
REQUIREMENTS = Path(__file__).with_name("peers.txt")
JAVA = BUILT / "kstreams"
PYTHON = BUILT / "venv" / "bin" / "python"
TAIL = 600
"""Characters of what a failed installation said that are repeated."""


def peers(only: tuple[str, ...]) -> tuple[list[Contender], dict[str, str]]:
    """Return the peers that can be run here, and those that can't, with the reason; *only*: names, none for all."""
    if not FOLDER.exists():
        return [], {"peers": "their folder is not beside the project"}
    found: list[Contender] = []
    missing: dict[str, str] = {}
    for name, prepare, all_its in (("kstreams", _build_java, _java()), ("python", _install_python, _python())):
        its = [it for it in all_its if not only or it.name in only]
        try:
            if its:
                prepare()
            found += its
        except (OSError, subprocess.CalledProcessError) as error:
            said = (getattr(error, "stderr", None) or str(error))[-TAIL:]
            missing |= {it.name: f"{name} peers can't be had: {said}" for it in its}
    return found, missing


def _java() -> list[Contender]:
    def command(guarantee: str) -> Callable[[Order], Sequence[str]]:
        path = f"{JAVA / 'classes'}:{JAVA / 'lib'}/*"
        return lambda order: (
            *("java", "-cp", path, "Peer", order.bootstrap, order.topic, str(order.events)),
            *(guarantee, "json"),
        )

    return [
        Contender("kstreams_at_least_once", command("at_least_once"), json_field, peer=True),
        Contender("kstreams_exactly_once", command("exactly_once_v2"), json_field, peer=True),
    ]


def _python() -> list[Contender]:
    return [
        Contender("quix", _script("quix.py", "at-least-once", "json"), json_field, peer=True),
        Contender("quix_bytes", _script("quix.py", "at-least-once", "bytes"), quix_bytes_field, peer=True),
        Contender("bytewax", _script("bytewax_peer.py"), ends_with_topic=True, peer=True),
        Contender("faststream_confluent", _script("faststream_empty.py", "confluent"), slow=True, peer=True),
        Contender("faststream_aiokafka", _script("faststream_empty.py", "aiokafka"), slow=True, peer=True),
    ]


def _script(name: str, *more: str) -> Callable[[Order], Sequence[str]]:
    return lambda order: (
        *(str(PYTHON), "-W", "ignore", str(FOLDER / name)),
        *(order.bootstrap, order.topic, str(order.events), *more),
    )


def _build_java() -> None:
    """Fetch the jars through Maven and compile."""
    if (JAVA / "classes").exists():
        return
    lacks = [tool for tool in ("java", "javac", "mvn") if not shutil.which(tool)]
    if lacks:
        message = f"{' and '.join(lacks)} not found"
        raise OSError(message)
    say("building Kafka Streams' peer ...")
    BUILT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILT) as folder:
        source = FOLDER / "kstreams"
        copy = ("dependency:copy-dependencies", f"-DoutputDirectory={folder}/new/lib")
        _run("mvn", "-q", "-B", "-f", str(source / "pom.xml"), *copy)
        _run("javac", "-cp", f"{folder}/new/lib/*", "-d", f"{folder}/new/classes", str(source / "Peer.java"))
        Path(folder, "new").rename(JAVA)


def _install_python() -> None:
    """Make a venv of the peers' own: they need other versions than we do."""
    done = BUILT / "venv" / REQUIREMENTS.name
    if done.exists() and done.read_bytes() == REQUIREMENTS.read_bytes():
        return
    say("installing the Python peers ...")
    BUILT.mkdir(parents=True, exist_ok=True)
    _run(str(ROOT / ".venv" / "bin" / "python"), "-m", "venv", str(BUILT / "venv"))
    options = ("-q", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:")
    _run(str(PYTHON), "-m", "pip", "install", *options, "-r", str(REQUIREMENTS))
    shutil.copyfile(REQUIREMENTS, done)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
