"""Construction of the services of this package from the settings."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from core.database import Database
from core.parts import part
from core.settings import Settings
from products.assembly import ProductServices

if TYPE_CHECKING:
    from registry.records.service_records import ServiceDescription
    from registry.regtap import RegistryTableSource
    from registry.service import RecordService

__all__ = ["RegistryServices"]


class RegistryServices:
    """The services of the registry of one process, each constructed on first use.

    Parameters
    ----------
    settings
        Settings of the server.
    database
        The metadata database.
    products
        The services of the products that have records.
    services
        Returns the services of this server that have records.
    quoted
        Returns the name of a column as it stands in ADQL.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        products: ProductServices,
        services: "Callable[[], Sequence[ServiceDescription]]",
        quoted: Callable[[str], str] = str,
    ) -> None:
        self._settings = settings
        self._database = database
        self._products = products
        self._services = services
        self._quoted = quoted

    @part
    def records(self) -> "RecordService":
        """The records."""
        from registry.publisher import Publisher
        from registry.service import RecordService

        publisher = Publisher(self._settings)
        return RecordService(self._database, self._products.published, publisher, self._services, self._quoted)

    @part
    def tables(self) -> "RegistryTableSource":
        """The records as rows of RegTAP."""
        from registry.regtap import RegistryTableSource

        return RegistryTableSource(self._database, self.records)
