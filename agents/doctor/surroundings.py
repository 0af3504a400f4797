"""The place where a worker is to run: settings, disk, port."""

import shutil
import socket
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from agents.app import needed
from agents.doctor.finding import Finding, fail, ok, warn
from agents.engine.errors import ConfigurationError
from agents.settings import PREFIX, Settings, load

SCARCE_BYTES, TOO_FEW_BYTES = 10 << 30, 1 << 30
"""Of free disk: what a shop of a million shoppers fills, and what a first flush and compaction of RocksDB want."""

_ANSWER_SECONDS = 2.0
_HEALTH = ("ok\n", "stopping\n")


def configuration(environ: Mapping[str, str]) -> tuple[Settings | None, Finding]:
    """Read the settings; None if they can't be read."""
    try:
        found = load(environ)
        needed(found)
    except msgspec.ValidationError as error:
        return None, fail("settings", str(error), "mend or unset that variable; agents/settings.py lists them all")
    except ConfigurationError as error:
        return None, fail("settings", str(error), "mend that variable")
    given = sorted(name for name in environ if name.startswith(PREFIX))
    return found, ok("settings", f"{', '.join(given)} given" if given else "all as they come")


def data_dir(path: Path, free: int | None = None) -> Iterator[Finding]:
    """See whether stores can be written below *path*; *free* is the disk's free bytes, measured if not given."""
    there = next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
    cure = "set VITRINE_DATA_DIR to a folder that this user may write"
    if not there.is_dir():
        yield fail("data dir", f"{there} is no folder", cure)
        return
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(4096))
    except OSError as error:
        yield fail("data dir", f"{there} can't be written: {error.strerror}", cure)
        return
    yield ok("data dir", f"{path} can be written" if there == path.absolute() else f"{path} can be made")
    left = shutil.disk_usage(there).free if free is None else free
    told = f"{left / (1 << 30):,.1f} GiB are free for {path}"
    more = "make room, or set VITRINE_DATA_DIR to a larger disk"
    if left < TOO_FEW_BYTES:
        yield fail("disk", told, more)
    elif left < SCARCE_BYTES:
        yield warn("disk", told, more)
    else:
        yield ok("disk", told)


def web_port(host: str, port: int) -> Finding:
    """See whether a worker can listen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except socket.gaierror as error:
        return fail("web port", f"{host} is no address of this machine: {error.strerror}", "set VITRINE_WEB_HOST")
    except OSError as error:
        if _answers(host, port):
            return ok(
                "web port", f"{host}:{port} is a worker's; one more on this machine needs another VITRINE_WEB_PORT"
            )
        return fail(
            "web port", f"{host}:{port} can't be had: {error.strerror}", "set VITRINE_WEB_PORT to a free one, or 0"
        )
    return ok("web port", f"{host}:{port} is free" if port else "any that is free")


def _answers(host: str, port: int) -> bool:
    """Tell whether a worker's health is to be had there."""
    name = f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{name}:{port}/healthz", timeout=_ANSWER_SECONDS) as answer:
            return answer.read(64).decode(errors="replace") in _HEALTH
    except urllib.error.HTTPError as error:
        return error.read(64).decode(errors="replace") in _HEALTH
    except (OSError, ValueError):
        return False
