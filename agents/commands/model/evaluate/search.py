"""`vitrine model evaluate search`: measure the order of titles that a query finds."""

import os
from pathlib import Path

import click
import msgspec

from agents.commands.model.options import FILE, told, watch
from agents.commands.model.showing import table
from agents.replay.terminal import JSON, report, settings, tell


@click.command()
@click.option("--data", "file", required=True, type=FILE, help="A table of search_term, product_title and relevance.")
@JSON
def command(*, file: Path, as_json: bool) -> None:
    """Measure how well judged titles are put in order for their queries, as workers do it, beside BM25 over the titles.

    Then the same among all titles of the file, where those that nobody judged for a query count as irrelevant.

    \b
    Example:
      vitrine model evaluate search --data home_depot.csv.gz --json
    """  # noqa: D301  click's mark for lines that stay as they are
    with told():
        from models.embedder.encode import MiniLMEmbedder  # noqa: PLC0415  so that a missing extra is told
        from models.load import place  # noqa: PLC0415  as above
        from models.runtime import start  # noqa: PLC0415  as above
        from models.search.evaluate import evaluate  # noqa: PLC0415  as above
        from models.search.judged import read  # noqa: PLC0415  as above

        judged = read(file)
        chosen = settings(os.environ)
        embedder = MiniLMEmbedder(place(chosen.models_dir, "embedder"), start(chosen.provider, chosen.callers))
        result = evaluate(judged, embedder, watch("embedding"))
    if as_json:
        click.echo(msgspec.json.encode(result).decode())
        return
    report({"pairs": result.pairs, "queries": result.queries, "titles": result.titles}, as_json=False)
    shown = table("search", "NDCG@10 of judged titles", "Spearman", "NDCG@10 of all titles")
    for name, it in ((f"words and {result.model}", result), ("BM25", result.baseline["bm25"])):
        shown.add_row(name, *(f"{value:.4f}" for value in (it.ndcg, it.spearman, it.catalogue)))
    tell([shown])
