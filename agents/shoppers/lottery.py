"""Chance that can be repeated: a hash of a seed and ids."""

from hashlib import blake2b


def chance(seed: int, *ids: str | int) -> float:
    """Return a number in [0, 1) that is fixed by the arguments and looks random."""
    text = "\n".join((str(seed), *map(str, ids)))
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest(), "big") / (1 << 56)
