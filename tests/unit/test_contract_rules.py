"""Each way to break a contract is found, and nothing else is called a breach."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agents.contract.promises import Promise, broken, present
from agents.contract.rules import Breach, Side, breaches

Schema = dict[str, Any]
PRESENT = present()
VALUED = [(name, promise) for name, promise in PRESENT.items() if promise.schema is not None]
LEAST, MOST = ("minLength", "minItems", "minimum"), ("maxLength", "maxItems", "maximum")


def of(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": ["id"]}


OLD = of(
    id={"type": "string", "minLength": 1, "maxLength": 256},
    at={"type": "string", "format": "date-time"},
    label={"enum": ["a", "b"]},
    n={"type": "integer", "minimum": 0, "maximum": 9, "default": 1},
    rate={"type": "number"},
    note={"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
    tags={"type": "array", "items": {"type": "string"}, "maxItems": 3},
    texts={"type": "object", "propertyNames": {"enum": ["en", "zh"]}, "additionalProperties": {"type": "string"}},
    pair={
        "type": "array",
        "prefixItems": [{"type": "string", "title": "a"}, {"type": "integer", "title": "b"}],
        "minItems": 2,
    },
)


def changed(change: Callable[[Any], Any]) -> Schema:
    new = copy.deepcopy(OLD)
    change(new["properties"])
    return new


def put(name: str, **more: Any) -> Callable[[Any], Any]:
    return lambda properties: properties[name].update(more)


def drop(name: str, keyword: str) -> Callable[[Any], Any]:
    return lambda properties: properties[name].pop(keyword)


@pytest.mark.parametrize(
    ("change", "sides", "path"),
    [
        (lambda it: it.pop("note"), ("input", "output"), "$.note"),
        (put("id", maxLength=255), ("input",), "$.id"),
        (put("id", maxLength=257), ("output",), "$.id"),
        (drop("id", "maxLength"), ("output",), "$.id"),
        (put("id", minLength=2), ("input",), "$.id"),
        (drop("id", "minLength"), ("output",), "$.id"),
        (put("id", pattern="a+"), ("input",), "$.id"),
        (put("id", type="integer"), ("input", "output"), "$.id"),
        (drop("at", "format"), ("output",), "$.at"),
        (put("rate", format="float"), ("input",), "$.rate"),
        (put("label", enum=["a"]), ("input",), "$.label"),
        (put("label", enum=["a", "b", "c"]), ("output",), "$.label"),
        (lambda it: it.update(label={"type": "string"}), ("output",), "$.label"),
        (lambda it: it.update(label={"type": "string", "maxLength": 64}), ("output",), "$.label"),
        (lambda it: it.update(label={"type": "string", "minLength": 2}), ("input", "output"), "$.label"),
        (put("n", minimum=1), ("input",), "$.n"),
        (put("n", minimum=-1), ("output",), "$.n"),
        (drop("n", "minimum"), ("output",), "$.n"),
        (put("n", type="number"), ("output",), "$.n"),
        (put("n", default=2), ("input", "output"), "$.n"),
        (drop("n", "default"), ("input", "output"), "$.n"),
        (put("rate", type="integer"), ("input",), "$.rate"),
        (put("note", anyOf=[{"type": "string"}]), ("input",), "$.note"),
        (put("note", anyOf=[{"type": "string"}, {"type": "null"}, {"type": "integer"}]), ("output",), "$.note"),
        (put("tags", maxItems=2), ("input",), "$.tags"),
        (put("tags", items={"type": "integer"}), ("input", "output"), "$.tags[]"),
        (put("tags", items={"type": "string", "maxLength": 5}), ("input",), "$.tags[]"),
        (put("tags", minItems=1), ("input",), "$.tags"),
        (put("texts", propertyNames={"enum": ["en"]}), ("input",), "$.texts{name}"),
        (put("texts", propertyNames={"maxLength": 64}), ("output",), "$.texts{name}"),
        (put("texts", additionalProperties={"type": "integer"}), ("input", "output"), "$.texts{}"),
        (put("texts", additionalProperties=False), ("input",), "$.texts"),
        (put("pair", prefixItems=[{"type": "string", "title": "a"}]), ("input", "output"), "$.pair[1]"),
        (put("pair", prefixItems=[{"type": "string", "title": "x"}, {"type": "integer", "title": "b"}]), ("input", "output"), "$.pair[0]"),
        (put("pair", minItems=3), ("input",), "$.pair"),
        (put("rate", multipleOf=2), ("input",), "$.rate"),
        (put("rate", dependentRequired={"a": ["b"]}), ("input", "output"), "$.rate"),
    ],
)  # fmt: skip
def test_a_change_breaks_those_whom_it_breaks(change: Callable[[Any], Any], sides: tuple[Side, ...], path: str) -> None:
    new = changed(change)
    found: dict[Side, list[Breach]] = {side: breaches(OLD, new, side) for side in ("input", "output")}

    assert tuple(side for side, its in found.items() if its) == sides
    assert {it.path for its in found.values() for it in its} == {path}


def test_a_field_that_must_be_there_breaks_producers_and_one_that_may_be_missing_breaks_subscribers() -> None:
    stricter = OLD | {"required": ["id", "at"]}

    assert breaches(OLD, stricter, "input") == [Breach("$.at", "is required, and was not")]
    assert breaches(OLD, stricter, "output") == []
    assert breaches(stricter, OLD, "input") == []
    assert breaches(stricter, OLD, "output") == [Breach("$.at", "may be missing, and was promised")]


def test_a_new_optional_field_breaks_nobody() -> None:
    new = changed(lambda it: it.update(more={"type": "string", "default": ""}))

    assert breaches(OLD, new, "input") == breaches(OLD, new, "output") == []


def kind(tag: str, **properties: Any) -> Schema:
    return {"type": "object", "properties": {"kind": {"enum": [tag]}, **properties}, "required": ["kind"]}


def test_kinds_of_events_are_told_apart_by_their_tag() -> None:
    one, other = kind("view", n={"type": "integer"}), kind("click", n={"type": "string"})
    both = {"anyOf": [{"$ref": "#/$defs/V"}, {"$ref": "#/$defs/C"}], "$defs": {"V": one, "C": other}}
    alone = {"$ref": "#/$defs/V", "$defs": {"V": one}}
    swapped = {"anyOf": [other, kind("view", n={"type": "integer", "maximum": 3})]}

    assert breaches(alone, both, "input") == []
    assert breaches(alone, both, "output") == [Breach("$", "may be kind click, which was not promised")]
    assert breaches(both, alone, "input") == [Breach("$", "kind click is gone")]
    assert breaches(both, alone, "output") == [Breach("$", "kind click is gone")]
    assert [it.path for it in breaches(both, swapped, "input")] == ["$.n"]


@pytest.mark.parametrize(("name", "promise"), VALUED, ids=[name for name, _ in VALUED])
def test_nothing_breaks_where_nothing_changes(name: str, promise: Promise) -> None:
    assert list(broken({name: promise}, {name: copy.deepcopy(promise)})) == []


@pytest.mark.parametrize(("name", "promise"), VALUED, ids=[name for name, _ in VALUED])
def test_every_mutation_of_every_schema_is_found(name: str, promise: Promise) -> None:
    assert promise.schema is not None
    count = 0
    for what, mutant in mutants(dict(promise.schema), promise.actions):
        count += 1
        assert list(
            broken({name: promise}, {name: Promise(promise.actions, mutant, promise.key, promise.compacted)})
        ), what
    assert count > 5


def mutants(schema: Schema, actions: tuple[str, ...]) -> Iterator[tuple[str, Schema]]:
    """Yield copies of *schema*, each broken in one place for producers, or for subscribers if we only write."""
    read = "receive" in actions
    for path, node in list(nodes(schema, ())):
        for what, change in changes(node, read=read):
            mutant = copy.deepcopy(schema)
            place: Any = mutant
            for part in path:
                place = place[part]
            change(place)
            yield f"{'/'.join(map(str, path))}: {what}", mutant


def nodes(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Schema]]:
    """Yield all schemas below *node* but those of names of mappings."""
    yield path, node
    for name, each in (*node.get("properties", {}).items(),):
        yield from nodes(each, (*path, "properties", name))
    for name, each in (*node.get("$defs", {}).items(),):
        yield from nodes(each, (*path, "$defs", name))
    for keyword in ("items", "additionalProperties"):
        if isinstance(node.get(keyword), dict):
            yield from nodes(node[keyword], (*path, keyword))
    for keyword in ("anyOf", "prefixItems"):
        for number, each in enumerate(node.get(keyword, ())):
            yield from nodes(each, (*path, keyword, number))


def changes(node: Schema, *, read: bool) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Yield ways to break a schema: all that it says may change for the worse."""
    for name in node.get("properties", {}):
        yield from of_field(node, name, read=read)
    for keyword in (*LEAST, *MOST):
        if keyword in node:
            step = 1 if (keyword in LEAST) == read else -1
            yield keyword, put_in(keyword, node[keyword] + step)
    if isinstance(node.get("type"), str) and node["type"] not in {"object", "null"}:
        yield "another type", put_in("type", "boolean" if node["type"] != "boolean" else "string")
    for keyword, other in (("default", "other"), ("format", "date")):
        if keyword in node:
            yield keyword, put_in(keyword, other)
    for keyword, more in (("enum", "other"), ("anyOf", {"type": "boolean"})):
        if keyword in node and (len(node[keyword]) > 1 or not read):
            yield keyword, put_in(keyword, node[keyword][:-1] if read else [*node[keyword], more])


def put_in(keyword: str, value: Any) -> Callable[[Any], Any]:
    return lambda node: node.update({keyword: value})


def of_field(node: Schema, name: str, *, read: bool) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    others = [each for each in node["required"] if each != name]
    left = {each: schema for each, schema in node["properties"].items() if each != name}
    yield f"without {name}", lambda it: it.update(properties=left, required=others)
    if read == (name not in node["required"]):
        yield f"{name} required or not", put_in("required", [*others, name] if read else others)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (Promise(("send",), None, "item"), None, "the topic is gone"),
        (Promise(("send",), None, "item"), Promise(("receive",), None, "item"), "is not written any more"),
        (Promise(("receive",), None, "item"), Promise(("send",), None, "item"), "is not read any more"),
        (Promise(("send",), None, "item"), Promise(("send",), None, "shopper"), "is keyed by shopper, was by item"),
        (Promise(("send",), None, "item"), Promise(("send",), None, "item", compacted=True), "is compacted now"),
        (Promise(("send",), None, "item", compacted=True), Promise(("send",), None, "item"), "is not compacted any more"),
        (Promise(("send",), OLD, "item"), Promise(("send",), None, "item"), "has a value of another kind"),
    ],
)  # fmt: skip
def test_what_holds_of_a_whole_topic_is_promised_too(old: Promise, new: Promise | None, message: str) -> None:
    assert [it.message for it in broken({"t": old}, {} if new is None else {"t": new})] == [message]


def test_what_we_both_read_and_write_may_neither_narrow_nor_widen() -> None:
    both = Promise(("receive", "send"), OLD)

    for maximum in (8, 10):
        assert [
            it.path for it in broken({"t": both}, {"t": Promise(both.actions, changed(put("n", maximum=maximum)))})
        ] == ["$.n"]
