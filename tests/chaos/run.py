"""One run: workers at work, faults, healing, and every comparison with the model."""

import time
from collections import Counter
from contextlib import ExitStack

from agents.processor import sources
from agents.shoppers.agent import Shoppers
from agents.topics import INPUTS, RECOMMENDATIONS
from agents.wiring import stages
from models.api import Models
from tests.chaos.checking import Checks
from tests.chaos.compaction import compact
from tests.chaos.faults import Faults, Forger
from tests.chaos.input import Source
from tests.chaos.model import Model
from tests.chaos.plan import Dealer, setup
from tests.chaos.producing import Producing
from tests.chaos.report import Report, revision
from tests.chaos.site import CHANGELOGS, FILLED, FOLDERS, GROUP, PARTITIONS, PREFIX, READ, Options, Site
from tests.chaos.watching import Listener, Progress, wait_for

BEHIND = 60_000
"""Records that workers may be behind before the producer waits for them."""
BEGIN_SECONDS = 120.0
STILL_SECONDS, SETTLE_SECONDS = 90.0, 900.0
"""Without any progress, and in all, behind which workers are stuck."""
ROUND_BITE = 20
"""Records that come at once when nothing may be shed."""
_INPUTS = tuple(f"{topic.name} " for topic in INPUTS)
_CALM = 4
"""Looks without any lag behind which nothing comes any more."""


def run(options: Options, models: Models) -> Report:
    """Run, and return what was found out; *models* are those that the workers have."""
    with ExitStack() as stack:
        return _Run(options, models, stack).run()


class _Run:
    """The parts of one run."""

    def __init__(self, options: Options, models: Models, stack: ExitStack) -> None:
        self._setup = setup(options.seed, options.nodes)
        self._site = Site(options, self._setup)
        stack.callback(self._site.end)
        self._options, self._say = options, options.say
        self._say(f"starting {options.nodes} broker(s) and making topics; {self._setup}")
        self._site.start()
        self._bootstrap = bootstrap = self._site.brokers.bootstrap
        self._crew = self._site.crew
        self._listener = Listener(bootstrap, PREFIX + RECOMMENDATIONS.name, list(CHANGELOGS.values()), PARTITIONS)
        self._progress = Progress(bootstrap, GROUP, READ, FILLED, PARTITIONS)
        self._source = Source(options.seed, PARTITIONS, self._listener.lists)
        self._producing = Producing(
            self._source,
            bootstrap,
            PREFIX,
            seed=options.seed,
            rate=options.rate,
            behind=lambda: self._progress.lag > BEHIND,
        )
        changelog = CHANGELOGS[Shoppers.name]
        self._forger = Forger(bootstrap, changelog, Shoppers.state, len(sources(Shoppers)), PARTITIONS)
        self._model = Model(stages(self._site.settings, models), PARTITIONS)
        self._checks = Checks(bootstrap, PREFIX, PARTITIONS, CHANGELOGS, self._model)
        self._report = Report(
            seed=options.seed,
            seconds=options.seconds,
            brokers=options.nodes,
            broken=options.broken,
            models=options.models,
            setup=self._setup._asdict(),
            revision=revision(),
        )

    def run(self) -> Report:
        """Run to the end, or to where workers are stuck."""
        self._listener.start()
        self._progress.start()
        if (
            self._begin()
            and self._strike()
            and not self._shown()
            and self._round("round", "after one more event of each shopper")
        ):
            self._report.killed_at_stop = self._crew.stop_all()
            self._compact()
            self._crew.start("recovered")
            self._round("recovered", "what a worker with an empty disk makes of the compacted log")
            self._report.killed_at_stop += self._crew.stop_all()
        self._progress.end()
        self._listener.end()
        self._count()
        return self._report

    # -- steps

    def _begin(self) -> bool:
        """Bring a worker to work."""
        self._producing.put(self._source.catalogue(int(time.time() * 1000)))
        self._crew.start("w0")
        self._producing.start()
        if wait_for(lambda: self._progress.committed > ROUND_BITE * 50, BEGIN_SECONDS):
            return True
        self._stuck("no worker began to work")
        return False

    def _strike(self) -> bool:
        """Strike, heal, and compare what is there."""
        report, brokers, seconds = self._report, self._site.brokers, self._options.seconds
        self._say(f"workers are at work; faults for {seconds:g} s")
        dealer = Dealer(self._options.seed, nodes=self._options.nodes, lag_ms=self._setup.compaction_lag_ms)
        faults = Faults(self._crew, brokers, self._progress, dealer, self._forger)
        folded, committed = self._folded(), self._progress.committed
        faults.strike(seconds)
        if self._setup.compaction_lag_ms:
            faults.forge()
        report.events_folded_during_faults = self._folded() - folded
        report.events_committed_during_faults = self._progress.committed - committed
        report.actions, report.idle_faults, report.faults = faults.actions.total(), faults.idle, dict(faults.actions)
        self._say("healing")
        begun = time.monotonic()
        faults.undo(everything=True)
        brokers.heal()
        self._producing.end()
        self._forger.flush()
        report.aborted = self._producing.aborted
        report.notes += [f"not produced: {it}" for it in self._producing.refused[:3]]
        settled = self._settle()
        report.settle_seconds = round(time.monotonic() - begun, 1)
        if settled:
            self._say("comparing what the log says")
            report.add("log", self._checks.compare(excused=self._shed()))
        return settled

    def _round(self, name: str, words: str) -> bool:
        """Let each shopper do one thing more, so that every state and list is made anew, and compare."""
        shed = self._shed()
        records = self._source.round(int(time.time() * 1000))
        for start in range(0, len(records), ROUND_BITE):
            self._producing.put(records[start : start + ROUND_BITE])
            self._producing.flush()
            time.sleep(0.2)
        if not self._settle():
            return False
        self._say(f"comparing {words}")
        self._report.add(name, self._checks.compare(excused=self._shed() - shed, everyone=True))
        return True

    def _compact(self) -> None:
        """Leave only the last record of each key in the changelogs, and compare."""
        self._say("compacting")
        before, after, whole = compact(
            self._bootstrap, {CHANGELOGS[folder.name]: folder for folder in FOLDERS}, PARTITIONS
        )
        self._report.compaction = {"before": before, "after": after, "whole": whole}
        self._report.add("compacted", self._checks.compare(states_only=True))

    # -- parts

    def _settle(self) -> bool:
        """Wait until all is folded and made; tell whether it came to that."""
        progress, crew = self._progress, self._crew
        begun = moved = time.monotonic()
        lag, calm = -1, 0
        while calm < _CALM:
            if not crew.running():  # like an orchestrator: always one that runs
                crew.start(next(iter(crew.disks()), "w0"))
            now = time.monotonic()
            if progress.lag != lag:
                lag, moved = progress.lag, now
            if now - moved > STILL_SECONDS or now - begun > SETTLE_SECONDS:
                self._stuck("the workers do not come to the end of the log")
                return False
            looks = progress.looks
            time.sleep(0.4)
            calm = calm + 1 if progress.looks > looks and not progress.lag else 0
        return True

    def _stuck(self, what: str) -> None:
        self._report.stuck += 1
        self._report.notes.append(f"{what}: {self._progress.behind()}")
        self._crew.ask_where()
        time.sleep(1)

    def _shown(self) -> bool:
        """Tell whether a rule that was broken on purpose has been noticed: then there is no more to see."""
        return bool(self._options.broken) and self._report.failed

    def _shed(self) -> int:
        return self._crew.counts()["vitrine_shed_total"]

    def _folded(self) -> int:
        """Return how many records of the input workers have folded; what was lost and folded again counts again."""
        return _of_inputs(self._crew.counts(), without=("redelivered", "duplicate"))

    def _count(self) -> None:
        report, counts = self._report, self._crew.counts()
        report.events = self._model.events
        report.redelivered = max(0, _of_inputs(counts) - report.events)
        report.skipped = _of_inputs(counts) - _of_inputs(counts, without=("redelivered",))
        report.reopened, report.shed = counts["vitrine_state_reopened_total"], counts["vitrine_shed_total"]
        report.zombie_records, report.forged_records = self._listener.zombies, self._forger.forged
        report.ended, report.crashed = dict(self._crew.ended), list(self._crew.crashed)
        report.lists = max((it.lists.made for it in report.phases.values() if it.lists is not None), default=0)
        report.superseded = max(0, self._model.asks - report.lists - report.shed)


def _of_inputs(counts: Counter[str], *, without: tuple[str, ...] = ()) -> int:
    """Return how many records of the input *counts* tells of, those left out whose outcome is one of *without*."""
    return sum(number for name, number in counts.items() if name.startswith(_INPUTS) and name.split()[1] not in without)
