"""The command `vitrine`."""

import click

from agents.commands.lazy import LazyGroup

COMMANDS = {
    "worker": "Run the agents.",
    "topics": "Bring the broker's topics to what is needed: plan, apply.",
    "doctor": "Say whether a worker can run here, and what to do if not.",
    "demo": "Run a simulated shop, a broker and a worker, and watch.",
    "load": "Send the events of a simulated shop to a broker.",
    "tail": "Follow topics, a line a record.",
    "explain": "Say why each item is in a shopper's list.",
    "state": "Look at what is kept: of one shopper or item, and how much.",
    "replay": "Run an event log through the agents without a broker.",
    "diff": "Compare two outputs of replay: which lists changed, how far, and who gained.",
    "record": "Write what is on topics to an event log.",
    "produce": "Send an event log to a broker.",
    "dlq": "Look at records that could not be used; replay or drop them.",
    "import": "Turn foreign data into an event log.",
    "model": "Measure, train and export the models of sentiment.",
    "schema": "Write the contract of every topic, and compare it with what was released.",
}
"""Name to help; the module `agents.commands.<name>` (`import_` for `import`) holds the click command `command`."""


@click.group(
    cls=LazyGroup,
    package="agents.commands",
    helps=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="vitrine")
def main() -> None:
    """Vitrine: events of a shop in; lists and words for each shopper out.

    Settings are variables VITRINE_...; options go before them.  Exit codes: 0 done, 1 the check failed, 2 bad usage or
    configuration.
    """


if __name__ == "__main__":
    main()
