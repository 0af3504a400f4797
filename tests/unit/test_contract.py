"""The contract as it is written, and as it was released."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from agents.__main__ import main
from agents.contract.asyncapi import examples
from agents.contract.files import RELEASED, load, versions
from agents.contract.promises import ACTIONS, broken, present
from agents.contract.sayings import sayings
from agents.engine.topics import read_by, used_by
from agents.intake import Admitted, Intake, partition_of
from agents.processor import Input
from agents.settings import Settings
from agents.topics import ALL, BY_NAME, COPY, DECISIONS, DLQ_HANDLED, IDENTIFIES, INPUTS, PRODUCED, RECOMMENDATIONS
from agents.wiring import stages
from schemas.clicks import Purchase
from schemas.dead_letters import DeadLetter
from tests.doubles import MODELS

GOLDEN = Path(__file__).parents[1] / "golden"
VALUED = [topic for topic in ALL if topic.record is not None]
SCHEMAS = {name: promise.schema for name, promise in present().items() if promise.schema is not None}
RECORDED = [
    (topic.name, line) for topic in VALUED for line in (GOLDEN / f"{topic.name}.jsonl").read_bytes().splitlines()
]


def run(*arguments: str, code: int = 0, env: dict[str, str] | None = None) -> str:
    done = CliRunner().invoke(main, ["schema", *arguments], env=env)
    assert done.exit_code == code, done.output
    return done.output


@pytest.mark.parametrize("version", versions(RELEASED), ids=lambda path: path.name)
def test_every_released_contract_still_holds(version: Path) -> None:
    assert list(broken(load(version), present())) == []


def test_a_contract_was_released() -> None:
    assert "0.1.0" in {path.name for path in versions(RELEASED)}
    for path in versions(RELEASED):
        assert {topic.name for topic in (*INPUTS, RECOMMENDATIONS, COPY, DECISIONS)} <= load(path).keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize(("name", "line"), RECORDED)
def test_every_record_that_was_ever_written_is_valid(name: str, line: bytes) -> None:
    Draft202012Validator(SCHEMAS[name]).validate(json.loads(line))


@pytest.mark.parametrize(("topic", "wrong"), [
    ("clicks.v1", {"kind": "view", "shopper": "", "item": "a", "at": "2026-01-01T00:00:00Z"}),
    ("clicks.v1", {"kind": "stare", "shopper": "ada", "item": "a", "at": "2026-01-01T00:00:00Z"}),
    ("sentiments.v1", json.loads((GOLDEN / "sentiments.v1.jsonl").read_bytes().splitlines()[0]) | {"language": "fr"}),
    ("recommendations.v1", {}),
])  # fmt: skip
def test_what_is_wrong_is_not_valid(topic: str, wrong: Any) -> None:
    assert not Draft202012Validator(SCHEMAS[topic]).is_valid(wrong)


def test_outputs_have_texts_in_our_languages_only() -> None:
    [line, *_] = (GOLDEN / "copy.v1.jsonl").read_bytes().splitlines()

    assert not Draft202012Validator(SCHEMAS["copy.v1"]).is_valid(json.loads(line) | {"text": {"fr": "Lampe"}})


@pytest.mark.parametrize("topic", VALUED, ids=lambda topic: topic.name)
def test_each_topic_shows_an_example_that_can_be_read_and_is_valid(topic: Any) -> None:
    key = "anonymous" if topic is IDENTIFIES else "item" if topic.key == "item_model" else topic.key
    intake = Intake(Input(topic, key=lambda event: getattr(event, key)))
    shown = examples()[topic.name]

    assert shown
    for each in shown:
        who = each["payload"][key].encode()
        found = intake.admit(who, json.dumps(each["payload"]).encode(), (), partition_of(who, 8), 8)
        assert isinstance(found, Admitted), each
        Draft202012Validator(SCHEMAS[topic.name]).validate(each["payload"])


def test_nothing_else_has_examples() -> None:
    assert examples().keys() == {topic.name for topic in VALUED}


def test_what_the_source_says_of_a_field_is_in_the_schema() -> None:
    schema: Any = SCHEMAS["clicks.v1"]

    said = {name: it.get("description") for name, it in schema["$defs"]["Purchase"]["properties"].items()}

    assert (
        said["recommendation_id"] == sayings(Purchase)["recommendation_id"] == "The list in which the item was found."
    )
    assert said["language"] == "The language in which the shopper sees the shop."
    assert sayings(DeadLetter)["field"] == "JSON path of the field at fault."


def test_the_application_does_with_each_topic_what_its_agents_do() -> None:
    agents = stages(Settings(), MODELS)
    reads = {topic.name for stage in agents for topic in (*read_by(stage), *(view.topic for view in stage.views))}
    written = {topic.name for topic in used_by(agents)} - {topic.name for topic in PRODUCED}

    by_hand = {DLQ_HANDLED.name}  # `vitrine dlq`
    assert {name for name, actions in ACTIONS.items() if "receive" in actions} == reads | by_hand
    assert {name for name, actions in ACTIONS.items() if "send" in actions} == written | by_hand


def test_the_names_of_records_tell_them_apart() -> None:
    names: dict[str, Any] = {}
    for topic in VALUED:
        schema: Any = SCHEMAS[topic.name]
        for name, it in schema["$defs"].items():
            assert names.setdefault(name, it) == it


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    return ((path.name, path.read_bytes()) for path in sorted(folder.iterdir()))


def test_export_writes_the_same_bytes_each_time_and_check_accepts_them(tmp_path: Path) -> None:
    for name in ("one", "other"):
        assert json.loads(run("export", str(tmp_path / name), "--json")) == {
            "written": len(SCHEMAS) + 1, "folder": str(tmp_path / name),
        }  # fmt: skip

    assert dict(files(tmp_path / "one")) == dict(files(tmp_path / "other"))
    assert "no breaches" in run("check", str(tmp_path / "one"))
    assert json.loads(run("check", str(tmp_path), "--json")) == {"compared": ["one", "other"], "breaches": []}


def test_the_settings_say_where_topics_are(tmp_path: Path) -> None:
    env = {"VITRINE_TOPIC_PREFIX": "shop.", "VITRINE_PARTITIONS": "3", "VITRINE_BROKER": "kafka:9092"}
    run("export", str(tmp_path), env=env)

    document = json.loads((tmp_path / "asyncapi.json").read_bytes())

    assert document["servers"]["kafka"]["host"] == "kafka:9092"
    assert document["channels"]["clicks.v1"]["address"] == "shop.clicks.v1"
    assert document["channels"]["clicks.v1"]["bindings"]["kafka"]["partitions"] == 3
    assert document["channels"]["item-cards.v1"]["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] == [
        "compact"
    ]
    run("check", str(tmp_path))


def spoiled(folder: Path, name: str, spoil: Any) -> None:
    document = json.loads((folder / name).read_bytes())
    spoil(document)
    (folder / name).write_text(json.dumps(document))


def test_check_names_each_breach_and_ends_with_1(tmp_path: Path) -> None:
    released = tmp_path / "9.9.9"
    run("export", str(released))
    spoiled(released, "clicks.v1.json", lambda it: it["$defs"]["View"]["properties"]["item"].update(maxLength=300))
    spoiled(released, "copy.v1.json", lambda it: it["$defs"]["Copy"]["properties"].update(tone={"type": "string"}))
    spoiled(released, "headers.outputs.json", lambda it: it["properties"].update(ce_subject={"type": "string"}))
    spoiled(released, "asyncapi.json", lambda it: it["channels"]["catalog.v1"].update({"x-key": "shopper"}))

    shown = run("check", str(tmp_path), code=1)

    assert shown.splitlines() == [
        "9.9.9 clicks.v1 $.item maxLength is 256, was 300",
        "9.9.9 catalog.v1 is keyed by item, was by shopper",
        "9.9.9 copy.v1 $.tone is gone",
        "9.9.9 headers/outputs $.ce_subject is gone",
        "compared with 9.9.9: 4 breaches",
    ]
    assert len(json.loads(run("check", str(released), "--json", code=1))["breaches"]) == 4


def test_a_folder_without_a_contract_is_named_with_the_cure(tmp_path: Path) -> None:
    assert f"vitrine schema export {tmp_path}" in run("check", str(tmp_path), code=2)


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"operations":{},"channels":{"a":{}},"x-headers":{}}'])
def test_a_document_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "asyncapi.json").write_text(content)

    assert "asyncapi.json" in run("check", str(tmp_path), code=2)


def test_a_file_of_a_contract_that_is_missing_is_named(tmp_path: Path) -> None:
    run("export", str(tmp_path))
    (tmp_path / "reviews.v1.json").unlink()

    assert "reviews.v1.json: No such file" in run("check", str(tmp_path), code=2)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")

    assert "taken" in run("export", str(tmp_path / "taken"), code=2)


@pytest.mark.parametrize(("name", "line"), RECORDED)
def test_what_was_valid_input_when_it_was_released_is_read_today(name: str, line: bytes) -> None:
    for path in versions(RELEASED):
        promise = load(path).get(name)
        if promise is None:  # the topic is newer
            continue
        assert promise.schema is not None
        valid = Draft202012Validator(promise.schema).is_valid(json.loads(line))
        if "send" in promise.actions:
            assert valid, f"{name} is written, and was not so promised in {path.name}"
        if valid:
            msgspec.json.decode(line, type=BY_NAME[name].record)
