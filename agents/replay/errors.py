"""What can stop a command that handles logs."""


class ReplayError(Exception):
    """Base of the errors of this package."""


class LogError(ReplayError):
    """A log or a table that can't be used; the text says where and why.

    Operator action: mend the line that it names, or record the log again.
    """


class BrokerError(ReplayError):
    """A broker that does not answer, or has not the topics it should.

    Operator action: what the text says.
    """
