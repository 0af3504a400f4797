"""Which processors there are; both drivers run these."""

from agents.items.agent import Items
from agents.outcomes.agent import Outcomes
from agents.processor import Folder, Stage
from agents.reviews.agent import Reviews
from agents.settings import Settings
from agents.shoppers.agent import Shoppers
from agents.shoppers.options import Options
from models.api import Models


def stages(settings: Settings, models: Models) -> tuple[Stage, ...]:
    """Return the processors, each with the models and the part of the settings that it needs."""
    return Shoppers(models, options(settings)), Reviews(models), Items(models), Outcomes()


def options(settings: Settings) -> Options:
    """Return what of the settings concerns lists."""
    return Options(
        list_size=settings.list_size,
        list_lifetime=settings.list_lifetime,
        explore=settings.explore,
        decisions=settings.decisions,
        crowding=settings.crowding,
        sources=settings.sources,
        weights=dict(settings.weights),
        seed=settings.seed,
        lifetime=settings.profile_lifetime,
    )


KINDS: tuple[type[Stage], ...] = (Shoppers, Reviews, Items, Outcomes)
"""The processors as classes: what they read can be looked at without a model."""

KEEPERS: dict[str, type[Folder]] = {kind.name: kind for kind in KINDS if issubclass(kind, Folder)}
"""The processors that keep state, each in a changelog, by name."""

FOLDERS = tuple(KEEPERS)
