"""Sources of the address of the server: argument, environment, configuration file, and this machine."""

import os
import tomllib

from pzserver.connections.tokens import configuration_path

__all__ = ["LOCAL", "find_host"]

#: Address of a server on this machine, when no other one is named.
LOCAL = "http://127.0.0.1:8000"

_VARIABLE = "PZSERVER_HOST"


def find_host(host: str | None = None) -> str:
    """Return the address of the server: the argument, or the first one of the other sources.

    In the configuration file, ``host = "https://…"`` names it; without that line, the only one of ``[hosts]`` is taken.
    """
    return host or os.environ.get(_VARIABLE) or _configured() or LOCAL


def _configured() -> str | None:
    try:
        found = tomllib.loads(configuration_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):  # what is wrong with the file is said when its token is looked for
        return None
    if isinstance(named := found.get("host"), str) and named:
        return named
    hosts = list(found["hosts"]) if isinstance(found.get("hosts"), dict) else []
    return hosts[0] if len(hosts) == 1 else None
