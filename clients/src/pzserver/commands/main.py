"""Command ``pzserver``: list, download, upload and query products, run pipelines, sign in.

Exit codes: 0 for success, 1 when the server refuses or cannot be reached, 2 for a wrong command line, 3 when a job
fails, 130 when it was interrupted.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pzserver import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

_REFUSED, _WRONG, _FAILED, _INTERRUPTED = 1, 2, 3, 130


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit code."""
    options = _parser().parse_args(words)
    try:
        run: Callable[[argparse.Namespace], None] = options.run
        run(options)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # the reader of the output, such as head, has ended
        sys.stderr.close()
        return 0
    except Exception as e:
        code = _code_of(e)
        if code is None:
            raise
        sys.stderr.write(f"pzserver: {e}\n")
        return code
    return 0


def _code_of(error: Exception) -> int | None:
    """Return the exit code of an error that the user can correct; None for others."""
    from pzserver.errors import PzServerError
    from pzserver.jobs import FailedJobError

    if isinstance(error, FailedJobError):
        return _FAILED
    return _REFUSED if isinstance(error, PzServerError | ValueError | OSError | ImportError) else None


def _parser() -> argparse.ArgumentParser:
    from pzserver.commands import accounts, files, pipelines, queries

    parser = argparse.ArgumentParser(prog="pzserver", description="Products and files of a Photo-z Server.")
    parser.add_argument("--version", action="version", version=f"pzserver {__version__}")
    parser.add_argument("--host", help="address of the server; by default PZSERVER_HOST, or that of the last login")
    parser.add_argument(
        "--token-file", metavar="FILE", help="file with the token; by default PZSERVER_TOKEN, or that of login"
    )
    parser.add_argument("--quiet", "-q", action="store_true", help="show no progress")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in (accounts, files, queries, pipelines):
        module.add_commands(commands)
    for command in commands.choices.values():  # the option may stand after the command, too
        command.add_argument("--quiet", "-q", action="store_true", default=argparse.SUPPRESS, help="show no progress")
    return parser
