"""`vitrine worker`: run the agents."""

import faulthandler
import os
import sys

import click
import structlog

from agents.app import build, run
from agents.engine.errors import ConfigurationError
from agents.log import configure
from agents.replay.terminal import UnusableError, settings
from agents.settings import Settings
from agents.wiring import stages
from models.api import Models
from models.card import ModelError
from models.load import load

log = structlog.get_logger(__name__)


@click.command()
def command() -> None:
    """Run the agents until a signal comes.

    Settings are variables VITRINE_...; `/metrics`, `/healthz` and `/readyz` answer on VITRINE_WEB_PORT.

    \b
    Example:
      VITRINE_BROKER=localhost:9092 VITRINE_WEB_PORT=6066 vitrine worker
    """  # noqa: D301  click's mark for lines that stay as they are
    faulthandler.enable()
    chosen = settings(os.environ)
    try:
        configure(chosen.log_level)
        models = _models(chosen)
        app, health = build(chosen, stages(chosen, models), models)
    except (ConfigurationError, ModelError, ValueError) as error:
        raise UnusableError(str(error)) from error
    sys.exit(run(app, health))


def _models(chosen: Settings) -> Models:
    models = load(chosen.models_dir, provider=chosen.provider, callers=chosen.callers)
    for name, model in models.loaded().items():
        about = {key: found for key in ("provider", "note", "warm_up") if (found := getattr(model, key, None))}
        log.info("model loaded", model=name, version=model.version, **about)
    return models
