"""The demo from its opening to its end, on the embedded broker, with the test's own small worker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from threading import Event, Timer
from typing import TypeVar

import msgspec
import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from agents.__main__ import main
from agents.replay.kafka import Recorder
from agents.replay.log import created, read
from agents.shop import venue
from agents.shop.demo import Plan, run
from agents.shop.feed import Pace
from agents.shop.recording import Recording
from agents.shop.worker import Worker, WorkerError
from schemas.recommendations import Recommendations

T = TypeVar("T")

WORKER = (sys.executable, str(Path(__file__).parent.parent / "shop_worker.py"))


def plan(
    events: int | None,
    *,
    rubbish: float = 0.0,
    live: bool = False,
    worker: tuple[str, ...] = WORKER,
    recording: Recording | None = None,
) -> Plan:
    pace = Pace(None, events, rubbish)
    return Plan(shoppers=60, present=12, seed=7, pace=pace, live=live, worker=worker, recording=recording)


def quiet(line: str) -> None:
    """Tell nobody."""


def test_every_event_is_accounted_for_and_every_last_list_is_fresh() -> None:
    figures = run(venue.embedded(4), plan(1_500), Event(), quiet)

    assert figures is not None
    assert (figures.broker, figures.seed, figures.events_in) == ("embedded", 7, 1_500)
    assert (figures.events_lost, figures.last_lists_stale, figures.lists_given_up, figures.dead_letters) == (0, 0, 0, 0)
    assert figures.recommendations > 500
    assert figures.click_to_list_ms.p50 is not None
    assert figures.ctr_personal > 0


def test_bad_records_end_as_dead_letters_and_are_not_lost() -> None:
    figures = run(venue.embedded(4), plan(1_000, rubbish=0.1), Event(), quiet)

    assert figures is not None
    assert figures.bad_in > 50
    assert 0 < figures.dead_letters < figures.bad_in
    assert figures.events_lost == 0


def test_a_demo_without_end_stops_when_it_is_told() -> None:
    stop = Event()

    def tell(line: str) -> None:
        if "Publishing" in line:
            Timer(3, stop.set).start()

    figures = run(venue.embedded(4), plan(None), stop, tell)

    assert figures is not None
    assert figures.events_in > 0
    assert figures.fine


@pytest.mark.parametrize("name", ["shop.jsonl", "shop.jsonl.zst"])
def test_a_recorded_demo_can_be_replayed(tmp_path: Path, name: str) -> None:
    log = tmp_path / name
    with created(log) as file:
        recording = Recording(file)
        figures = run(venue.embedded(4), plan(600, rubbish=0.05, recording=recording), Event(), quiet)

    assert figures is not None
    records = [record for _, record in read(log)]
    assert len(records) == recording.records == figures.events_in + figures.catalog_in
    places = {(it.topic, it.partition, it.offset) for it in records}
    assert len(places) == len({dict(it.headers)["ce_id"] for it in records}) == len(records)
    for topic, partition in {place[:2] for place in places}:
        offsets = sorted(place[2] for place in places if place[:2] == (topic, partition))
        assert offsets == list(range(len(offsets)))

    out = tmp_path / "lists.jsonl"
    options = ["--partitions", "4", "--topics", "recommendations.v1", "--out", str(out)]
    result = CliRunner().invoke(main, ["replay", str(log), *options])

    assert result.exit_code == 0, result.output
    lists = [msgspec.json.decode(record.value or b"", type=Recommendations) for _, record in read(out)]
    shown = {it.shopper for it in lists if len(it.slots) == 10}
    assert len(shown & {f"shopper-{number:05d}" for number in range(60)}) > 10


def test_a_log_that_can_t_be_written_is_bad_usage(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["demo", "--once", "--record", str(tmp_path / "no" / "shop.jsonl")])

    assert result.exit_code == 2
    assert "No such file or directory" in result.output


def test_a_shopper_from_outside_gets_a_list_and_disturbs_nothing() -> None:
    event = {"kind": "click", "shopper": "ada", "item": "kitchen-01", "at": "2026-01-01T12:00:00Z"}

    with venue.embedded(4) as place:
        producer = Producer({"bootstrap.servers": place.address.bootstrap})  # with librdkafka's own partitioner

        def tell(line: str) -> None:
            if "Publishing" in line:
                for topic, value in (("clicks.v1", msgspec.json.encode(event)), ("recommendations.v1", b"no list")):
                    producer.produce(topic, value, "ada")
                assert producer.flush(60) == 0

        figures = run(nullcontext(place), plan(600), Event(), tell)
        with closing(Recorder(place.address.bootstrap, ["recommendations.v1"])) as recorder:
            lists = [it for batch in recorder.batches(follow=False) for it in batch if it.key == b"ada"]

    assert figures is not None
    assert figures.fine
    assert (figures.events_in, figures.dead_letters) == (600, 0)
    found = [msgspec.json.decode(it.value or b"", type=Recommendations) for it in lists if it.value != b"no list"]
    assert [it.revision for it in found] == [1]


def test_a_port_of_a_real_broker_is_no_option() -> None:
    result = CliRunner().invoke(main, ["demo", "--broker", "127.0.0.1:1", "--port", "9092"])

    assert result.exit_code == 2
    assert "--broker HOST:PORT" in result.output


def test_a_worker_that_dies_ends_the_demo_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DIES_AFTER", "400")

    with pytest.raises(WorkerError, match=r"exit code 1(?s:.*)dies as it was told"):
        run(venue.embedded(4), plan(100_000), Event(), quiet)


def test_a_worker_that_does_not_start_ends_the_demo_with_its_last_words() -> None:
    worker = (sys.executable, "-c", "raise SystemExit('no models here')")

    with pytest.raises(WorkerError, match="no models here"):
        run(venue.embedded(1), plan(100, worker=worker), Event(), quiet)


def test_a_worker_that_never_gets_ready_is_not_waited_for_without_end(tmp_path: Path) -> None:
    sleeper = (sys.executable, "-c", "import time; print('sleeping', flush=True); time.sleep(60)")

    with (
        Worker({}, tmp_path / "log", sleeper) as worker,
        pytest.raises(WorkerError, match=r"not ready after 1 s(?s:.*)sleep"),
    ):
        worker.wait_ready(Event(), 1)


def test_a_worker_stops_with_its_context(tmp_path: Path) -> None:
    with Worker({}, tmp_path / "log", (sys.executable, "-c", "import time; time.sleep(60)")) as worker:
        worker.check()

    with pytest.raises(WorkerError, match=f"signal {int(signal.SIGTERM)}"):
        worker.check()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has ended")
@pytest.mark.parametrize("through", [(), ("make", "-f")])
def test_a_worker_does_not_outlive_a_demo_that_is_killed(tmp_path: Path, through: tuple[str, ...]) -> None:
    pids = tmp_path / "pids"
    worker = f"import os, time; open({str(pids)!r}, 'a').write(f'{{os.getppid()}} {{os.getpid()}} '); time.sleep(600)"
    program = tmp_path / "demo.py"
    program.write_text(
        "import sys, pathlib, threading\nfrom agents.shop.worker import Worker\n"
        f"with Worker({{}}, pathlib.Path({str(tmp_path / 'log')!r}), (sys.executable, '-c', {worker!r})):\n"
        "    threading.Event().wait()\n"
    )
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"demo:\n\t{sys.executable} {program}\n")
    command = [*through, str(makefile)] if through else [sys.executable, str(program)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    demo, child = eventually(lambda: [int(it) for it in pids.read_text().split()] if pids.exists() else None)

    os.kill(demo, signal.SIGKILL)

    process.wait(60)
    eventually(lambda: gone(child) or None)


def eventually(look: Callable[[], T | None]) -> T:
    """Return what *look* gives as soon as it is something; the test's time limit is the only one."""
    while not (found := look()):
        time.sleep(0.02)
    return found


def gone(pid: int) -> bool:
    """Return whether the process has ended; one that nobody has waited for has, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_broker_that_does_not_answer_is_bad_usage() -> None:
    result = CliRunner().invoke(main, ["demo", "--once", "--broker", "127.0.0.1:1"])

    assert result.exit_code == 2
    assert "no broker answers at 127.0.0.1:1" in result.output


def test_an_interrupt_while_the_worker_starts_ends_the_command_quickly(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-m", "agents", "demo"], stdout=file, stderr=file)
    while b"Starting the worker" not in log.read_bytes():
        process.poll()
        assert process.returncode is None

    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 0
    assert b"Stopped before the shop opened" in log.read_bytes()
