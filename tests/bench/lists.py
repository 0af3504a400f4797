"""`bench lists`: what it costs to make a list in a worker, by the size of the catalogue and of the batch."""

import os
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import msgspec
import numpy as np

from agents.processor import Origin, fold_once
from agents.settings import load as load_settings
from agents.shoppers.agent import Shoppers
from agents.shoppers.job import Job
from agents.shoppers.profile import Profile
from agents.topics import CLICKS
from agents.wiring import options
from models.api import Models
from models.load import load
from schemas.cards import ItemCard, ItemVector, Neighbour
from schemas.catalog import CatalogItem
from schemas.clicks import View
from schemas.requests import Request
from tests.bench.machine import Conditions, conditions, facts, say, write
from tests.scrape import resident

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
SHOPPERS = 512
TOUCHES = 30
NAMED = 100
"""Candidates that a request brings along."""
CATEGORIES, BRANDS, WORDS, GROUPS = 500, 300, 2_000, 200
"""Of the catalogue; vectors lie around so many centres."""


class Cost(msgspec.Struct):
    """Making lists of one kind."""

    items: int
    kind: str
    """`ranked`: of the candidates that the request names; `own`: all sources."""
    batch: int
    lists: int
    call_ms_p50: float
    """Of one call, which makes *batch* lists."""
    call_ms_p99: float
    lists_per_second: float
    cpu_ms_per_list: float


class Shelved(msgspec.Struct):
    """A catalogue of one size."""

    items: int
    before: Conditions
    fill_seconds: float
    """To read the cards and vectors of all items."""
    resident_mb: int
    costs: list[Cost]


def fill(shoppers: Shoppers, items: int, models: Models) -> None:
    """Put *items* items on the shelf: facts, counts, twenty neighbours and a vector each."""
    drawn, lots = random.Random(7), np.random.default_rng(7)
    centres = lots.normal(size=(GROUPS, models.embedder.size))
    cards, vectors, *_ = shoppers.views
    for n in range(items):
        name = f"i{n}"
        title = " ".join(f"w{drawn.randrange(WORDS)}" for _ in range(6))
        category = f"c{drawn.randrange(CATEGORIES)}"
        card = ItemCard(
            item=name,
            revision=1,
            at=START,
            facts=CatalogItem(item=name, title={"en": title}, at=START, category=category, brand=f"b{drawn.randrange(BRANDS)}"),
            views=50,
            heat=drawn.expovariate(0.1),
            neighbours=tuple(Neighbour(item=f"i{drawn.randrange(items)}", weight=20.0 - k) for k in range(20)),
        )  # fmt: skip
        cards.apply(name, card)
        vector = centres[n % GROUPS] + lots.normal(size=models.embedder.size)
        half = (vector / np.linalg.norm(vector)).astype("<f2").tobytes()
        key = f"{name}\n{models.embedder.version}"
        vectors.apply(key, ItemVector(item=name, model=models.embedder.version, vector=half))


def profiles(shoppers: Shoppers, items: int) -> list[Profile]:
    """Return shoppers who each looked at some items."""
    drawn, found = random.Random(11), []
    for number in range(SHOPPERS):
        profile: Profile = shoppers.new()
        profile.offsets = [-1] * (1 + len(shoppers.inputs))
        for step in range(TOUCHES):
            at = START + timedelta(minutes=step)
            event = View(shopper=f"s{number}", item=f"i{drawn.randrange(items)}", at=at)
            origin = Origin(CLICKS.name, 0, step, int(at.timestamp() * 1000) + 10**10)
            fold_once(shoppers, profile, 1, step, event, origin)
        found.append(profile)
    return found


def asked(shoppers: Shoppers, given: Sequence[Profile], items: int, kind: str) -> list[Job]:
    """Return a job of each shopper."""
    drawn, jobs = random.Random(13), []
    for number, profile in enumerate(given):
        named = tuple(f"i{drawn.randrange(items)}" for _ in range(NAMED)) if kind == "ranked" else ()
        request = Request(shopper=f"s{number}", at=START, request_id="r", candidates=named)
        [owed] = shoppers.owes(profile, request, Origin("requests.v1", 0, 0, 0))
        jobs.append(shoppers.plan(profile, owed, 0))
    return jobs


def cost(shoppers: Shoppers, jobs: Sequence[Job], batch: int, seconds: float, **of: Any) -> Cost:
    """Make lists for some *seconds*, in calls of *batch*."""
    calls: list[float] = []
    shoppers.score(jobs[:batch])
    begun, cpu, place = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - begun < seconds or len(calls) < 3:
        chosen = [jobs[(place + n) % len(jobs)] for n in range(batch)]
        place += batch
        call = time.perf_counter()
        shoppers.score(chosen)
        calls.append((time.perf_counter() - call) * 1e3)
    lists = len(calls) * batch
    spent, used = time.perf_counter() - begun, time.process_time() - cpu
    p50, p99 = (round(float(it), 2) for it in np.percentile(calls, (50, 99)))
    return Cost(
        **of, batch=batch, lists=lists, call_ms_p50=p50, call_ms_p99=p99,
        lists_per_second=round(lists / spent, 1), cpu_ms_per_list=round(used / lists * 1e3, 3),
    )  # fmt: skip


@click.command()
@click.option("--items", "sizes", type=click.IntRange(100), multiple=True, default=(10_000, 100_000), show_default=True)
@click.option(
    "--batch", "batches", type=click.IntRange(1, SHOPPERS), multiple=True, default=(1, 256), show_default=True
)
@click.option("--seconds", type=click.FloatRange(0.1), default=8.0, show_default=True, help="Of each kind and batch.")
@click.option("--report", type=click.Path(path_type=Path), help="JSON with every figure.")
def command(*, sizes: tuple[int, ...], batches: tuple[int, ...], seconds: float, report: Path | None) -> None:
    """Measure lists made by a worker's processor: of 100 candidates that a request names, and of all sources.

    The models are those that VITRINE_MODELS_DIR names; words and reasons are made, too, and what a decision holds.
    """
    settings = load_settings(os.environ)
    models = load(settings.models_dir, provider=settings.provider, callers=settings.callers)
    shelves = []
    for items in sizes:
        before, begun = conditions(), time.perf_counter()
        shoppers = Shoppers(models, options(settings))
        fill(shoppers, items, models)
        filled = round(time.perf_counter() - begun, 1)
        given = profiles(shoppers, items)
        costs = []
        for kind in ("ranked", "own"):
            jobs = asked(shoppers, given, items, kind)
            costs += [cost(shoppers, jobs, batch, seconds, items=items, kind=kind) for batch in batches]
        shelves.append(Shelved(items, before, filled, round(resident(os.getpid()) / 1e6), costs))
        for it in costs:
            say(f"{it.items:,} items, {it.kind}, batch {it.batch}: call p50 {it.call_ms_p50} ms, p99 {it.call_ms_p99} ms; "
                f"{it.lists_per_second:,}/s, {it.cpu_ms_per_list} ms CPU a list")  # fmt: skip
        del shoppers, given, jobs
    result = {"machine": facts(), "provider": settings.provider, "catalogues": shelves}
    write(report, result)
    click.echo(msgspec.json.encode(result).decode())
