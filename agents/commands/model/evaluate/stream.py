"""`vitrine model evaluate stream`: each next click of a log against the list that was out before it."""

import os
import time
from pathlib import Path

import click
import msgspec

from agents.commands.model.options import told
from agents.commands.model.showing import table
from agents.replay.ablation import ablations
from agents.replay.driver import Replayer
from agents.replay.next_clicks import K, NextClicks
from agents.replay.sequence import check_places, merged
from agents.replay.terminal import JSON, LOGS, PREFIX, explained, report, settings, tell, watched
from agents.settings import Settings
from agents.topics import RECOMMENDATIONS
from agents.wiring import stages


@click.command()
@LOGS
@click.option("--partitions", type=click.IntRange(1, 1024), help="Of the topics that the log was recorded from.")
@click.option("--weights", metavar="FEATURE=N,...", help="What features count; VITRINE_WEIGHTS if not given.")
@click.option("--ablate", is_flag=True, help="Once more without each source and feature of lists, and without variety.")
@PREFIX
@JSON
def command(
    *,
    logs: tuple[Path, ...],
    partitions: int | None,
    weights: str | None,
    ablate: bool,
    prefix: str | None,
    as_json: bool,
) -> None:
    """Feed logs in the order of time, and look whether each next click was in the list that was out before it.

    The agents run as in `vitrine replay`, with lists of 20, so all that learns from the stream counts.  Beside them: what was
    taken most in the last hour, and V-SKNN, both from the same stream.  A session ends after half an hour; its first click is
    not asked for.

    \b
    Examples:
      vitrine import yoochoose clicks.tsv.gz --out yoochoose.jsonl.zst
      vitrine model evaluate stream yoochoose.jsonl.zst --json
      vitrine model evaluate stream recorded.jsonl.zst --ablate
    """  # noqa: D301  click's mark for lines that stay as they are
    changed = {"VITRINE_LIST_SIZE": str(K), "VITRINE_EXPLORE": "0"}
    given = settings(os.environ | changed | ({"VITRINE_WEIGHTS": weights} if weights is not None else {}))
    with told(), explained():
        from models.load import load  # noqa: PLC0415  so that a missing extra is told

        models = load(given.models_dir, provider=given.provider, callers=given.callers)
        log = merged(watched(logs, "reading"), given.topic_prefix if prefix is None else prefix)
        partitions = partitions or given.partitions
        check_places(log, partitions)
        started = time.perf_counter()
        pairs = list(zip(log.records, log.times, strict=True))

        def fed(asked: NextClicks, chosen: Settings, what: str) -> NextClicks:
            processors = stages(chosen, models)
            replayer = Replayer(processors, partitions=partitions, emit=asked.take, wanted={RECOMMENDATIONS.name})
            for record, at in watched(pairs, what, len(pairs)):
                asked.ask(record, at)
                replayer.feed(record)
            return asked

        result = fed(NextClicks(), given, "replaying").result()
        others = ablations(given) if ablate else ()
        without = {name: fed(NextClicks(baselines=False), it, f"without {name}").quality() for name, it in others}
        result = msgspec.structs.replace(result, without=without)
    if as_json:
        click.echo(msgspec.json.encode(result).decode())
        return
    seconds = round(time.perf_counter() - started, 1)
    report(
        {"clicks": result.clicks, "asked": result.n, "without a list": result.without_list,
         "hits by source": result.hits_by_source, "seconds": seconds},
        as_json=False,
    )  # fmt: skip
    names = [f"hit@{K}", f"mrr@{K}", f"coverage@{K}"]
    shown = table("list", *names)
    plain = msgspec.to_builtins(result)
    without = {f"vitrine without {name}": figures for name, figures in plain["without"].items()}
    for name, figures in {"vitrine": plain, **plain["baseline"], **without}.items():
        shown.add_row(name.replace("_", " "), *(f"{figures[key]:.4f}" for key in names))
    tell([shown])
