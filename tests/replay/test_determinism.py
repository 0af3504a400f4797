import os
import subprocess
import sys
from pathlib import Path

from tests.replay import shop_log

ROOT = Path(__file__).parents[2]
REAL = ("-m", "agents", "replay")
DOUBLES = (
    "-c",
    "import agents.commands.replay as it; from tests.doubles import MODELS; it.load = lambda *_, **__: MODELS; it.command()",
)
ONE = {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C", "VITRINE_CALLERS": "1"}
OTHER = {"PYTHONHASHSEED": "2", "TZ": "Asia/Shanghai", "LC_ALL": "C.UTF-8", "VITRINE_CALLERS": "3"}


def replay(program: tuple[str, ...], log: Path, folder: Path, environ: dict[str, str]) -> tuple[bytes, bytes]:
    """Return the outputs and the states of a replay in a process of its own."""
    folder.mkdir()
    out, state = folder / "out.jsonl.gz", folder / "state.jsonl.zst"
    arguments = [str(log), "--out", str(out), "--state", str(state), "--partitions", str(shop_log.PARTITIONS)]
    subprocess.run([sys.executable, *program, *arguments], cwd=ROOT, env=os.environ | environ, check=True)
    return out.read_bytes(), state.read_bytes()


def test_two_replays_give_the_same_bytes_whatever_the_process_is_like(tmp_path: Path) -> None:
    log = shop_log.write(tmp_path / "log.jsonl.zst")

    one, other = (replay(DOUBLES, log, tmp_path / name, environ) for name, environ in (("1", ONE), ("2", OTHER)))

    assert one == other
    assert len(one[0]) > 10_000


def test_two_replays_with_the_real_models_give_the_same_bytes(tmp_path: Path) -> None:
    log = shop_log.write(tmp_path / "log.jsonl.zst")

    one, other = (replay(REAL, log, tmp_path / name, environ) for name, environ in (("1", ONE), ("2", OTHER)))

    assert one == other
    assert len(one[0]) > 10_000
