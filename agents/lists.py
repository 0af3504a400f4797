"""The processor of lists for a process that makes nothing else: see `agents/engine/maker.py`."""

import os

from agents.log import configure
from agents.settings import load
from agents.shoppers.agent import Shoppers
from agents.wiring import options
from models.load import load as load_models


def lists() -> Shoppers:
    """Return it, made of the settings in the environment."""
    settings = load(os.environ)
    configure(settings.log_level)
    models = load_models(settings.models_dir, provider=settings.provider, callers=1)
    return Shoppers(models, options(settings))
