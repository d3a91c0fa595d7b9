"""Command ``run``: run a pipeline and wait for its product."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pzserver.commands.connecting import connected

if TYPE_CHECKING:
    import argparse
    from typing import Any

__all__ = ["add_commands"]


def add_commands(commands: Any) -> None:  # Any: argparse does not publish the type of subparsers
    """Add the command."""
    run = commands.add_parser("run", help="run a pipeline; without inputs, show its parameters")
    run.add_argument("pipeline", help="name of the pipeline")
    run.add_argument("inputs", nargs="*", metavar="PRODUCT", help="number or internal name of an input")
    run.add_argument("--name", help="name of the product that it makes")
    run.add_argument("--objects", metavar="PRODUCT", help="object catalogue, or reference of a validation")
    run.add_argument("--release", help="release whose object catalogue is used")
    run.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter; may be repeated")
    run.add_argument("--rules", metavar="FILE", help="rules for flags, in YAML")
    run.add_argument("--output-format", metavar="FORMAT", help="format of the result")
    run.add_argument("--visibility", choices=("private", "groups", "registered", "public"))
    run.add_argument("--no-wait", action="store_true", help="print the number of the run, and do not wait for its end")
    run.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    with connected(options) as server:
        pipeline = server.pipelines[options.pipeline]
        if not options.inputs:
            sys.stdout.write(f"{pipeline!r}\n")
            return
        if not options.name:
            message = "Give the product that the run makes a name: --name."
            raise ValueError(message)
        run = pipeline.run(
            options.name,
            options.inputs,
            objects=options.objects,
            release=options.release,
            rules=None if options.rules is None else Path(options.rules),
            output_format=options.output_format,
            visibility=options.visibility,
            parameters=dict(map(_parameter, options.set)),
        )
        for warning in run.warnings:
            sys.stderr.write(f"pzserver: {warning}\n")
        if options.no_wait:
            sys.stdout.write(f"{run.number}\n")
            return
        run.wait(progress=not options.quiet and sys.stderr.isatty())
        sys.stdout.write(f"{run.result.internal_name}\n")


def _parameter(text: str) -> tuple[str, Any]:  # Any: what JSON holds
    """Parse NAME=VALUE; a value that is not JSON is a text."""
    name, is_pair, value = text.partition("=")
    if not is_pair:
        message = f"'{text}' is not a parameter; write NAME=VALUE."
        raise ValueError(message)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
