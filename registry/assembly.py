"""Assembly of the registry from the settings, the products and the services of this server."""

from collections.abc import Callable, Sequence

from core.auth.signing import secret_key
from core.database import Database
from core.parts import part
from core.settings import Settings
from products.lifecycle.published import PublishedProducts
from registry.harvesting import HarvestedTableSource, HarvestService, HarvestStorage
from registry.harvests import HarvestLog
from registry.oai.repository import Repository
from registry.oai.tokens import ResumptionTokens
from registry.publisher import Publisher
from registry.records.service_records import ServiceDescription
from registry.regtap import AllTableSources, RegistryTableSource
from registry.service import RecordService

__all__ = ["RegistryServices"]


class RegistryServices:
    """The services of the registry; each is constructed when it is first used.

    Parameters
    ----------
    descriptions
        Returns the services of this server that have records.
    quoted
        Returns the name of a column as it stands in ADQL.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        published: PublishedProducts,
        descriptions: Callable[[], Sequence[ServiceDescription]],
        quoted: Callable[[str], str],
    ) -> None:
        self._settings = settings
        self._database = database
        self._published = published
        self._descriptions = descriptions
        self._quoted = quoted

    @part
    def records(self) -> RecordService:
        """The records."""
        return RecordService(
            self._database, self._published, Publisher(self._settings), self._descriptions, self._quoted
        )

    @part
    def tables(self) -> AllTableSources:
        """The records, and those of other registries, as rows of RegTAP."""
        own = RegistryTableSource(self._database, self.records, self._published.stamp)
        return AllTableSources((own, HarvestedTableSource(self._harvested, self._settings.registry_sources)))

    @part
    def harvesting(self) -> HarvestService:
        """Harvests of other registries."""
        return HarvestService(self._harvested, self._settings.registry_sources, self._settings.authority)

    @part
    def _harvested(self) -> HarvestStorage:
        return HarvestStorage(self._database)

    @part
    def repository(self) -> Repository:
        """The repository of OAI-PMH."""
        return Repository(self.records, ResumptionTokens(secret_key(self._settings)), harvests=self.harvests)

    @part
    def harvests(self) -> HarvestLog:
        """The log of harvests."""
        return HarvestLog(self._database)
