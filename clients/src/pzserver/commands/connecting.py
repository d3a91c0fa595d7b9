"""Connection of a command to its server, and its output as text, CSV or JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from pzserver.server import PzServer

__all__ = ["connected", "write_records"]


def connected(options: argparse.Namespace) -> PzServer:
    """Return the server that the options name."""
    from pzserver.connections.hosts import find_host
    from pzserver.server import PzServer

    token = None if options.token_file is None else Path(options.token_file).read_text(encoding="utf-8")
    return PzServer(token, find_host(options.host))


def write_records(records: Sequence[Mapping[str, object]], names: Sequence[str], style: str) -> None:
    """Write records to the standard output: ``text`` with aligned columns, ``csv``, or ``json``."""
    if style == "json":
        json.dump([{name: record.get(name) for name in names} for record in records], sys.stdout, default=str, indent=1)
        sys.stdout.write("\n")
        return
    rows = [tuple("" if record.get(name) is None else str(record[name]) for name in names) for record in records]
    if style == "csv":
        import csv

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
        return
    widths = [max([len(row[i]) for row in [tuple(names), *rows]]) for i in range(len(names))]
    for row in [tuple(names), *rows]:
        sys.stdout.write("  ".join(map(str.ljust, row, widths)).rstrip() + "\n")
