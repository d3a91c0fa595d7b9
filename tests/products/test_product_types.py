"""Product types as administrators leave them, on both databases."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from core.auth.audit import AuditLog, AuditQuery, Subject
from core.database import Database, utc_now
from core.errors import AuthenticationError, InvalidValueError, NotFoundError, PermissionDeniedError
from core.settings import Settings
from products.inspection.meanings import MEANINGS_BY_KEY
from products.lifecycle.published import PublishedProducts
from products.lifecycle.versions import ProductVersionService
from products.models import ProductStatus, Visibility
from products.product_types import PRODUCT_TYPES, TypeAdministration, TypeChanges
from products.quotas import QuotaRule
from products.schema import ProductRow
from products.service import NewProduct, ProductChanges, ProductService
from server.services import Services
from tests.products.conftest import People


def _published(database: Database, people: People, kind: int) -> int:
    product = ProductService(database).create(people.owner, NewProduct("x", kind, visibility=Visibility.PUBLIC))
    with database.write() as session:
        row = session.get_one(ProductRow, product.id)
        row.status, row.published_at = ProductStatus.PUBLISHED, utc_now()
    return product.id


def test_changed_words_show_wherever_products_are_read(database: Database, people: People, tmp_path: Path):
    number = _published(database, people, 7)
    types, service, published = (
        TypeAdministration(database),
        ProductService(database),
        PublishedProducts(database, ProductService(database)),
    )
    services = Services(Settings(data=tmp_path))
    services.database = database
    tables = services.tap.catalog

    def rows(name: str) -> list[dict[str, object]]:
        made = tables.tables_of(people.nobody).tables[f"photoz.{name}"].engine_table
        return [row for file in made.files for row in pq.read_table(file).to_pylist()]

    assert rows("product_types")[-1]["display_name"] == "Other"
    for words, order in (("Sundries", 0), ("Odds and ends", 3)):
        stamp = published.stamp()
        types.save(people.admin, "other", TypeChanges(display_name=words, order=order))
        assert published.stamp() != stamp
        (details,) = published.all(people.nobody)
        assert (details.product.product_type.display_name, details.product.product_type.name) == (words, "other")
        assert service.get(people.nobody, number).product_type == details.product.product_type
        assert [row["name"] for row in rows("product_types")] == [kind.name for kind in service.types()]
        assert words in {row["display_name"] for row in rows("product_types")}
        assert words in rows("products")[0].values()
    # What clients and pipelines rely on is what the code says.
    for kind in service.types():
        known = PRODUCT_TYPES[kind.id]
        assert (kind.name, kind.mandatory, kind.tabular) == (known.name, known.mandatory, known.tabular)


def test_no_new_products_of_a_closed_type_are_made(database: Database, people: People):
    number = _published(database, people, 7)
    service, version_service = ProductService(database), ProductVersionService(database, QuotaRule(), days=30)
    TypeAdministration(database).save(people.admin, "other", TypeChanges(is_open=False))
    with pytest.raises(InvalidValueError, match="'Other' are made here; choose another type"):
        service.create(people.owner, NewProduct("y", 7))
    with pytest.raises(InvalidValueError, match="'Other'"):
        service.create(people.owner, NewProduct("y", 7), made_by="A pipeline")
    with pytest.raises(InvalidValueError, match="'Other'"):
        version_service.new_version(people.owner, number)
    # Those that there are stay and may be changed.
    assert service.change(people.owner, number, ProductChanges(description="d")).description == "d"
    assert service.create(people.owner, NewProduct("y", 2)).product_type.is_open
    TypeAdministration(database).save(people.admin, "other", TypeChanges(is_open=True))
    assert version_service.new_version(people.owner, number).previous_id == number


def test_types_are_changed_by_administrators_alone(database: Database, people: People):
    types, log = TypeAdministration(database), AuditLog(database)
    for identity in (people.owner, people.admin_reading, people.nobody):
        with pytest.raises((PermissionDeniedError, AuthenticationError)):
            types.save(identity, "other", TypeChanges(is_open=False))
        with pytest.raises((PermissionDeniedError, AuthenticationError)):
            types.all(identity)
    with pytest.raises(NotFoundError, match="redshift_catalog"):
        types.save(people.admin, "none", TypeChanges())
    types.save(people.admin, "other", TypeChanges(display_name="Other", is_open=True))
    assert log.entries(people.admin, AuditQuery(kind=Subject.TYPE))[0] == 0  # nothing was changed
    types.save(people.admin, "other", TypeChanges(description="Odds and ends."))
    count, (entry,) = log.entries(people.admin, AuditQuery(kind=Subject.TYPE))
    assert (count, entry.actor, entry.subject, list(entry.details)) == (1, "admin", "other", ["description"])


def test_what_a_type_takes_stands_on_the_type():
    kinds = PRODUCT_TYPES.values()
    assert {kind.name for kind in kinds if kind.has_spectroscopic_redshifts} == {"redshift_catalog", "training_set"}
    assert {kind.name for kind in kinds if kind.has_positions} == {"redshift_catalog", "object_catalog"}
    without_code = {"redshift_catalog", "training_set", "training_results"}
    assert {kind.name for kind in kinds if not kind.takes_pz_code} == without_code
    assert all(kind.takes_pz_code for kind in kinds if kind.has_pz_code)
    assert {kind.name for kind in kinds if "instrument_type" in kind.recommended} == {"redshift_catalog"}
    assert all(set(kind.recommended) <= set(MEANINGS_BY_KEY) - set(kind.mandatory) for kind in kinds)
