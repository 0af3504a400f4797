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


def shape(page: str) -> dict[str, list[str]]:
    """What two languages of one page have in common: levels of headings, code without comments, links, code words."""
    blocks = re.findall(r"^```\w*\n.*?^```$", page, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```\w*\n.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    return {
        "headings": re.findall(r"^#+", prose, re.MULTILINE),
        "code": [re.sub(r"\s+#.*", "", block) for block in blocks],
        "links": [link for link in re.findall(r"\]\(([^)]+)\)", prose) if not link.startswith("README")],
        "words": sorted(set(re.findall(r"`([^`\n]+)`", prose))),
    }


def test_the_chinese_readme_is_in_step_with_the_english_one() -> None:
    english, chinese = (shape((ROOT / name).read_text()) for name in ("README.md", "README.zh.md"))

    for what in english:
        assert chinese[what] == english[what], what
