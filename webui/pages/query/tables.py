"""Tables and columns beside the editor, and what the editor completes: documents of JSON for its script."""

from dataclasses import dataclass

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from core.auth.models import Identity
from core.columns import Column
from core.errors import NotFoundError
from tap.adql import FUNCTIONS
from tap.identifiers import FUNCTION_WORDS, KEYWORDS, TYPE_WORDS, identifier
from tap.models import TapTable
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["ListedColumn", "TablePage", "add_routes", "find_tables", "listed_columns", "table_named"]

_PAGE_SIZE = 30
_LONGEST_SEARCH = 200
_LARGEST_PAGE = 9


@dataclass(frozen=True, slots=True)
class TablePage:
    """One page of the tables that a search finds.

    Parameters
    ----------
    total
        Tables on all pages.
    """

    tables: tuple[TapTable, ...]
    search: str
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class ListedColumn:
    """A column as it stands in queries, with its description."""

    name: str
    type: str
    unit: str
    ucd: str
    description: str

    @classmethod
    def of(cls, column: Column) -> "ListedColumn":
        """Return the listed form of a column."""
        kind = "text" if column.is_text else column.datatype + (f"[{column.arraysize}]" if column.arraysize else "")
        return cls(
            identifier(column.name), kind, column.unit or "", column.ucd or "", (column.description or "").strip()
        )


def add_routes(router: APIRouter, services: WebServices, _renderer: PageRenderer) -> None:
    """Add the addresses that the script of the editor reads."""

    @router.get("/query/tables")
    def tables(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        given = request.query_params
        return JSONResponse(
            _tables_json(find_tables(services, identity, given.get("search", ""), given.get("page", "")))
        )

    @router.get("/query/columns")
    def columns(table: str = "", identity: Identity = Depends(services.authenticate)) -> Response:
        found = table_named(services, identity, table)
        listed = [
            {"name": c.name, "type": c.type, "unit": c.unit, "ucd": c.ucd, "description": c.description}
            for c in listed_columns(found)
        ]
        return JSONResponse({"table": found.name, "columns": listed})

    @router.get("/query/language")
    def language(_identity: Identity = Depends(services.authenticate)) -> Response:
        functions = [
            {"name": name, "form": function.form, "description": function.description or ""}
            for name, function in sorted(FUNCTIONS.items())
        ]
        words = sorted(KEYWORDS | TYPE_WORDS | FUNCTION_WORDS)
        return JSONResponse({"keywords": words, "functions": functions}, headers={"Cache-Control": "max-age=3600"})


def find_tables(services: WebServices, identity: Identity, search: str, page: str = "") -> TablePage:
    """Return a page of the tables that an identity may read and whose name or description has all words of a search."""
    search = search[:_LONGEST_SEARCH].strip()
    found = services.tap.catalog.tables_of(identity).matching(search)
    pages = max(1, -(-len(found) // _PAGE_SIZE))
    wanted = int(page) if page.isascii() and page.isdecimal() and len(page) < _LARGEST_PAGE else 1
    number = min(max(1, wanted), pages)
    shown = tuple(found[(number - 1) * _PAGE_SIZE : number * _PAGE_SIZE])
    return TablePage(shown, search, len(found), number, pages)


def table_named(services: WebServices, identity: Identity, name: str) -> TapTable:
    """Return a table that an identity may read, or raise NotFoundError."""
    found = services.tap.catalog.lookup(identity).get(name.strip())
    if found is None:
        message = f"There is no table '{name[:200]}' that you may read."
        raise NotFoundError(message)
    return found


def listed_columns(table: TapTable) -> list[ListedColumn]:
    """Return the columns of a table as they stand in queries."""
    return [ListedColumn.of(column) for column in table.columns]


def _tables_json(found: TablePage) -> dict[str, object]:
    tables = [
        {
            "name": table.name,
            "description": table.description,
            "columns": len(table.columns),
            "rows": table.row_count,
            "position": table.entry.position is not None,
        }
        for table in found.tables
    ]
    return {"tables": tables, "total": found.total, "page": found.page, "pages": found.pages}
