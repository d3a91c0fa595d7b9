"""The command ``photoz pipeline``: run pipelines on files, and say what their parameters are."""

import json
import sys
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from pipelines.engines import engine_of
from pipelines.files import run_files
from pipelines.known import PIPELINES, pipeline_named

__all__ = ["app"]

app = typer.Typer(help="Pipelines: run them on files, without a server.", no_args_is_help=True)


@app.command("list")
def list_command() -> None:
    """List the pipelines."""
    for pipeline in PIPELINES.values():
        typer.echo(f"{pipeline.name:<24} {pipeline.description}")


@app.command("parameters")
def parameters_command(name: Annotated[str, typer.Argument(help="Name of the pipeline.")]) -> None:
    """Print the parameters of a pipeline as a JSON schema, with descriptions, bounds and defaults."""
    typer.echo(json.dumps(pipeline_named(name).parameters.model_json_schema(), indent=2))


@app.command("run")
def run_command(
    name: Annotated[str, typer.Argument(help=f"Name of the pipeline: {' or '.join(PIPELINES)}.")],
    configuration: Annotated[Path, typer.Argument(help="Configuration file; its inputs are relative to it.")],
    base: Annotated[Path, typer.Option("--base-dir", help="Folder in which the output folder lies.")] = Path(),
    inputs: Annotated[
        Path | None, typer.Option("--inputs", help="Folder to which paths are relative, if not the configuration's.")
    ] = None,
    dask: Annotated[str | None, typer.Option("--dask", help="Address of a Dask scheduler to work on.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the name of the result alone.")] = False,
) -> None:
    """Run a pipeline on the files that a configuration names."""
    # The pool of Arrow's own gives large buffers back at once, and has the system clear as many anew: a second of two.
    pa.set_memory_pool(pa.system_memory_pool())
    told: list[str] = []

    def tell(fraction: float, sentence: str) -> None:
        if not quiet and sentence not in told[-1:]:
            told.append(sentence)
            sys.stderr.write(f"{100 * fraction:3.0f} %  {sentence}\n")

    with engine_of(dask) as engine:
        done = run_files(name, configuration, base, tell, inputs=inputs, engine=engine)
    for warning in done.warnings:
        typer.echo(f"Warning: {warning}", err=True)
    typer.echo(str(done.result))
