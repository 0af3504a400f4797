"""The subcommands of `vitrine`, one module each."""
