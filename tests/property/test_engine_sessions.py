"""Whatever is lost on the way, a broker with fetch sessions (KIP-227) looks at the partitions that the consumer wants."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agents.engine.sessions import Ask, Session

PLACES = st.dictionaries(st.tuples(st.sampled_from("ab"), st.integers(0, 3)), st.integers(0, 2), max_size=8)
NOT_FOUND, WRONG_EPOCH = 70, 71


class Broker:
    """Sessions as KIP-227 has them."""

    def __init__(self) -> None:
        self.sessions: dict[int, tuple[int, dict[tuple[str, int], int]]] = {}
        """Id to the epoch that must come next and the partitions."""
        self.room = True
        self._ids = 0

    def answer(self, ask: Ask) -> tuple[int, int, dict[tuple[str, int], int]]:
        """Return an error, the session's id, and the partitions that are read with their offsets."""
        told = {(topic, partition): offset for topic, places in ask.topics for partition, offset, _ in places}
        if not ask.epoch:
            assert not ask.session
            assert not ask.forgotten
            if not self.room:
                return 0, 0, told
            self._ids += 1
            self.sessions[self._ids] = 1, told
            return 0, self._ids, told
        if ask.session not in self.sessions:
            return NOT_FOUND, 0, {}
        epoch, places = self.sessions[ask.session]
        if epoch != ask.epoch:
            return WRONG_EPOCH, ask.session, {}
        for topic, partitions in ask.forgotten:
            for partition in partitions:
                del places[topic, partition]
        places.update(told)
        self.sessions[ask.session] = epoch + 1, places
        return 0, ask.session, places


class Fetching(RuleBasedStateMachine):
    """A consumer's session and a broker, and what can happen between them."""

    def __init__(self) -> None:
        super().__init__()
        self.session, self.broker = Session(), Broker()
        self.wanted: dict[tuple[str, int], int] = {}
        self.read: dict[tuple[str, int], int] | None = None

    def ask(self, wanted: dict[tuple[str, int], int]) -> Ask:
        """Ask for exactly *wanted*."""
        topics: dict[str, list[tuple[int, int, int]]] = {}
        for (topic, partition), offset in wanted.items():
            topics.setdefault(topic, []).append((partition, offset, 1))
        self.wanted = wanted
        return self.session.ask(list(topics.items()))

    @rule(wanted=PLACES)
    def fetch(self, wanted: dict[tuple[str, int], int]) -> None:
        """Ask and be answered."""
        error, session, read = self.broker.answer(self.ask(wanted))
        self.read = None if error else dict(read)
        self.session.answered(error, session)

    @rule(wanted=PLACES)
    def again(self, wanted: dict[tuple[str, int], int]) -> None:
        """Ask twice for the same: the second time there is nothing to tell."""
        self.fetch(wanted)
        if self.read is not None and self.broker.room:
            ask = self.ask(wanted)
            assert not ask.forgotten
            assert not (ask.epoch and ask.topics)
            self.session.answered(*self.broker.answer(ask)[:2])

    @rule(wanted=PLACES, heard=st.booleans())
    def break_off(self, wanted: dict[tuple[str, int], int], heard: bool) -> None:
        """Lose a request, or its answer."""
        ask = self.ask(wanted)
        if heard:
            self.broker.answer(ask)
        self.read = None
        self.session.lose()

    @rule()
    def evict(self) -> None:
        """Let the broker forget its sessions, as it does when there are many, or when it starts anew."""
        self.broker.sessions.clear()

    @rule()
    def slip(self) -> None:
        """Let the broker expect another epoch than the consumer's: somebody said a request twice."""
        self.broker.sessions = {it: (epoch + 1, places) for it, (epoch, places) in self.broker.sessions.items()}

    @rule(room=st.booleans())
    def fill(self, room: bool) -> None:
        """Let the broker have room for a new session, or none."""
        self.broker.room = room

    @invariant()
    def is_read(self) -> None:
        """What was answered without an error was read from where the consumer wanted it, and from nowhere else."""
        assert self.read is None or self.read == self.wanted

    @rule(wanted=PLACES)
    def recover(self, wanted: dict[tuple[str, int], int]) -> None:
        """After one error all is read again."""
        self.fetch(wanted)
        self.fetch(wanted)
        assert self.read == wanted


TestFetching = Fetching.TestCase


def test_the_epoch_begins_again_after_the_last_number() -> None:
    session = Session()
    session.ask([])
    session.answered(0, 7)
    session._epoch = 2**31 - 2

    assert [session.ask([]).epoch for _ in range(3)] == [2**31 - 1, 1, 2]
