"""When a schema has changed in a way that breaks somebody.

What we read must accept all that it accepted; what we write must stay within what was promised.  Both are one question:
does the more general schema accept all that the more special one allows?  For what we read the new one must be the
general one, for what we write the old one.  Beside that nothing that was named may go away, and what a missing field
means may not change.  A new optional field is fine, though an old record might have had something else under its name.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

Schema = Mapping[str, Any]
Side = Literal["input", "output"]

_NOTES = frozenset({
    "$schema", "$id", "$defs", "$ref", "title", "description", "examples", "default", "deprecated", "discriminator",
})  # fmt: skip
"""Keywords that restrict nothing, or are looked at elsewhere."""
_LEAST, _MOST = (
    ("minLength", "minimum", "minItems", "minProperties"),
    ("maxLength", "maximum", "maxItems", "maxProperties"),
)
_EQUAL = ("format", "pattern", "contentEncoding", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems")
_KNOWN = frozenset((
    *_LEAST, *_MOST, *_EQUAL, "type", "enum", "const", "anyOf", "oneOf", "properties", "required",
    "additionalProperties", "propertyNames", "items", "prefixItems",
))  # fmt: skip
_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"),
    (type(None), "null"),
)  # fmt: skip


class Breach(NamedTuple):
    """One way in which a contract is broken."""

    path: str
    """In the record; `[]` is any element of a list, `{}` any value of a mapping."""
    message: str


def breaches(old: Schema, new: Schema, side: Side) -> list[Breach]:
    """Return how *new* breaks what *old* promised, each way once."""
    found = [*_Gone(old, new).walk(old, new, "$"), *_Comparison(old, new, side).walk("$")]
    return list(dict.fromkeys(found))


class _Pair:
    """Two schemas whose references lead into documents of their own."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._roots = {"old": old, "new": new}
        self._open: set[tuple[int, int]] = set()

    def resolve(self, schema: Schema, root: str) -> Schema:
        """Follow the reference of *schema*, if it is one."""
        while "$ref" in schema:
            found: Any = self._roots[root]
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema

    def alternatives(self, schema: Schema, root: str) -> list[Schema]:
        """Return what *schema* may be, one or more."""
        schema = self.resolve(schema, root)
        listed = schema.get("anyOf") or schema.get("oneOf")
        return [one for each in listed for one in self.alternatives(each, root)] if listed else [schema]


class _Gone(_Pair):
    """Looks for what was named and is not any more, and for what is meant by leaving it out."""

    def walk(self, old: Schema, new: Schema, path: str) -> Iterator[Breach]:
        """Yield what is gone below *path*."""
        news = self.alternatives(new, "new")
        for before in self.alternatives(old, "old"):
            after = next((each for each in news if _label(each) == _label(before)), None)
            if after is None:
                if _tag(before):
                    yield Breach(path, f"{_label(before)} is gone")
            elif (id(before), id(after)) not in self._open:
                self._open.add((id(before), id(after)))
                yield from self._below(before, after, path)

    def _below(self, old: Schema, new: Schema, path: str) -> Iterator[Breach]:
        for name, before in old.get("properties", {}).items():
            after = new.get("properties", {}).get(name)
            if after is None:
                yield Breach(f"{path}.{name}", "is gone")
                continue
            if name not in old.get("required", ()) and before.get("default", ...) != after.get("default", ...):
                yield Breach(
                    f"{path}.{name}",
                    f"means {_shown(after.get('default', 'nothing'))} where it is left out, "
                    f"meant {_shown(before.get('default', 'nothing'))}",
                )
            yield from self.walk(before, after, f"{path}.{name}")
        befores, afters = old.get("prefixItems", ()), new.get("prefixItems", ())
        for number, before in enumerate(befores):
            place = f"{path}[{number}]"
            if number >= len(afters):
                yield Breach(place, "is gone")
            elif before.get("title") != afters[number].get("title"):
                yield Breach(place, f"is {afters[number].get('title')}, was {before.get('title')}")
            else:
                yield from self.walk(before, afters[number], place)
        for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
            if isinstance(old.get(keyword), Mapping) and isinstance(new.get(keyword), Mapping):
                yield from self.walk(old[keyword], new[keyword], path + mark)


class _Comparison(_Pair):
    """Looks for what the special schema allows and the general one does not accept."""

    def __init__(self, old: Schema, new: Schema, side: Side) -> None:
        super().__init__(old, new)
        self._side = side
        self._general, self._special = ("new", "old") if side == "input" else ("old", "new")

    def walk(self, path: str) -> Iterator[Breach]:
        """Yield the breaches of the whole."""
        return self._accepts(self._roots[self._general], self._roots[self._special], path)

    def _accepts(self, general: Schema, special: Schema, path: str) -> Iterator[Breach]:
        wide = self.alternatives(general, self._general)
        for one in self.alternatives(special, self._special):
            tries = [list(self._one(each, one, path)) for each in wide]
            if not all(tries):
                continue
            same = [found for each, found in zip(wide, tries, strict=True) if _label(each) == _label(one)]
            if same or (len(tries) == 1 and not _tag(one)):
                yield from min(same or tries, key=len)
            elif not (_tag(one) and self._side == "input"):  # that it is gone is said already
                yield self._lost(one, path)

    def _lost(self, one: Schema, path: str) -> Breach:
        what = _label(one)
        return Breach(
            path, f"accepts {what} no more" if self._side == "input" else f"may be {what}, which was not promised"
        )

    def _one(self, general: Schema, special: Schema, path: str) -> Iterator[Breach]:
        key = (id(general), id(special))
        if key in self._open:
            return
        self._open.add(key)
        try:
            yield from self._values(general, special, path)
            yield from self._bounds(general, special, path)
            yield from self._object(general, special, path)
            yield from self._array(general, special, path)
            for word in (general.keys() | special.keys()) - _NOTES - _KNOWN:
                if general.get(word) != special.get(word):
                    yield self._changed(path, f"{word}, which no rule is for,", general.get(word), special.get(word))
        finally:
            self._open.discard(key)

    def _values(self, general: Schema, special: Schema, path: str) -> Iterator[Breach]:
        wide, narrow = _allowed(general), _allowed(special)
        if wide is not None:
            if narrow is None:
                yield self._changed(path, "what it may be", wide, special.get("type"))
            elif more := [value for value in narrow if value not in wide]:
                if self._side == "input":
                    yield Breach(path, f"accepts {_shown(more)} no more")
                else:
                    yield Breach(path, f"may be {_shown(more)}, which was not promised")
            return
        if narrow is not None:
            kinds = {_type_of(value) for value in narrow}
            shortest = min((len(value) for value in narrow if isinstance(value, str)), default=0)
            longest = max((len(value) for value in narrow if isinstance(value, str)), default=0)
            special = {"type": sorted(kinds), "minLength": shortest, "maxLength": longest}
            yield from self._bounds(general, special, path)
        kinds, known = _types(special), _types(general)
        if known and (not kinds or not kinds <= (known | ({"integer"} if "number" in known else set()))):
            yield self._changed(path, "type", general.get("type"), special.get("type"))

    def _bounds(self, general: Schema, special: Schema, path: str) -> Iterator[Breach]:
        if _allowed(special) is not None:
            return
        for word in _LEAST:
            floor = None if word == "minimum" else 0
            least, given = general.get(word, floor), special.get(word, floor)
            if least is not None and (given is None or given < least):
                yield self._changed(path, word, general.get(word), special.get(word))
        for word in _MOST:
            if word in general and (word not in special or special[word] > general[word]):
                yield self._changed(path, word, general[word], special.get(word))
        for word in _EQUAL:
            if word in general and general[word] != special.get(word):
                yield self._changed(path, word, general[word], special.get(word))

    def _object(self, general: Schema, special: Schema, path: str) -> Iterator[Breach]:
        for name in general.get("required", ()):
            if name not in special.get("required", ()):
                if self._side == "input":
                    yield Breach(f"{path}.{name}", "is required, and was not")
                else:
                    yield Breach(f"{path}.{name}", "may be missing, and was promised")
        shared = special.get("properties", {})
        for name, wide in general.get("properties", {}).items():
            if name in shared:
                yield from self._accepts(wide, shared[name], f"{path}.{name}")
        if "propertyNames" in general:
            yield from self._accepts(
                general["propertyNames"], special.get("propertyNames", {"type": "string"}), f"{path}{{name}}"
            )
        wide, narrow = general.get("additionalProperties", True), special.get("additionalProperties", True)
        if isinstance(wide, Mapping) and isinstance(narrow, Mapping):
            yield from self._accepts(wide, narrow, f"{path}{{}}")
        elif wide not in (True, narrow) and narrow is not False:
            yield self._changed(path, "additionalProperties", wide, narrow)

    def _array(self, general: Schema, special: Schema, path: str) -> Iterator[Breach]:
        for number, (wide, narrow) in enumerate(
            zip(general.get("prefixItems", ()), special.get("prefixItems", ()), strict=False)
        ):
            yield from self._accepts(wide, narrow, f"{path}[{number}]")
        if "items" in general:
            if isinstance(general["items"], Mapping) and isinstance(special.get("items"), Mapping):
                yield from self._accepts(general["items"], special["items"], f"{path}[]")
            elif general["items"] != special.get("items"):
                yield self._changed(path, "items", general["items"], special.get("items"))

    def _changed(self, path: str, what: str, general: Any, special: Any) -> Breach:
        old, new = (special, general) if self._side == "input" else (general, special)
        return Breach(path, f"{what} is {_shown(new)}, was {_shown(old)}")


def _allowed(schema: Schema) -> list[Any] | None:
    """Return the only values that *schema* allows, if it names them."""
    if "const" in schema:
        return [schema["const"]]
    return list(schema["enum"]) if "enum" in schema else None


def _types(schema: Schema) -> set[str]:
    given = schema.get("type", [])
    return {given} if isinstance(given, str) else set(given)


def _type_of(value: Any) -> str:
    return next(name for kind, name in _TYPES if isinstance(value, kind))


def _tag(schema: Schema) -> str:
    """Return the field that tells a kind of record from the others and its value; empty if there is none."""
    for name, each in schema.get("properties", {}).items():
        values = _allowed(each) or []
        if name in schema.get("required", ()) and len(values) == 1:
            return f"{name} {values[0]}"
    return ""


def _label(schema: Schema) -> str:
    """Return what tells an alternative from the others: the tag of a record, or its type."""
    if tag := _tag(schema):
        return tag
    if (values := _allowed(schema)) is not None:
        return "/".join(sorted({_type_of(value) for value in values}))
    return "/".join(sorted(_types(schema))) or "anything"


def _shown(value: Any) -> str:
    return "unlimited" if value is None else str(value)
