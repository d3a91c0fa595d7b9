"""Commands ``ls``, ``get`` and ``put``: products and files in VOSpace.

A name with a slash, or ``~``, is a path in VOSpace; any other one is the number or internal name of a product.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from pzserver.commands.connecting import connected, write_records

if TYPE_CHECKING:
    import argparse
    from typing import Any

    from pzserver.server import PzServer

__all__ = ["add_commands"]

_PRODUCT = ("id", "internal_name", "display_name", "product_type", "release_name", "uploaded_by", "created_at")
_NODE = ("name", "size", "modified", "kind")


def add_commands(commands: Any) -> None:  # Any: argparse does not publish the type of subparsers
    """Add the commands."""
    listing = commands.add_parser("ls", help="list products, or the files in a folder of VOSpace")
    listing.add_argument("path", nargs="?", help="a folder of VOSpace, such as ~/data; by default products are listed")
    listing.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="NAME=WORD",
        help="a filter of products, such as product_type=redshift_catalog; may be repeated",
    )
    listing.add_argument("--format", choices=("text", "csv", "json"), default="text")
    listing.set_defaults(run=_list)
    getting = commands.add_parser("get", help="download products, or files of VOSpace")
    getting.add_argument("names", nargs="+", metavar="NAME", help="product, or path in VOSpace")
    getting.add_argument("--to", default=".", metavar="FOLDER", help="local folder")
    getting.add_argument("--unpacked", action="store_true", help="save products as folders, not as zip archives")
    getting.set_defaults(run=_get)
    putting = commands.add_parser("put", help="upload files to VOSpace")
    putting.add_argument("files", nargs="+", metavar="FILE", help="local file")
    putting.add_argument("--to", default="~", metavar="FOLDER", help="folder of VOSpace; by default your home")
    putting.set_defaults(run=_put)


def _list(options: argparse.Namespace) -> None:
    with connected(options) as server:
        if options.path is not None:
            nodes = server.space.list(options.path)
            records = [
                {"name": node.name, "size": node.size, "modified": node.modified, "kind": node.kind} for node in nodes
            ]
            write_records(records, _NODE, options.format)
            return
        filters: dict[str, object] = {}
        for each in options.filter:
            name, _, word = each.partition("=")
            if not word:
                message = f"'{each}' is not a filter; write NAME=WORD."
                raise ValueError(message)
            filters[name] = word
        write_records(server.get_products_list(filters), _PRODUCT, options.format)


def _get(options: argparse.Namespace) -> None:
    folder = Path(options.to)
    folder.mkdir(parents=True, exist_ok=True)
    with connected(options) as server:
        for name in options.names:
            path = _saved(server, name, folder, options)
            sys.stdout.write(f"{path}\n")


def _saved(server: PzServer, name: str, folder: Path, options: argparse.Namespace) -> Path:
    from pzserver.connections.progress import byte_bar

    with byte_bar(name, disable=options.quiet or None) as show:
        if "/" in name or name.startswith("~"):
            return server.space.download(name, folder, show)
        with redirect_stdout(sys.stderr):  # of which nothing is a path
            return Path(server.download_product(name, folder, unpacked=options.unpacked, progress=show))


def _put(options: argparse.Namespace) -> None:
    from pzserver.connections.progress import byte_bar, counted

    with connected(options) as server:
        if not server.space.info(options.to).is_folder:
            message = f"'{options.to}' is not a folder of VOSpace."
            raise ValueError(message)
        for name in options.files:
            source = Path(name)
            target = f"{options.to.rstrip('/')}/{source.name}"
            size = source.stat().st_size
            with source.open("rb") as file, byte_bar(source.name, disable=options.quiet or None) as show:
                node = server.space.write(target, counted(file, show, size))
            sys.stdout.write(f"{node.path}\n")
