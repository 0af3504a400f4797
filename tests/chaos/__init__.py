"""Chaos: the product's own processors on a real Kafka, with workers and brokers killed, frozen and robbed while they work.

`make chaos ARGS="--seed 7 --seconds 45 --brokers 3 --report chaos.json"` runs it: exit code 0 if nothing is wrong, 1 if
something is, 2 if it can't begin.  A failing run leaves every worker's log, disk and the brokers' logs in the folder that
it names (`--keep` chooses it).  A seed fixes the choices, not the timing: the same seed is not the same run.

What goes on: two producers, one of which commits and aborts transactions, send what a shop and careless producers send
(`input`).  One to three workers, each a process with a disk of its own (`crew`, `worker`), fold it and make lists; one at
least always runs, as an orchestrator would have it.  Faults are dealt from a deck (`plan`, `faults`): kill -9, SIGTERM,
SIGSTOP for up to twice the session, a wiped disk, a new worker; a broker killed and started again or frozen, of three one
at a time; records forged as a former owner would write them.  Each waits until workers have folded something since the one
before.  Changelogs are compacted all the time, in some runs without a lag: then only what makes no former owner write late.

What must hold then is computed by the replay driver from the input as it lies on the broker, each record exactly once
(`model`).  It is compared (`checking`)

1. `log`: when all is healed and the group has committed everything;
2. `round`: after one more event of each shopper;
3. `compacted`: when workers have stopped, and the changelogs hold hardly more than the last record of each key;
4. `recovered`: after a worker with an empty disk has restored from them, and one more event of each shopper.

Compared are all states but the fields that `comparing` names with a reason; pairs, sentiments, feedback, responses and
dead letters by id; each list with what its own decision record gives; the newest list of each shopper with the last event
that asks for one (lists that were shed apart), and in 2 and 4 with the revision of the state; for each response one outcome.

What notices a broken rule of `design.md` §4 (`breaks`).  `--break` is the option of the harness, with `--seed 8 --seconds 15
--rate 500`; the fast tests are run by `test_breaks`, or by hand: `python -m tests.chaos.broken_pytest 6
tests/property/test_engine_partition.py`.

| `--break` | rule | what chaos says | fast test |
| --- | --- | --- | --- |
| `2` | facts are acked before states are flushed | facts missing | `unit/test_engine_outbox` |
| `3` | states are flushed before offsets are committed | events lost | |
| `3-errors` | nothing is committed past a failure of the broker | nothing in a short run: acks are waited for a minute | `shell/test_failures` |
| `4` | ids of facts are deterministic | other facts than the model's | `unit/test_replay_driver` |
| `4-revisions` | revisions only grow | revisions and newest lists wrong | |
| `6` | one writer | states wrong, with a seed that draws a `compaction_lag_ms`: only then does a former owner write | `property/test_engine_partition`; `CHAOS_BREAK=6 pytest tests/kafka/test_engine_kafka.py -k former` |
| `7` | no holes | events lost | `property/test_engine_delivery` |
| `7-restore` | restored before delivered | states wrong | `property/test_engine_partition` |
| `slow` | none: facts are slow, as for `2` | nothing: that run must pass | |
"""
