"""The commands ``photoz release`` and ``photoz log``: data releases and the audit log."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.auth.audit import AuditQuery, Subject
from core.errors import InvalidValueError, NotFoundError
from server.cli.context import OPERATOR, DataOption, open_services

if TYPE_CHECKING:
    from products.lifecycle.releases import ReleaseValues, StoredRelease

__all__ = ["log_command", "release_app"]

release_app = typer.Typer(help="Releases that products refer to: list, set, prepare, delete.", no_args_is_help=True)

_JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_NameArgument = Annotated[str, typer.Argument(help="Name of the release.")]


@release_app.command("list")
def list_releases(as_json: _JsonOption = False, data: DataOption = None) -> None:
    """List the releases, who sees them, and what their object catalogue offers."""
    with open_services(data) as services:
        found = services.products.releases.all(OPERATOR)
    if as_json:
        typer.echo(json.dumps([asdict(_values(stored)) for stored in found], indent=2))
        return
    for stored in found:
        release = stored.release
        seen_by = "everybody" if release.is_public else ", ".join(stored.groups) or "registered users"
        typer.echo(f"{release.name:<16} {release.display_name:<32} {seen_by:<24} {stored.products} products")


@release_app.command("set")
def set_release(
    name: _NameArgument,
    display_name: Annotated[str | None, typer.Option(help="Display name.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is.")] = None,
    public: Annotated[bool | None, typer.Option("--public/--not-public", help="Whether everybody sees it.")] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="Group to which it is restricted; may be given again; '' for none.")
    ] = None,
    indexing_column: Annotated[str | None, typer.Option(help="Column that identifies an object.")] = None,
    magnitudes: Annotated[bool | None, typer.Option(help="The object catalogue has magnitudes.")] = None,
    fluxes_there: Annotated[
        bool | None, typer.Option("--fluxes/--no-fluxes", help="The object catalogue has fluxes.")
    ] = None,
    flux: Annotated[
        list[str] | None, typer.Option(help="Kind of flux to choose, '*cmodel: CModel'; may be given again.")
    ] = None,
    dereddening: Annotated[
        list[str] | None, typer.Option(help="Dereddening to choose, '*sfd: SFD'; may be given again.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Make a release, or change what is named of one; '*' stands before the usual choice, '-' before a disabled one."""
    from products.lifecycle.releases import ReleaseValues, choices_of_text

    with open_services(data) as services:
        try:
            values = _values(services.products.releases.find(OPERATOR, name))
            made = False
        except NotFoundError:
            values, made = ReleaseValues(name, display_name or name), True
        given: dict[str, Any] = {  # of the types that the values have
            "display_name": display_name,
            "description": description,
            "is_public": public,
            "indexing_column": indexing_column,
            "has_magnitudes": magnitudes,
            "has_fluxes": fluxes_there,
            "groups": None if group is None else tuple(each for each in group if each),
            "fluxes": None if flux is None else choices_of_text("\n".join(flux), "fluxes"),
            "dereddening": None if dereddening is None else choices_of_text("\n".join(dereddening), "dereddening"),
        }
        changes = {key: value for key, value in given.items() if value is not None}
        services.products.releases.save(OPERATOR, replace(values, **changes), name=None if made else name)
    typer.echo(f"{'Made' if made else 'Changed'} the release '{name}'.")


@release_app.command("prepare")
def prepare_command(
    configuration: Annotated[Path, typer.Argument(help="Configuration file; its inputs are relative to it.")],
    output: Annotated[Path, typer.Argument(help="Folder of releases, as PHOTOZ_DATASETS names it.")],
    dask: Annotated[str | None, typer.Option("--dask", help="Address of a Dask scheduler to run on.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes on this machine, without --dask.")] = 2,
) -> None:
    """Prepare the object catalogue of a release (magnitudes, dereddening, cuts, HATS), or go on with it."""
    from pipelines.engines.clusters import dask_client
    from pipelines.training.releases import load_release, prepare_release

    if not configuration.is_file():
        raise InvalidValueError(f"There is no configuration {configuration}.", field="configuration")
    settings = load_release(configuration)
    with dask_client(dask, workers) as client:
        prepared = prepare_release(
            settings, configuration.parent, output, client, progress=lambda step: typer.echo(step, err=True)
        )
    typer.echo(str(prepared.path))


@release_app.command("delete")
def delete_release(name: _NameArgument, data: DataOption = None) -> None:
    """Delete a release that no product uses."""
    with open_services(data) as services:
        services.products.releases.delete(OPERATOR, name)
    typer.echo(f"Removed the release '{name}'.")


def log_command(
    product: Annotated[int | None, typer.Option(help="Number of a product.")] = None,
    who: Annotated[str, typer.Option(help="Name of an account; 'operator' for commands.")] = "",
    action: Annotated[str, typer.Option(help="What was done, 'delete' for instance.")] = "",
    last: Annotated[int, typer.Option(help="How many entries, the newest first.", min=1)] = 50,
    as_json: _JsonOption = False,
    data: DataOption = None,
) -> None:
    """Show the audit log: changes of products, groups, releases and accounts."""
    kind = None if product is None else Subject.PRODUCT
    query = AuditQuery(kind=kind, subject_id=product, actor=who, action=action, limit=last)
    with open_services(data) as services:
        _, entries = services.accounts.audit.entries(OPERATOR, query)
    if as_json:
        typer.echo(json.dumps([{**asdict(entry), "at": entry.at.isoformat()} for entry in entries], indent=2))
        return
    for entry in entries:
        details = ", ".join(f"{key}={value}" for key, value in entry.details.items())
        typer.echo(f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.actor:<16} {entry.action:<16} {entry.subject}  {details}")


def _values(stored: "StoredRelease") -> "ReleaseValues":
    from products.lifecycle.releases import ReleaseValues

    release = stored.release
    return ReleaseValues(
        name=release.name,
        display_name=release.display_name,
        description=release.description,
        indexing_column=release.indexing_column,
        has_magnitudes=release.has_magnitudes,
        has_fluxes=release.has_fluxes,
        dereddening=[dict(choice) for choice in release.dereddening or ()],
        fluxes=[dict(choice) for choice in release.fluxes or ()],
        is_public=release.is_public,
        groups=stored.groups,
    )
