"""What can stop a worker."""


class EngineError(Exception):
    """Base of the errors of this package."""


class ConfigurationError(EngineError):
    """The worker cannot start as it is set up.

    Operator action: what the message says.
    """


class TakenInstanceError(ConfigurationError):
    """Another worker runs under the same instance id.

    Operator action: give each worker a VITRINE_INSTANCE_ID of its own.
    """


class FormatError(ConfigurationError):
    """States were written in another format than this version keeps.

    Operator action: run a version that keeps their format, or let states be made anew under another VITRINE_APP_ID.
    """


class FencedError(EngineError):
    """Another worker writes a changelog partition of ours.

    Operator action: none if it happens once; the partition is restored again.
    """


class LostRecordsError(EngineError):
    """A committed offset lies outside the log, or states know offsets of a topic that was made anew since.

    Operator action: find out why (retention, a topic made anew, an unclean election), then what the message says.
    """


class FetcherError(EngineError):
    """The task that fetches ended, by a mistake here or in aiokafka.

    Operator action: start the worker again, and report what is in its log.
    """

    def __init__(self) -> None:
        super().__init__("nothing is fetched any more, the cause is above: start the worker again, and report it")


class LostStatesError(EngineError):
    """A changelog does not hold all states that were made, and no store here has them.

    Operator action: what the message says; to start with what is left would be wrong for ever.
    """


class StoreError(EngineError):
    """A local store can't be read or written.

    Operator action: what the message says; the changelog has all that it held.
    """


class DamagedStoreError(StoreError):
    """The files of a local store do not hold what they should.

    Operator action: start the worker again; it empties the store and restores it from the changelog.
    """


class UnusableStoreError(ConfigurationError):
    """The folder of a local store is another worker's, or may not be written to.

    Operator action: what the message says.
    """


class StateError(EngineError):
    """What is stored is no state of this processor.

    Operator action: find out who wrote it; the message says where it stands.
    """


class UndeliverableError(EngineError):
    """Records could not be written within the delivery timeout.

    Operator action: see whether the brokers are up and have enough replicas in sync; the worker's restart repeats the work.
    """


class MakerError(EngineError):
    """The process that scores beside the worker ended.

    Operator action: find out why (memory, a signal, what it wrote before); the worker is to be started again.
    """
