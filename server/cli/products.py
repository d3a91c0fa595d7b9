"""The command ``photoz product``: list, show, change, delete and restore products."""

import json
from typing import Annotated

import typer

from products.models import Product, Visibility
from server.cli.context import OPERATOR, DataOption, open_services

__all__ = ["app"]

app = typer.Typer(help="Products: list, show, set, delete, restore.", no_args_is_help=True)


@app.command("list")
def list_command(
    text: Annotated[str, typer.Argument(help="Words to find in name, description or owner.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    data: DataOption = None,
) -> None:
    """List products, newest first."""
    from products.search.queries import ProductQuery

    with open_services(data, prepare=False) as services:
        page = services.products.service.list(OPERATOR, ProductQuery(text=text))
    if as_json:
        typer.echo(json.dumps([_summary(product) for product in page.products], indent=2))
        return
    for product in page.products:
        typer.echo(
            f"{product.id:>6}  {product.status.label:<11} {product.visibility:<10} {product.owner:<16} "
            f"{product.product_type.name:<18} {product.internal_name}"
        )


@app.command("show")
def show_command(
    product: Annotated[str, typer.Argument(help="Number or internal name.")], data: DataOption = None
) -> None:
    """Show a product with its files and columns, in JSON."""
    with open_services(data, prepare=False) as services:
        details = services.products.service.details(OPERATOR, int(product) if product.isdecimal() else product)
    files = [{"name": f.name, "role": f.role.label, "size": f.size, "sha256": f.sha256} for f in details.files]
    columns = [{"name": c.column.name, "alias": c.alias, "ucd": c.column.ucd} for c in details.columns]
    table = details.table.full_name if details.table else None
    shape = {**_summary(details.product), "tap_table": table, "files": files, "columns": columns}
    typer.echo(json.dumps(shape, indent=2, ensure_ascii=False))


@app.command("delete")
def delete_command(
    product: Annotated[int, typer.Argument(help="Number of the product.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    data: DataOption = None,
) -> None:
    """Delete a product; it can be restored for some days."""
    with open_services(data, prepare=False) as services:
        products = services.products.service
        found = products.get(OPERATOR, product)
        if not yes:
            typer.confirm(f"Delete '{found.display_name}' of {found.owner}?", abort=True)
        products.delete(OPERATOR, product)
    typer.echo(f"Deleted '{found.internal_name}'.")


@app.command("deleted")
def deleted_command(data: DataOption = None) -> None:
    """List deleted products that can be restored, newest deletion first."""
    with open_services(data) as services:
        for item in services.products.versions.deleted(OPERATOR):
            product = item.product
            typer.echo(
                f"{product.id:>6}  until {item.until:%Y-%m-%d %H:%M}  {product.owner:<16} {product.internal_name}"
            )


@app.command("restore")
def restore_command(
    product: Annotated[str, typer.Argument(help="Number or internal name.")], data: DataOption = None
) -> None:
    """Restore a deleted product, within the grace period after its deletion."""
    with open_services(data) as services:
        restored = services.products.versions.restore(OPERATOR, int(product) if product.isdecimal() else product)
    typer.echo(f"Restored '{restored.internal_name}'; it is {restored.status.label.lower()}.")


@app.command("set")
def set_command(
    product: Annotated[int, typer.Argument(help="Number of the product.")],
    official: Annotated[bool | None, typer.Option(help="Whether it speaks for the project.")] = None,
    visibility: Annotated[Visibility | None, typer.Option(help="Who may read it.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="Group that it is shared with; may be given again.")] = None,
    owner: Annotated[str | None, typer.Option(help="Account that owns it from now on.")] = None,
    data: DataOption = None,
) -> None:
    """Change the official flag, the visibility or the owner of a product."""
    from products.service import ProductChanges

    changes = ProductChanges(official=official, visibility=visibility, groups=None if group is None else tuple(group))
    with open_services(data) as services:
        changed = services.products.service.change(OPERATOR, product, changes)
        if owner is not None:
            changed = services.products.sharing.transfer(OPERATOR, product, owner, stay=False)
    flag = "official, " if changed.official else ""
    typer.echo(f"{changed.internal_name}: {flag}{changed.visibility}, of {changed.owner}.")


def _summary(product: Product) -> dict[str, object]:
    return {
        "id": product.id,
        "internal_name": product.internal_name,
        "display_name": product.display_name,
        "product_type": product.product_type.name,
        "owner": product.owner,
        "status": product.status.label,
        "visibility": product.visibility,
        "created_at": product.created_at.isoformat(),
    }
