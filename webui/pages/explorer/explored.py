"""What each page of the explorer begins with: the table that it names, and its selection."""

from dataclasses import dataclass

from fastapi import Request

from core.auth.models import Identity
from core.errors import InvalidValueError, NotFoundError
from tap.models import TapTable
from webui.explorer.selection import Selection
from webui.explorer.tables import DescribedTable
from webui.services import WebServices

__all__ = ["Explored", "explored", "table_of_request"]


@dataclass(frozen=True, slots=True)
class Explored:
    """A table of the catalogue and a selection of its rows.

    Parameters
    ----------
    error
        Why the address states no selection; the selection is that of all rows then.
    """

    table: TapTable
    selection: Selection
    error: InvalidValueError | None = None


def table_of_request(services: WebServices, request: Request, identity: Identity) -> TapTable:
    """Return the table that the address of a request names.

    Raises
    ------
    NotFoundError
        There is none that the identity may read.
    """
    name = request.query_params.get("table", "")
    tables = services.tap.service.catalog.lookup(identity)
    found = None if "\0" in name else tables.get(name) or tables.get(name.lower())
    if found is not None:
        return found
    message = f"There is no table '{name[:100]}'. Choose one from the list of tables."
    raise NotFoundError(message)


def explored(services: WebServices, request: Request, identity: Identity) -> Explored:
    """Return the table and the selection that a request names; raises the errors of `table_of_request`."""
    table = table_of_request(services, request, identity)
    described = DescribedTable.of(table)
    try:
        return Explored(table, Selection.parse(request.query_params, described))
    except InvalidValueError as e:
        return Explored(table, Selection(described), e)
