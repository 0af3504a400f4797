"""Runs a command that ends when the process that started it ends, however that ends: `tether.py PARENT COMMAND ...`.

Linux sends the signal; elsewhere the command runs on when its parent is killed.  A program of its own, because what
Python runs between fork and exec may hang in a process that has threads, as one with a broker inside has.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Become *command*, unless the process *parent* has ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("the process that started this one has ended")
    os.execvp(command[0], command)  # noqa: S606  our caller's own command


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
