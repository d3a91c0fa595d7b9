"""The command ``photoz doi``: the request by which a DOI is registered for a product."""

import json
from typing import Annotated

import typer

from core.errors import ConflictError, InvalidValueError
from server.cli.context import OPERATOR, DataOption, open_services

__all__ = ["app"]

app = typer.Typer(help="DOIs of products.", no_args_is_help=True)

_ADDRESS = "https://api.datacite.org/dois"


@app.callback()
def group() -> None:
    """DOIs of products."""


@app.command("mint")
def mint_command(
    product: Annotated[str, typer.Argument(help="Number or internal name of a public product.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the request; nothing is sent.")] = False,
    data: DataOption = None,
) -> None:
    """Print the request by which DataCite registers a DOI for a public product, in JSON."""
    from products.provenance import doi_request

    if not dry_run:
        message = "This server sends no requests to DataCite: add --dry-run, and send what is printed."
        raise InvalidValueError(message)
    with open_services(data, prepare=False) as services:
        settings = services.settings
        if not settings.doi_prefix or not settings.doi_repository:
            message = "No DOIs are registered: set PHOTOZ_DOI_PREFIX and PHOTOZ_DOI_REPOSITORY."
            raise ConflictError(message)
        found = services.products.service.get(OPERATOR, int(product) if product.isdecimal() else product)
        if found.attribution.doi:
            message = f"Product '{found.internal_name}' has the DOI {found.attribution.doi}."
            raise ConflictError(message)
        described = services.products.descriptions.of(found)
        if described is None:
            message = f"Product '{found.internal_name}' is not public; DOIs are for public products."
            raise ConflictError(message)
        request = {
            "method": "POST",
            "url": _ADDRESS,
            "user": settings.doi_repository,
            "content_type": "application/vnd.api+json",
            "body": doi_request(described, settings.doi_prefix),
        }
    typer.echo(json.dumps(request, indent=2, ensure_ascii=False))
