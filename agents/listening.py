"""Moves a socket that a library listens on to another port, without the library's help."""

import os
import socket
from contextlib import suppress
from pathlib import Path


def move(host: str, before: int, after: int) -> None:
    """Let what listens at *host* and port *before* in this process listen at port *after* instead.

    The library keeps its descriptor, which gets another socket.  Raise OSError if the port can't be had.
    """
    with socket.create_server((host, after)) as server:
        os.dup2(server.fileno(), _descriptor(host, before), inheritable=False)


def _descriptor(host: str, port: int) -> int:
    for number in [int(it.name) for it in Path("/dev/fd").iterdir()]:
        with suppress(OSError), socket.socket(fileno=os.dup(number)) as it:
            if it.getsockname() == (host, port) and it.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return number
    message = f"nothing in this process listens at {host}:{port}"
    raise OSError(message)
