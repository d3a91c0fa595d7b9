"""The command ``photoz product-type``: names, descriptions, order and availability of product types."""

import json
from typing import Annotated

import typer

from server.cli.context import OPERATOR, DataOption, open_services

__all__ = ["type_app"]

type_app = typer.Typer(help="Types of products: list, set.", no_args_is_help=True)


@type_app.command("list")
def list_types(
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False, data: DataOption = None
) -> None:
    """List the product types in their order, and whether new products of them are allowed."""
    with open_services(data) as services:
        kinds = services.products.types.all(OPERATOR)
    if as_json:
        fields = ("name", "display_name", "description", "order", "is_open")
        typer.echo(json.dumps([{field: getattr(kind, field) for field in fields} for kind in kinds], indent=2))
        return
    for kind in kinds:
        typer.echo(f"{kind.order:>4} {kind.name:<20} {kind.display_name:<32} {'open' if kind.is_open else 'closed'}")


@type_app.command("set")
def set_type(
    name: Annotated[str, typer.Argument(help="Internal name of the type, training_set for instance.")],
    display_name: Annotated[str | None, typer.Option(help="Display name; '' for the default.")] = None,
    description: Annotated[str | None, typer.Option(help="Description; '' for the default.")] = None,
    order: Annotated[int | None, typer.Option(help="Position in lists.")] = None,
    is_open: Annotated[
        bool | None, typer.Option("--open/--closed", help="Whether new products of it are allowed.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Change the given values of a type; ids, internal names and mandatory columns are fixed."""
    from products.product_types import TypeChanges

    with open_services(data) as services:
        services.products.types.save(OPERATOR, name, TypeChanges(display_name, description, order, is_open))
    typer.echo(f"Changed the product type '{name}'.")
