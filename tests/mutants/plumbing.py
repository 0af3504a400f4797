"""Mistakes in the shell around the cores; most of them were made, and found by tests/shell."""

from tests.mutants.mutant import Mutant

_ENGINE = "agents/engine/engine.py"
_COMMITS = "agents/engine/commits.py"
_WARM = "agents/engine/warm.py"
_WARM_TEST = "tests/shell/test_warm.py"
_OPENINGS = "agents/engine/openings.py"
_OUTBOX = "agents/engine/outbox.py"
_CHANGELOG = "agents/engine/changelog.py"
_RESTORE = "agents/engine/restore.py"
_KEYSPACE = "agents/engine/keyspace.py"
_VIEWS = "agents/engine/views.py"
_CONSUMER = "agents/engine/consumer.py"

_FAILURES = "tests/shell/test_failures.py"
_HANGS = "tests/shell/test_hangs.py"
_CANCELLATIONS = "tests/shell/test_cancellations.py"
_PARTS = "tests/shell/test_parts.py"
_COMMITS_TEST = "tests/unit/test_engine_commits.py"

MUTANTS = [
    # -- commits
    Mutant(
        _COMMITS,
        "        await self._outbox.drained()\n",
        "",
        "a commit does not wait for the facts of what it covers",
        _HANGS,
    ),
    Mutant(
        _COMMITS,
        "        if failures:  #",
        "        if False:  #",
        "offsets are committed behind a failed flush",
        _FAILURES,
    ),
    Mutant(
        _COMMITS,
        "*writes, return_exceptions=True)",
        "*writes)",
        "a failed flush lets those of other partitions run on behind the commit",
        _PARTS,
    ),
    Mutant(
        _COMMITS,
        "self._delivery.committable().items() if _has_turn(it.source[1], turn)}",
        "self._delivery.committable().items()}",
        "a turn commits offsets of partitions whose states it does not flush",
        _COMMITS_TEST,
    ),
    Mutant(
        _COMMITS,
        "        await self._make_room()\n        if not turn:\n",
        "        if not turn:\n            await self._make_room()\n",
        "states make room once in an interval, and take a gigabyte meanwhile",
        _COMMITS_TEST,
    ),
    Mutant(
        _COMMITS,
        " or self._changed_states() >= TOGETHER",
        "",
        "in a backlog each turn is as long as a commit was, and states are written more often",
        _COMMITS_TEST,
    ),
    Mutant(
        _COMMITS,
        "        together = self._delivery.due() or",
        "        together =",
        "where nothing more is read before a commit, nobody makes room",
        _COMMITS_TEST,
    ),
    Mutant(
        _CHANGELOG,
        "(not sent and _add(batch, *last))",
        "_add(batch, *last)",
        "a ledger is written though the states before it were not",
        _PARTS,
    ),
    Mutant(
        _CHANGELOG,
        "                acks = [((await ack).offset, size) for size, ack in sent]\n",
        "                acks = [((await asyncio.wait_for(ack, _ACK_SECONDS)).offset, size) for size, ack in sent]\n",
        "a cancelled flush goes on if its answer comes at the same time",
        _PARTS,
    ),
    Mutant(
        _CHANGELOG,
        "            if offset != end:\n",
        "            if False:\n",
        "somebody wrote between the batches of a flush, and nobody notices",
        _PARTS,
    ),
    Mutant(
        "agents/engine/channels.py",
        "            while waiting is not None and (crowd := waiting.qsize()):",
        "            while waiting is None and (crowd := 0):",
        "where lists keep the event loop busy, records are folded at a batch for each of its rounds",
        _PARTS,
    ),
    # -- the way out
    Mutant(
        _OUTBOX,
        "        except (Exception, asyncio.CancelledError) as error:",
        "        except Exception as error:",
        "who waits for a record whose acknowledgement is cancelled waits for ever",
        _PARTS,
    ),
    Mutant(
        _OUTBOX,
        "            if self._failure is None:  # else that is known\n",
        "            if True:\n",
        "the failure that is told is not the one that came first",
        _PARTS,
    ),
    Mutant(
        _OUTBOX,
        "        if pending:\n            await asyncio.wait(pending)\n        if self._failure is not None:\n            raise self._failure\n",
        "        if pending:\n            await asyncio.wait(pending)\n",
        "a commit takes place behind a record that did not leave",
        _PARTS,
    ),
    # -- opening and closing
    Mutant(
        _KEYSPACE,
        "            await asyncio.wait([opening])\n",
        "            await opening\n",
        "a store whose opening is cancelled is opened a second time",
        _CANCELLATIONS,
    ),
    Mutant(
        _OPENINGS,
        "            await self._context.fail(error)\n\n    def _spawn",
        "            raise\n\n    def _spawn",
        "partitions whose opening fails stay closed in silence",
        _PARTS,
    ),
    Mutant(
        _OPENINGS,
        "HOPELESS = (FetcherError, ",
        "HOPELESS = (Exception, ",
        "a broker that is away while states are restored stops the worker",
        _FAILURES,
    ),
    Mutant(
        _ENGINE,
        "    except Exception as error:  # noqa: BLE001  whatever it is, the other parts have to be released, too\n",
        "    except TimeoutError as error:\n",
        "a client that can't be closed leaves stores and other clients open",
        _FAILURES,
    ),
    Mutant(
        _ENGINE,
        "        async with asyncio.timeout(_RELEASE_SECONDS):\n",
        "        async with asyncio.timeout(None):\n",
        "a client that hangs holds up the stop",
        _HANGS,
    ),
    Mutant(
        _CONSUMER,
        "asyncio.timeout(_LAST_COMMIT_SECONDS if stopping else None)",
        "asyncio.timeout(None)",
        "a last commit that hangs holds up the stop",
        _HANGS,
    ),
    Mutant(
        _RESTORE,
        "            async with asyncio.timeout(_STOP_SECONDS):\n",
        "            async with asyncio.timeout(None):\n",
        "a restore whose client hangs holds up a revoke",
        _HANGS,
    ),
    # -- views
    Mutant(
        _VIEWS,
        "(KafkaError, RuntimeError, OSError, TimeoutError) as error:  # nothing was fetched",
        "KafkaError as error:",
        "a view whose reading fails once stops the worker",
        _PARTS,
    ),
    Mutant(
        _VIEWS,
        "what was fetched is lost to the views\n            await fail(error)\n",
        "what was fetched is lost to the views\n            del fail, error\n",
        "a view that can't be applied stands still in silence",
        _PARTS,
    ),
    Mutant(
        _WARM,
        "            self._task.cancel()\n            await asyncio.gather(self._task, return_exceptions=True)\n",
        "            self._task.cancel()\n",
        "a copy is still read when its store is somebody else's",
        _WARM_TEST,
    ),
    Mutant(
        _WARM,
        "            except Exception as error:  # noqa: BLE001  whatever the broker does: try again\n",
        "            except TimeoutError as error:\n",
        "a copy is not read on when a call failed",
        _WARM_TEST,
    ),
    Mutant(
        _WARM,
        "            except Exception as error:  # noqa: BLE001  whatever it is, the copies are read on\n",
        "            except TimeoutError as error:\n",
        "copies end when nobody says how far their logs reach",
        _WARM_TEST,
    ),
]
