"""The topics on the broker: which there have to be, what differs, making them so, and what a worker insists on."""

from agents.engine.topics.admin import apply, create, existing, identities, identity, look, settings
from agents.engine.topics.declared import Needed, changelog, needed, read_by, used_by
from agents.engine.topics.planning import Plan, plan
from agents.engine.topics.startup import check, losing

__all__ = [
    "Needed",
    "Plan",
    "apply",
    "changelog",
    "check",
    "create",
    "existing",
    "identities",
    "identity",
    "look",
    "losing",
    "needed",
    "plan",
    "read_by",
    "settings",
    "used_by",
]
