"""A registry over a fresh catalogue of products, which a harvester of others reads."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from sickle import Sickle
from sickle.response import OAIResponse
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.auth.service import AccountService
from core.database import Database, utc_now
from core.settings import Settings
from products.lifecycle.published import PublishedProducts
from products.models import ProductStatus, Visibility
from products.schema import ProductColumnRow, ProductRow, ProductTableRow
from products.service import ProductService
from products.validation import internal_name
from registry.oai.repository import Repository
from registry.oai.tokens import ResumptionTokens
from registry.publisher import Publisher
from registry.service import RecordService
from server.adapters.registered_services import registered_services
from tap.identifiers import identifier
from tests.registry.schemas import harvest_schema

SETTINGS = Settings(authority="example.org", base_url="https://pz.example.org", contact="desk@example.org")
_COLUMNS = (
    ("RA", "double", "deg", "pos.eq.ra;meta.main"),
    ("Dec", "double", "deg", "pos.eq.dec;meta.main"),
    ("z", "float", None, "src.redshift"),
    ("mag r", "float", "mag", "phot.mag;em.opt.R"),
    ("mjd", "double", "d", "time.epoch"),
)


class Catalogue:
    """A catalogue whose products are published and withdrawn without files."""

    def __init__(self, database: Database, owner: Identity) -> None:
        self.database = database
        self.owner = owner

    def publish(self, name: str = "A catalogue", visibility: Visibility = Visibility.PUBLIC, **values: object) -> int:
        """Publish a product with a table of a position, a redshift, a magnitude and an epoch; give its number."""
        with self.database.write() as session:
            return self._publish(session, name, {"visibility": visibility, **values})

    def publish_many(self, count: int) -> list[int]:
        """Publish public products in one transaction; give their numbers."""
        with self.database.write() as session:
            return [self._publish(session, f"Number {n}", {}) for n in range(count)]

    def _publish(self, session: Session, name: str, values: dict[str, object]) -> int:
        now = utc_now()
        times = {"created_at": now, "updated_at": now, "published_at": now}
        given = {"visibility": Visibility.PUBLIC, "status": ProductStatus.PUBLISHED, "display_name": name} | values
        row = ProductRow(product_type_id=7, owner_id=self.owner.user_id, **times, **given)
        session.add(row)
        session.flush()
        row.internal_name = internal_name(row.id, name)
        table = {"table_schema": "other", "table_name": f"p{row.id}", "stored_id": f"s{row.id}", "rows": 2}
        session.add(
            ProductTableRow(product_id=row.id, ra="RA", dec="Dec", z="z", footprint="10/500000 500001", **table)
        )
        for position, (label, datatype, unit, ucd) in enumerate(_COLUMNS):
            column = ProductColumnRow(
                product_id=row.id, position=position, name=label, datatype=datatype, unit=unit, ucd=ucd
            )
            if label == "mjd":
                column.null_count, column.min_value, column.max_value = 0, 59000.5, 59001.25
            session.add(column)
        return row.id

    def change(self, number: int, **values: object) -> None:
        """Change values of a product."""
        with self.database.write() as session:
            row = session.get_one(ProductRow, number)
            for key, value in values.items():
                setattr(row, key, value)

    def withdraw(self, number: int) -> None:
        """Make a product private."""
        self.change(number, visibility=Visibility.PRIVATE)

    def identifiers(self, numbers: set[int]) -> set[str]:
        """Give the identifiers of the records of products."""
        with self.database.read() as session:
            return {f"ivo://example.org/products/{session.get_one(ProductRow, one).internal_name}" for one in numbers}


class LocalSickle(Sickle):
    """The harvester Sickle, whose requests go to a repository in this process; every answer is validated."""

    def __init__(self, repository: Repository) -> None:
        super().__init__("local")
        self.repository = repository
        self.answers: list[bytes] = []

    def harvest(self, **arguments: str) -> OAIResponse:
        """Give the answer to a request."""
        body = b"".join(self.repository.answer(list(arguments.items())))
        self.answers.append(body)
        harvest_schema().assertValid(OAIResponse(SimpleNamespace(content=body), arguments).xml)
        return OAIResponse(SimpleNamespace(content=body, text=body.decode()), arguments)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database, SQLite unless a test names another one."""
    database = Database(request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_tables_url"))
    yield database
    database.close()


@pytest.fixture
def catalogue(database: Database) -> Catalogue:
    accounts = AccountService(database)
    accounts.add_user("owner", None, is_admin=False)
    return Catalogue(database, accounts.identity_of_user("owner"))


def record_service(database: Database, page: int = 10) -> RecordService:
    """Make the records of a server."""
    return RecordService(
        database,
        PublishedProducts(database, ProductService(database)),
        Publisher(SETTINGS),
        lambda: registered_services(SETTINGS, {}),
        identifier,
        page=page,
    )


@pytest.fixture
def records(database: Database) -> RecordService:
    return record_service(database)


@pytest.fixture
def sickle(records: RecordService) -> LocalSickle:
    return LocalSickle(Repository(records, ResumptionTokens("a key")))
