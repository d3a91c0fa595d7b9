"""The command ``photoz estimators``: install RAIL in an environment of its own, and list what is installed."""

import subprocess
from collections.abc import Sequence
from typing import Annotated

import typer

from core.errors import InvalidValueError
from pipelines.estimation.rail.algorithms import ALGORITHMS
from pipelines.estimation.rail.environment import RailEnvironment
from server.cli.context import DataOption, read_settings

__all__ = ["app"]

app = typer.Typer(help="Estimators of RAIL: list, install.", no_args_is_help=True)


@app.command("list")
def list_command(data: DataOption = None) -> None:
    """List the algorithms, with the package of each and its version."""
    versions = RailEnvironment(read_settings(data=data).estimators_folder).versions()
    for name, algorithm in ALGORITHMS.items():
        typer.echo(f"{name:<18} {algorithm.package:<22} {versions.get(algorithm.package, 'not installed')}")


@app.command("install")
def install_command(
    only: Annotated[
        list[str] | None,
        typer.Option("--with", help="An algorithm to install, such as rail_knn; all by default. May be repeated."),
    ] = None,
    data: DataOption = None,
) -> None:
    """Install RAIL from PyPI (about 2 GB) into an environment of its own in the data folder, or bring it up to date."""
    packages = [_package(name) for name in only or ALGORITHMS]
    environment = RailEnvironment(read_settings(data=data).estimators_folder)
    for name, version in environment.install(packages, _run).items():
        typer.echo(f"{name} {version}")


def _package(name: str) -> str:
    if name not in ALGORITHMS:
        raise InvalidValueError(f"There is no algorithm '{name:.40}'; choose among {', '.join(ALGORITHMS)}.")
    return ALGORITHMS[name].package


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise InvalidValueError(f"{' '.join(command[1:4])} failed with the code {done.returncode}; see above.")
