"""One list to be made: all that is needed of the profile, and the shelf."""

import msgspec

from agents.shoppers.asks import Ask
from agents.shoppers.options import Options
from agents.shoppers.profile import Opined, Profile, Searched, Shown, Touched, likes_of
from agents.shoppers.shelf import Look
from schemas.base import Language


class Job(msgspec.Struct, frozen=True, gc=False):
    """A copy: the profile may change while the list is made."""

    ask: Ask
    limit: int
    epoch: int
    revision: int
    at: int
    """The newest event, in milliseconds since 1970."""
    language: Language | None
    touches: tuple[Touched, ...]
    """Oldest first, as all histories."""
    queries: tuple[Searched, ...]
    shown: tuple[Shown, ...]
    bought: frozenset[str]
    opinions: dict[str, Opined]
    likes: dict[str, int]
    look: Look


def job_of(profile: Profile, ask: Ask, epoch: int, look: Look, options: Options) -> Job:
    """Copy what a list needs."""
    return Job(
        ask=ask,
        limit=options.list_size if ask.limit is None else ask.limit,
        epoch=epoch,
        revision=profile.revision,
        at=profile.newest,
        language=profile.language[1] if profile.language is not None else None,
        touches=tuple(profile.touches),
        queries=tuple(profile.queries),
        shown=tuple(profile.shown),
        bought=frozenset(profile.bought),
        opinions=dict(profile.opinions),
        likes=likes_of(profile.likes, profile.opinions),
        look=look,
    )


_PLAIN = [(field.name, field.type) for field in msgspec.structs.fields(Job) if field.name != "look"]
_Packed = msgspec.defstruct("_Packed", _PLAIN, array_like=True)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


def pack(job: Job) -> bytes:
    """Return all of *job* but the shelf."""
    return _encode([getattr(job, name) for name, _ in _PLAIN])


def unpack(packed: bytes, look: Look) -> Job:
    """Return the job that was packed, with another look at a shelf."""
    return Job(**msgspec.structs.asdict(_decode(packed)), look=look)
