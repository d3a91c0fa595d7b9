"""Ports of this machine that nobody uses."""

import socket

__all__ = ["free_port"]


def free_port() -> int:
    """Give a TCP port of the loopback interface that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
