"""The command ``photoz pipeline``: list pipelines and their parameters, and run them on files."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.models import AnyPipeline

__all__ = ["app", "pipeline_commands"]


# Pipelines import numpy and Arrow: all other commands start in half the time without them.
def pipeline_commands(definitions: "Mapping[str, AnyPipeline] | None" = None) -> typer.Typer:
    """Return the commands for these pipelines, or for those of the server."""
    commands = typer.Typer(help="Pipelines: run them on files, without a server.", no_args_is_help=True)

    @commands.command("list")
    def list_command() -> None:
        """List the pipelines."""
        for pipeline in _known(definitions).values():
            typer.echo(f"{pipeline.name:<24} {pipeline.description}")

    @commands.command("parameters")
    def parameters_command(name: Annotated[str, typer.Argument(help="Name of the pipeline.")]) -> None:
        """Print the parameters of a pipeline as a JSON schema, with descriptions, bounds and defaults."""
        from pipelines.definitions import pipeline_by_name

        parameters = pipeline_by_name(name, _known(definitions)).parameters
        typer.echo(json.dumps(parameters.model_json_schema(), indent=2))

    @commands.command("run")
    def run_command(
        name: Annotated[str, typer.Argument(help="Name of the pipeline, one of `photoz pipeline list`.")],
        configuration: Annotated[Path, typer.Argument(help="Configuration file; its inputs are relative to it.")],
        base: Annotated[Path, typer.Option("--base-dir", help="Parent folder of the output folder.")] = Path(),
        inputs: Annotated[
            Path | None,
            typer.Option("--inputs", help="Folder to which paths are relative, if not the configuration's."),
        ] = None,
        dask: Annotated[str | None, typer.Option("--dask", help="Address of a Dask scheduler to run on.")] = None,
        rows: Annotated[
            int,
            typer.Option("--rows-in-memory", min=0, help="Rows of a combination that stay in memory, not on disk."),
        ] = 4_000_000,
        quiet: Annotated[bool, typer.Option("--quiet", help="Print only the name of the result.")] = False,
    ) -> None:
        """Run a pipeline on the files that a configuration names."""
        import pyarrow as pa

        from pipelines.engines.engine import engine_of
        from pipelines.runs.command_line import run_files

        # Arrow's own memory pool returns large buffers at once and requests new ones: it takes one second of two.
        pa.set_memory_pool(pa.system_memory_pool())
        with engine_of(dask) as engine:
            progress = _ignored if quiet else _Progress()
            known = _known(definitions)
            done = run_files(
                name, configuration, base, progress,
                inputs=inputs, engine=engine, rows_in_memory=rows, definitions=known,
            )  # fmt: skip
        for warning in done.warnings:
            typer.echo(f"Warning: {warning}", err=True)
        typer.echo(str(done.result))

    return commands


def _known(definitions: "Mapping[str, AnyPipeline] | None") -> "Mapping[str, AnyPipeline]":
    """Return the pipelines that are given, or those of the server."""
    if definitions is not None:
        return definitions
    from pipelines.definitions import PIPELINES

    return PIPELINES


class _Progress:
    """Progress callback that writes each step to standard error, once."""

    def __init__(self) -> None:
        self._step: str | None = None

    def __call__(self, fraction: float, step: str) -> None:
        if step != self._step:
            self._step = step
            sys.stderr.write(f"{100 * fraction:3.0f} %  {step}\n")


def _ignored(fraction: float, step: str) -> None:
    """Ignore progress."""


app = pipeline_commands()
