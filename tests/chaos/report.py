"""What a run found out, as JSON."""

import subprocess
from pathlib import Path
from typing import Any

import msgspec

from tests.chaos.comparing import Difference
from tests.chaos.lists import Lists


class Phase(msgspec.Struct, kw_only=True):
    """What one comparison found."""

    states: dict[str, Difference] = {}
    """By processor."""
    told: dict[str, Difference] = {}
    """Facts and letters by topic, where something is wrong or something was expected."""
    repeated: int = 0
    """Facts and letters that came again, as the same bytes."""
    misplaced: int = 0
    """Facts in a partition that is not their key's."""
    lists: Lists | None = None
    outcomes_missing: int = 0
    """Responses that led to no outcome and wait for no list."""
    outcomes_retold: int = 0
    """Outcomes that came again with other content: lists had come or gone meanwhile."""

    @property
    def wrong_keys(self) -> int:
        """Keys whose state is wrong."""
        return sum(it.wrong for it in self.states.values())

    @property
    def wrong_outputs(self) -> int:
        """Facts, letters and lists that are wrong or missing."""
        told = sum(it.wrong for it in self.told.values())
        lists = self.lists.unsound + self.lists.uncovered if self.lists is not None else 0
        return told + self.misplaced + self.outcomes_missing + lists


class Report(msgspec.Struct, kw_only=True):
    """One run."""

    seed: int
    seconds: float
    brokers: int
    broken: str = ""
    """The rule that was broken on purpose."""
    models: str = "doubles"
    setup: dict[str, Any] = {}
    events: int = 0
    """Records of the input."""
    events_folded_during_faults: int = 0
    """Records of the input that workers folded while faults came; what a kill undid and was folded again counts again."""
    events_committed_during_faults: int = 0
    """Records of the input whose offsets were committed meanwhile."""
    aborted: int = 0
    """Records that a transaction took back: nobody may have seen them."""
    wrong_keys: int = 0
    """States that are wrong in the worst of the comparisons; so with the following."""
    lost_events: int = 0
    doubled_events: int = 0
    wrong_outputs: int = 0
    stuck: int = 0
    """Times when the workers did not come to the end of the log."""
    redelivered: int = 0
    """Records that workers handled more than once."""
    skipped: int = 0
    """Of them, those that were in the state already."""
    zombie_records: int = 0
    """Records of changelogs that a former owner wrote behind its successor's fence."""
    forged_records: int = 0
    """Of them, those that the harness wrote."""
    reopened: int = 0
    """Partitions that were restored again because another worker wrote."""
    lists: int = 0
    superseded: int = 0
    """Lists that a newer one took the place of."""
    shed: int = 0
    actions: int = 0
    faults: dict[str, int] = {}
    idle_faults: int = 0
    """Faults that struck when nothing had been folded since the one before."""
    killed_at_stop: int = 0
    """Workers that were told to stop at the end and had to be killed."""
    ended: dict[str, int] = {}
    """Workers that ended by themselves, by exit code."""
    crashed: list[str] = []
    """Logs of workers whose process broke down."""
    settle_seconds: float = 0.0
    compaction: dict[str, Any] = {}
    phases: dict[str, Phase] = {}
    notes: list[str] = []
    revision: str = ""

    @property
    def failed(self) -> bool:
        """Whether anything is wrong."""
        wrong = self.wrong_keys or self.lost_events or self.doubled_events or self.wrong_outputs
        return bool(wrong or self.stuck or self.crashed)

    def add(self, name: str, phase: Phase) -> None:
        """Take the result of a comparison."""
        self.phases[name] = phase
        self.wrong_keys = max(self.wrong_keys, phase.wrong_keys)
        self.wrong_outputs = max(self.wrong_outputs, phase.wrong_outputs)
        self.lost_events = max(self.lost_events, sum(it.lost for it in phase.states.values()))
        self.doubled_events = max(self.doubled_events, sum(it.doubled for it in phase.states.values()))


def revision() -> str:
    """Return the commit that is checked out, with a mark if something of it was changed."""
    done = subprocess.run(
        ("git", "describe", "--always", "--dirty", "--abbrev=12"),
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def summary(report: Report) -> str:
    """Return the lines that a person reads."""
    head = (
        f"seed {report.seed}, {report.seconds:g} s, brokers {report.brokers}"
        + (f", rule {report.broken} broken" if report.broken else "")
        + f": {report.events} events, {report.events_folded_during_faults} folded ({report.events_committed_during_faults} committed) during {report.actions} faults"
    )
    wrong = (
        f"  wrong keys {report.wrong_keys}, lost {report.lost_events}, doubled {report.doubled_events}, "
        f"wrong outputs {report.wrong_outputs}, stuck {report.stuck}"
    )
    flow = (
        f"  redelivered {report.redelivered} (skipped {report.skipped}), zombies {report.zombie_records} "
        f"(forged {report.forged_records}), lists {report.lists}, superseded {report.superseded}, shed {report.shed}, "
        f"settled in {report.settle_seconds:.1f} s"
    )
    lines = [head, wrong, flow, f"  faults {report.faults}, workers that ended by themselves {report.ended}"]
    for name, phase in report.phases.items():
        for what, it in (*phase.states.items(), *phase.told.items()):
            if it.wrong:
                lines.append(f"  {name}: {what}: missing {it.missing}, extra {it.extra}, different {it.different}")
                lines += [f"    {example}" for example in it.examples]
        if phase.lists is not None and phase.lists.examples:
            lines += [f"  {name}: lists: {example}" for example in phase.lists.examples]
    lines += [f"  broke down: {log}" for log in report.crashed]
    return "\n".join([*lines, *(f"  {note}" for note in report.notes)])
