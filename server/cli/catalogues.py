"""The command ``photoz catalogue``: survey catalogues in HATS as tables of the schema ``hats``."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from products.models import Visibility
from server.cli.context import OPERATOR, DataOption, open_services

if TYPE_CHECKING:
    from tap.metadata.survey_catalogues.models import SurveyCatalogue

__all__ = ["catalogue_app"]

catalogue_app = typer.Typer(
    help="Survey catalogues in HATS that queries read where they are: add, list, refresh, remove.", no_args_is_help=True
)

_JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_NameArgument = Annotated[str, typer.Argument(help="Name of the catalogue; its table is hats.NAME.")]
_ReadOption = Annotated[Visibility, typer.Option(help="Who may read it; private is for administrators alone.")]
_ReleaseOption = Annotated[
    str | None, typer.Option(help="Release of which it is an object catalogue; who may not see that cannot read it.")
]
_GroupOption = Annotated[list[str] | None, typer.Option(help="Group that may read it; may be given again.")]


@catalogue_app.command("add")
def add_catalogue(
    name: _NameArgument,
    url: Annotated[str, typer.Argument(help="Folder, or s3://, https:// or http:// address, of the catalogue.")],
    description: Annotated[str, typer.Option(help="Description of the table.")] = "",
    read: _ReadOption = Visibility.REGISTERED,
    group: _GroupOption = None,
    ra: Annotated[str, typer.Option(help="Column of right ascension, where the catalogue declares none.")] = "",
    dec: Annotated[str, typer.Option(help="Column of declination.")] = "",
    metadata: Annotated[str, typer.Option(help="Table with units, UCDs and descriptions of columns.")] = "",
    release: _ReleaseOption = None,
    data: DataOption = None,
) -> None:
    """Register a HATS catalogue or collection, or Parquet partitioned by HEALPix, as the table hats.NAME."""
    from tap.metadata.survey_catalogues.models import CatalogueValues

    visibility = Visibility.GROUPS if group else read
    values = CatalogueValues(description, visibility, tuple(group or ()), ra, dec, metadata, release or "")
    with open_services(data) as services:
        added = services.tap.catalogues.add(OPERATOR, name, url, values)
    typer.echo(f"Added the table {added.full_name}: {_size(added)}.")
    for line in added.left_out:
        typer.echo(f"Left out {line}.", err=True)


@catalogue_app.command("list")
def list_catalogues(as_json: _JsonOption = False, data: DataOption = None) -> None:
    """List the catalogues, who reads them, and what they have."""
    with open_services(data) as services:
        found = services.tap.catalogues.all(OPERATOR)
    if as_json:
        typer.echo(json.dumps([_values(catalogue) for catalogue in found], indent=2))
        return
    for catalogue in found:
        readers = ", ".join(catalogue.groups) or catalogue.visibility
        typer.echo(f"{catalogue.full_name:<28} {readers:<16} {_size(catalogue)}  {catalogue.url}")


@catalogue_app.command("set")
def set_catalogue(
    name: _NameArgument,
    description: Annotated[str | None, typer.Option(help="Description of the table.")] = None,
    read: Annotated[Visibility | None, typer.Option(help="Who may read it.")] = None,
    group: _GroupOption = None,
    release: _ReleaseOption = None,
    data: DataOption = None,
) -> None:
    """Change the description of a catalogue, or who may read it."""
    from tap.metadata.survey_catalogues.models import CatalogueValues

    with open_services(data) as services:
        known = services.tap.catalogues.find(OPERATOR, name)
        visibility = Visibility.GROUPS if group else read or known.visibility
        groups = tuple(group) if group else known.groups
        given = known.description if description is None else description
        named = known.release if release is None else release
        services.tap.catalogues.change(OPERATOR, name, CatalogueValues(given, visibility, groups, release=named))
    typer.echo(f"Changed the table {known.full_name}.")


@catalogue_app.command("refresh")
def refresh_catalogue(name: _NameArgument, data: DataOption = None) -> None:
    """Read the metadata of a catalogue again, after its files have changed."""
    with open_services(data) as services:
        refreshed = services.tap.catalogues.refresh(OPERATOR, name)
    typer.echo(f"Refreshed the table {refreshed.full_name}: {_size(refreshed)}.")


@catalogue_app.command("remove")
def remove_catalogue(name: _NameArgument, data: DataOption = None) -> None:
    """Remove the table of a catalogue; the files of the catalogue stay."""
    with open_services(data) as services:
        services.tap.catalogues.remove(OPERATOR, name)
    typer.echo(f"Removed the table hats.{name}.")


def _size(catalogue: "SurveyCatalogue") -> str:
    rows = "unknown rows" if catalogue.rows is None else _counted(catalogue.rows, "row")
    columns, partitions = _counted(len(catalogue.columns), "column"), _counted(catalogue.partitions, "partition")
    return f"{rows}, {columns}, {partitions}, {_counted(catalogue.bytes, 'byte')}"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _values(catalogue: "SurveyCatalogue") -> dict[str, object]:
    return {
        "table": catalogue.full_name,
        "url": catalogue.url,
        "description": catalogue.description,
        "read": catalogue.visibility,
        "groups": catalogue.groups,
        "release": catalogue.release,
        "rows": catalogue.rows,
        "bytes": catalogue.bytes,
        "partitions": catalogue.partitions,
        "columns": len(catalogue.columns),
        "position": catalogue.position,
        "left_out": catalogue.left_out,
        "refreshed_at": None if catalogue.refreshed_at is None else catalogue.refreshed_at.isoformat(),
    }
