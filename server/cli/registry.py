"""The command ``photoz registry``: records of the registry, their validation, and harvests of other registries."""

import json
from pathlib import Path
from typing import Annotated

import typer

from server.cli.context import DataOption, open_services

__all__ = ["registry_app"]

registry_app = typer.Typer(help="Registry of the public products and the services.", no_args_is_help=True)

_SchemasOption = Annotated[
    Path | None, typer.Option("--schemas", help="Folder of the XML schemas; by default that of python3-gavo.")
]
_ThesaurusOption = Annotated[
    Path | None, typer.Option("--thesaurus", help="File of the IVOA vocabulary uat (desise), to look keywords up in.")
]


@registry_app.command("validate")
def validate_records(
    strict: Annotated[bool, typer.Option("--strict", help="End with status 1 for warnings, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    schemas: _SchemasOption = None,
    thesaurus: _ThesaurusOption = None,
    data: DataOption = None,
) -> None:
    """Validate each record against the official schemas and vocabularies; end with status 1 if one is refused."""
    from registry.validation.checks import record_findings, server_findings
    from registry.validation.schemas import SCHEMA_FOLDER
    from registry.validation.thesaurus import read_thesaurus

    terms = None if thesaurus is None else read_thesaurus(thesaurus)
    folder, found, count = schemas or SCHEMA_FOLDER, [], 0
    with open_services(data) as services:
        settings = services.settings
        of_server = server_findings(settings.authority, settings.public_url, settings.contact, folder)
        found += [("server", finding) for finding in of_server]
        for record in services.registry.records.records():
            count += 1
            found += [(record.identifier, finding) for finding in record_findings(record, folder, terms)]
    errors = sum(finding.is_error for _, finding in found)
    if as_json:
        lines = [{"record": name, "error": item.is_error, "message": item.sentence} for name, item in found]
        typer.echo(json.dumps({"records": count, "findings": lines}, indent=2))
    else:
        for name, item in found:
            typer.echo(f"{'ERROR  ' if item.is_error else 'warning'}  {name}  {item.sentence}")
        typer.echo(f"{count} records, {errors} errors, {len(found) - errors} warnings.")
    if errors or (strict and found):
        raise typer.Exit(1)


@registry_app.command("harvest")
def harvest_registries(
    addresses: Annotated[
        list[str] | None, typer.Argument(help="Registries to harvest; by default all of PHOTOZ_REGISTRY_SOURCES.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Read all records, and delete those that a registry no longer has.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--everything", help="Take also the records that a registry has from others.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Harvest what has changed in other registries, so that searches find it here.

    End with status 1 if one of them cannot be harvested.
    """
    from registry.harvesting import MANAGED, HarvestError

    failed = False
    with open_services(data) as services:
        harvesting = services.registry.harvesting
        harvesting.forget_others()
        named = addresses or [source.address for source in harvesting.sources()]
        if not named:
            typer.echo("PHOTOZ_REGISTRY_SOURCES names no registries.")
        for address in named:
            subset = None if everything else MANAGED
            try:
                result = harvesting.harvest(address, whole=whole, subset=subset, progress=_tell)
            except HarvestError as e:
                failed = True
                typer.echo(e.message, err=True)
                continue
            counts = f"{result.stored} records stored, {result.deleted} deleted, {result.ignored} ignored"
            typer.echo(f"{address}: {counts}.")
    if failed:
        raise typer.Exit(1)


def _tell(read: int, size: int | None) -> None:
    typer.echo(f"  {read}{'' if size is None else f' of {size}'} records read", err=True)
