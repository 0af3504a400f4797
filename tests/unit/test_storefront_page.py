"""What `ops/storefront.md` and the examples say holds of the code."""

import json
import re
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import fields
from prometheus_client import CollectorRegistry

from agents.metrics import Metrics
from agents.processor import MAX_SKEW, RECENT_IDS
from agents.settings import Settings
from agents.shoppers.asks import HOME, owed_by
from agents.shoppers.fold import SESSION
from agents.shoppers.lists import COPIES
from agents.topics import BY_NAME, INPUTS, LISTS, PRODUCED, REQUESTS
from schemas.policies import Policy
from schemas.requests import Request
from tests.kafka_broker import VERSION

OPS = Path(__file__).parents[2] / "ops"
PAGE = (OPS / "storefront.md").read_text()
SAMPLES = re.findall(r"^```json (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
HALF_AN_HOUR = timedelta(minutes=30)


def cells(heading: str) -> list[list[str]]:
    """Return the rows of the table under the head that begins with *heading*."""
    table = PAGE[PAGE.index(f"| {heading} |") :].split("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


def test_every_fence_of_json_says_its_topic() -> None:
    assert len(SAMPLES) == len(re.findall(r"^```json", PAGE, re.MULTILINE)) >= 10


@pytest.mark.parametrize(("topic", "sample"), SAMPLES)
def test_a_sample_is_a_record_of_its_topic_and_has_no_field_that_it_does_not_know(topic: str, sample: str) -> None:
    record = msgspec.json.decode(sample, type=BY_NAME[topic].record)

    known = {field.encode_name for field in fields(record)} | {"kind"}
    assert json.loads(sample).keys() <= known


def test_the_page_shows_a_sample_of_every_topic_that_a_storefront_writes_or_reads() -> None:
    shown = {topic for topic, _ in SAMPLES}

    assert shown >= {topic.name for topic in PRODUCED} - {"reviews.v1"}
    assert shown >= {topic.name for topic in LISTS} - {"decisions.v1"}
    assert {row[0].strip("`") for row in cells("topic")} == {topic.name for topic in (*PRODUCED, *LISTS)} - {
        "decisions.v1"
    }


def test_only_what_the_page_says_brings_a_list() -> None:
    of_kind = {
        json.loads(sample).get("kind", topic): [
            owed.request.placement for owed in owed_by(msgspec.json.decode(sample, type=BY_NAME[topic].record))
        ]
        for topic, sample in SAMPLES
        if topic in {it.name for it in INPUTS} and topic != "catalog.v1"
    }

    assert of_kind == {
        "view": [HOME],
        "click": [HOME],
        "order": [HOME],
        "searches.v1": [HOME],
        "requests.v1": ["search-page"],
        "list_shown": [],
        "identifies.v1": [],
    }


def test_the_figures_of_the_page_are_those_of_the_code() -> None:
    limits = {field.name: field for field in fields(Request)}

    assert limits["limit"].default == 10
    assert "`limit` is 1 to 100, 10 if it is left out" in PAGE
    assert "up to 1,000 item ids" in PAGE
    assert (timedelta(milliseconds=SESSION), MAX_SKEW, RECENT_IDS, COPIES) == (
        timedelta(hours=1),
        timedelta(seconds=5),
        32,
        3,
    )
    for words in ("more than an hour behind", "more than 5 seconds", "no more than 32 newer", "up to three copies"):
        assert words in " ".join(PAGE.split())
    assert Settings().list_lifetime == HALF_AN_HOUR
    assert REQUESTS.name in PAGE


def test_the_page_shows_every_kind_of_policy() -> None:
    assert {row[0].strip("`") for row in cells("`kind`")} == {kind.__struct_config__.tag for kind in Policy.__args__}


def test_every_metric_that_a_page_names_exists() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    known = {name for family in registry.collect() for name in (family.name, f"{family.name}_total")}

    named = set(re.findall(r"`(vitrine_\w+)`", PAGE))
    assert named
    assert named <= known


def test_java_takes_the_client_of_the_broker_that_the_tests_run() -> None:
    pom = (OPS / "examples" / "java" / "pom.xml").read_text()

    assert re.findall(r"<artifactId>kafka-clients</artifactId>\s*<version>(.*)</version>", pom) == [VERSION]


@pytest.mark.parametrize("page", ["storefront.md", "examples/README.md", "examples/kcat.md"])
def test_every_file_that_a_page_links_to_exists(page: str) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", (OPS / page).read_text())

    assert [link for link in links if not ((OPS / page).parent / link).exists()] == []
