"""What the source says of the fields of a record: the strings beneath them, which Python does not keep."""

import ast
import inspect
from functools import cache
from itertools import pairwise


@cache
def sayings(record: type) -> dict[str, str]:
    """Return field to the string beneath it, in *record* and what it is derived from, on one line."""
    found: dict[str, str] = {}
    for kind in reversed(record.__mro__):
        if kind.__module__.startswith("schemas."):
            found |= _own(kind)
    return found


def _own(kind: type) -> dict[str, str]:
    [body] = (node.body for node in ast.parse(inspect.getsource(kind)).body if isinstance(node, ast.ClassDef))
    return {
        field.target.id: " ".join(beneath.value.value.split())
        for field, beneath in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(beneath, ast.Expr)
        and isinstance(beneath.value, ast.Constant)
        and isinstance(beneath.value.value, str)
    }
