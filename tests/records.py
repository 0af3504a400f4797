"""Any value of a type that msgspec knows: the strategies behind round-trip properties."""

from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

_ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))

# A day from both ends of the calendar, so that a moment is one in UTC too: states keep UTC, and no event gets in as it is.
_PLAIN: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.BoolType: st.booleans(),
    inspect.NoneType: st.none(),
    inspect.BytesType: st.binary(max_size=20),
    inspect.DateTimeType: st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=_ZONES),  # noqa: DTZ001  zones are drawn
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for *kind*: a record, a union of records, or a type of a field."""
    return _values(inspect.type_info(kind))


def _values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType():
            return _records(kind)
        case inspect.UnionType():
            return st.one_of(*map(_values, kind.types))
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.VarTupleType():
            fewest, most = kind.min_length or 0, min(3, kind.max_length or 3)
            return st.lists(_values(kind.item_type), min_size=fewest, max_size=most).map(tuple)
        case inspect.DictType():
            return st.dictionaries(_values(kind.key_type), _values(kind.value_type), max_size=3)
        case _:
            return _scalars(kind)


def _scalars(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StrType():
            shortest = kind.min_length or 0
            return st.text(min_size=shortest, max_size=min(kind.max_length or 20, shortest + 20))
        case inspect.IntType():
            low, high = -(2**63) if kind.ge is None else kind.ge, 2**63 - 1 if kind.le is None else kind.le
            return st.integers(low, high)
        case inspect.FloatType():
            return st.floats(kind.ge, kind.le, allow_nan=False, allow_infinity=False)
        case _:
            return _PLAIN[type(kind)]


def _records(kind: inspect.StructType) -> st.SearchStrategy[Any]:
    required = {field.name: _values(field.type) for field in kind.fields if field.required}
    optional = {field.name: _values(field.type) for field in kind.fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda fields: kind.cls(**fields))
