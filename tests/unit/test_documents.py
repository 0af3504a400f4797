"""What a document says that the code says too is the same."""

import re
from pathlib import Path

import pytest

from tests import documents

ROOT = Path(__file__).parent.parent.parent
EMPTY = re.compile(r"\|\s*\|\s*$")


def test_the_tables_of_the_architecture_are_those_of_the_code() -> None:
    page = documents.PAGE.read_text()

    assert all(f"<!-- {name} -->" in page for name in documents.TABLES)
    assert page == documents.written(page), "make docs"


@pytest.mark.parametrize("name", documents.TABLES)
def test_each_row_of_a_table_says_what_it_means(name: str) -> None:
    rows = documents.TABLES[name]().splitlines()

    assert len(rows) > 2
    assert [row for row in rows if EMPTY.search(row)] == []
