"""The command ``photoz product``: look at products and change them from the server's machine."""

import json
from pathlib import Path
from typing import Annotated

import typer

from core.auth.models import Identity, Scope
from core.database import Database
from core.settings import Settings
from products.models import Product
from products.service import ProductService
from products.storage import ProductQuery

__all__ = ["app"]

app = typer.Typer(help="Products: list, show, delete.", no_args_is_help=True)

#: The operator of the machine sees and changes everything.
_OPERATOR = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)

DataOption = Annotated[Path | None, typer.Option("--data", help="Data folder; by default PHOTOZ_DATA, else ./data.")]


@app.command("list")
def list_command(
    text: Annotated[str, typer.Argument(help="Words that name, description or owner must hold.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    data: DataOption = None,
) -> None:
    """List products, newest first."""
    page = _products(data).list(_OPERATOR, ProductQuery(text=text))
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
    details = _products(data).details(_OPERATOR, int(product) if product.isdecimal() else product)
    files = [{"name": f.name, "role": f.role.label, "size": f.size, "sha256": f.sha256} for f in details.files]
    columns = [{"name": c.column.name, "alias": c.alias, "ucd": c.column.ucd} for c in details.columns]
    table = details.table.full_name if details.table else None
    shape = {**_summary(details.product), "tap_table": table, "files": files, "columns": columns}
    typer.echo(json.dumps(shape, indent=2, ensure_ascii=False))


@app.command("delete")
def delete_command(
    product: Annotated[int, typer.Argument(help="Number of the product.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = None,
) -> None:
    """Delete a product."""
    products = _products(data)
    found = products.get(_OPERATOR, product)
    if not yes:
        typer.confirm(f"Delete '{found.display_name}' of {found.owner}?", abort=True)
    products.delete(_OPERATOR, product)
    typer.echo(f"Deleted '{found.internal_name}'.")


def _products(data: Path | None) -> ProductService:
    settings = Settings() if data is None else Settings(data=data)
    return ProductService(Database(settings.sqlalchemy_url))


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
