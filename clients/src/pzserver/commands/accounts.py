"""Command ``login``: store a token in the configuration file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from typing import Any

__all__ = ["add_commands"]


def add_commands(commands: Any) -> None:  # Any: argparse does not publish the type of subparsers
    """Add the command."""
    login = commands.add_parser("login", help="store a token for a server in the configuration file")
    login.add_argument("address", nargs="?", help="address of the server; by default as of --host")
    login.set_defaults(run=_login)


def _login(options: argparse.Namespace) -> None:
    """Ask for a token, or read it from the standard input or --token-file; check it, and store it."""
    from getpass import getpass
    from pathlib import Path

    from pzserver.connections.hosts import find_host
    from pzserver.connections.tokens import clean_token, store_token
    from pzserver.server import PzServer

    host = find_host(options.address or options.host)
    if options.token_file is not None:
        given = Path(options.token_file).read_text(encoding="utf-8")
    elif sys.stdin.isatty():
        given = getpass(f"Token for {host} (create one on its page /tokens): ")
    else:
        given = sys.stdin.readline()
    if not given.strip():
        message = "No token was given."
        raise ValueError(message)
    token = clean_token(given)
    with PzServer(token, host) as server:
        path = store_token(token, server.url)
        sys.stdout.write(f"Signed in at {server.url} as {server.user}; the token is in {path}\n")
