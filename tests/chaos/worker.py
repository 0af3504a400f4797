"""A worker of the chaos harness: the product's own processors, fast models, a tally that survives a kill.

Settings as of `vitrine worker`; CHAOS_MODELS=real loads the shipped models; CHAOS_BREAK breaks a rule (`breaks`).
"""

import faulthandler
import os
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry

from agents.app import build, run
from agents.engine.errors import ConfigurationError
from agents.log import configure
from agents.settings import Settings, load
from agents.shoppers.agent import Shoppers
from agents.wiring import options, stages
from models.api import Models
from tests.chaos import breaks
from tests.doubles import MODELS

_TALLY_SECONDS = 0.2


def main() -> int:
    """Run until a signal comes."""
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    breaks.install(os.environ.get("CHAOS_BREAK", ""))
    settings = load(os.environ)
    configure(settings.log_level)
    try:
        models = models_of(os.environ.get("CHAOS_MODELS", "doubles"))
        app, health = build(settings, stages(settings, models), models, "tests.chaos.worker:lists")
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201  as the command does
        return 2
    path = os.environ.get("CHAOS_COUNTS")
    if path:
        registry = app.engine.metrics.registry
        threading.Thread(target=_tell, args=(registry, Path(path)), name="tally", daemon=True).start()
    return run(app, health)


def lists() -> Shoppers:
    """Return the processor of lists, for a process that makes nothing else."""
    return Shoppers(models_of(os.environ.get("CHAOS_MODELS", "doubles")), options(load(os.environ)))


def models_of(which: str) -> Models:
    """Return the models that ship if *which* is `real`, else fast ones."""
    if which != "real":
        return MODELS
    from models.load import load as load_models  # noqa: PLC0415  a worker that is killed again and again starts fast

    return load_models(Settings().models_dir, provider="cpu", callers=1)


def _tell(registry: CollectorRegistry, path: Path) -> None:
    """Write down again and again what became of records, so that a kill loses a moment of it."""
    new = path.with_suffix(".new")
    while True:
        new.write_bytes(msgspec.json.encode(_tally(registry)))
        new.replace(path)
        time.sleep(_TALLY_SECONDS)


def _tally(registry: CollectorRegistry) -> Counter[str]:
    total: Counter[str] = Counter()
    for metric in registry.collect():
        for sample in metric.samples:
            if sample.name == "vitrine_events_total":
                total[f"{sample.labels['topic']} {sample.labels['outcome']}"] += int(sample.value)
            elif sample.name in {"vitrine_shed_total", "vitrine_state_fenced_total", "vitrine_state_reopened_total"}:
                total[sample.name] += int(sample.value)
    return total


if __name__ == "__main__":
    sys.exit(main())
