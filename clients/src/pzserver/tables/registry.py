"""Search of the server's registry of public products and services (RegTAP 1.1) by pyvo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pzserver.errors import InvalidValueError

if TYPE_CHECKING:
    from pyvo.registry.regtap import RegistryResults

    from pzserver.connections.connection import Connection

__all__ = ["search_registry"]


def search_registry(connection: Connection, *words: str, **constraints: object) -> RegistryResults:
    """Return the resources that fulfil all constraints; see `pzserver.PzServer.search_registry`.

    Raises
    ------
    InvalidValueError
        There is no constraint, or none of that name.
    """
    from pyvo.dal import TAPService
    from pyvo.dal.exceptions import DALQueryError
    from pyvo.registry.regtap import RegistryQuery, get_RegTAP_query

    service = TAPService(f"{connection.base_url}/reg/tap", session=connection.session)
    try:
        query = get_RegTAP_query(*words, service=service, **constraints)
        return RegistryQuery(service.baseurl, query, session=connection.session).execute()
    except (DALQueryError, TypeError) as e:
        raise InvalidValueError(str(e)) from e
    finally:
        connection.session.close_streams()
