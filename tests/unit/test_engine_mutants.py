"""The list of mutants does not rot."""

import shutil
from pathlib import Path

import pytest

from tests.mutants.listed import MUTANTS
from tests.mutants.mutant import ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda it: it.name)
def test_a_mutant_has_one_place_in_the_source(mutant: Mutant, tmp_path: Path) -> None:
    path = tmp_path / mutant.file
    path.parent.mkdir(parents=True)
    shutil.copy(ROOT / mutant.file, path)

    mutant.apply(tmp_path)

    compile(path.read_text(), mutant.file, "exec")
    assert path.read_text() != (ROOT / mutant.file).read_text()
    assert (ROOT / mutant.noticed_by).exists()


def test_no_mutant_is_listed_twice() -> None:
    assert len({(it.file, it.old, it.new) for it in MUTANTS}) == len(MUTANTS)


def test_a_mutant_without_a_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")

    with pytest.raises(ValueError, match=r"a\.py has 0 times"):
        Mutant("a.py", "y = 1", "y = 2", "y is two", "").apply(tmp_path)
