"""What an operator can do about a letter, by the reason of its refusal."""

from agents.deadletters.document import known_part
from agents.deadletters.letter import Letter

CURES = {
    "undecodable": (
        "The bytes are no JSON: mend who sends them.  Mend this one in a file (show {place} --raw), then "
        "replay {place} --value FILE; or drop it."
    ),
    "invalid": (
        "Mend who sends it.  Then replay {place} --set '{field}=JSON', or --unset '{field}' if it may be missing; with "
        "filters in place of {place}, all letters that are bad in this way."
    ),
    "tombstone": "This topic has no tombstones: mend who sends them.  Drop it, or replay {place} --value FILE.",
    "no_key": "A key says whose the record is: mend who sends it.  Replay {place} --key KEY, or drop it.",
    "key_mismatch": "Its key can't be the right one: mend who sends it.  Replay {place} --key KEY, or drop it.",
    "no_place": "Someone else wrote to a topic that only the agents write: find out who.  Drop it.",
    "unscored": "A model failed; the worker's log has the error.  When that is mended: replay --reason unscored.",
    "unknown": "The agents did not write it: look at who else writes to dead letters.  Drop it.",
}
"""Reason to cure."""

HEADER = "Mend who sends it.  Then replay {place} --unset-header {field}, or drop it."
"""Cure where a header is at fault."""

FOLDED = "Its event is folded.  Replaying it asks for the list, card or vector that is missing, and folds nothing."
NOT_FOLDED = "Nothing came of it yet.  Replaying it folds it once, however often it is sent."


def cure(letter: Letter) -> str:
    """Return what to do about *letter*."""
    text = CURES.get(letter.reason, "A newer worker refused it: look with its version of this command.")
    if letter.reason == "invalid" and known_part(letter.field) is None:
        text = HEADER
    return text.format(place=letter.place, field=letter.field)
