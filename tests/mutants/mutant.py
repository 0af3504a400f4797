"""What a mutant is: the engine with one mistake in it, which a test has to notice."""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

DELIVERY = "tests/property/test_engine_delivery.py"
PARTITION = "tests/property/test_engine_partition.py"
SHARES = "tests/property/test_engine_shares.py"


class Mutant(NamedTuple):
    """One mistake."""

    file: str
    old: str
    """What stands in the file, once."""
    new: str
    why: str
    """What goes wrong with it."""
    noticed_by: str
    """The file of the test that has to fail."""

    @property
    def name(self) -> str:
        """Say which one it is."""
        return f"{Path(self.file).stem}: {self.why}"

    def apply(self, root: Path) -> None:
        """Make the mistake in the copy of this tree below *root*; a ValueError says that there is no place for it."""
        path = root / self.file
        text = path.read_text()
        if (found := text.count(self.old)) != 1:
            message = (
                f"{self.file} has {found} times, not once: {self.old!r}; mend the mutant {self.why!r} in tests/mutants"
            )
            raise ValueError(message)
        path.write_text(text.replace(self.old, self.new))
