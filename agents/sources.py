"""What brings an item into a list, and how an operator leaves some of that out.

Beside the settings and not with the shoppers, as `agents.weights`.
"""

from typing import Self

PERSONAL = ("search", "recent", "next", "together", "interest", "category")
"""Sources that know the shopper."""
PIN = "pin"
"""A policy put the item into its slot, whoever found it."""
SOURCES = (*PERSONAL, "trending", "new", PIN, "request")
"""All sources; `request`: the page named the items itself."""

OPTIONAL = SOURCES[:-2]
"""Those that a list may do without."""


class Sources(frozenset[str]):
    """The sources that are used; a text such as `-recent,-new` leaves some out."""

    def __new__(cls, text: str = "") -> Self:
        """Raise ValueError, with the cure, for a text that says anything else."""
        left_out = [part.strip() for part in text.split(",") if part.strip()]
        for part in left_out:
            if not part.startswith("-") or part[1:] not in OPTIONAL:
                message = (
                    f"{part!r} leaves out no source; expected some of: {', '.join(f'-{name}' for name in OPTIONAL)}"
                )
                raise ValueError(message)
        return super().__new__(cls, set(SOURCES).difference(part[1:] for part in left_out))

    def __repr__(self) -> str:
        return ",".join(f"-{name}" for name in SOURCES if name not in self)
