"""Ports of this machine that nobody uses."""

import random
import socket

__all__ = ["free_port"]

# Linux gives connections the ports from 32768 (``net.ipv4.ip_local_port_range``): one of those could be taken by
# somebody's connection before its server listens, or while a killed server is started again.
_PORTS = range(15_000, 32_000)

#: Keeps the ports that this process gave out from other runs of the tests, until it ends.
_kept: list[socket.socket] = []


def free_port() -> int:
    """Give a TCP port of the loopback interface on which nobody listens, and that is given to nobody else.

    A UDP socket of the same number tells so to everybody who asks here.
    """
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        mark = socket.socket(type=socket.SOCK_DGRAM)
        try:
            mark.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
        else:
            _kept.append(mark)
            return port
    message = "No port is free."
    raise RuntimeError(message)
