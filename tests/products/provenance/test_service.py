"""The origin of products, on both databases; its JSON is read by the W3C library, its VOTable by astropy."""

import json
from datetime import UTC, datetime
from io import BytesIO, StringIO

import pytest
from astropy.io.votable import parse, validate
from prov.model import ProvDocument

import products.provenance.schema
from core.auth.models import Identity
from core.database import Database, utc_now
from core.errors import NotFoundError
from products.models import Product, ProductStatus, Visibility
from products.provenance import Activity, ProvenanceService, UsedEntity, provenance_json, provenance_votable
from products.schema import ProductFileRow, ProductRow
from products.service import NewProduct, ProductService
from tests.products.conftest import People

pytestmark = pytest.mark.either_database

URL = "https://photoz.example"
STARTED, ENDED = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
TABLES = products.provenance.schema.ActivityRow.__table__  # the import fills the metadata


def _published(database: Database, owner: Identity, name: str, *, kind: int = 1, visibility: Visibility) -> Product:
    product = ProductService(database).create(owner, NewProduct(name, kind, visibility=visibility))
    with database.write() as session:
        row = session.get_one(ProductRow, product.id)
        row.status, row.published_at = ProductStatus.PUBLISHED, utc_now()
        session.add(
            ProductFileRow(
                product_id=product.id,
                role=0,
                name="été table.csv",
                media_type="text/csv",
                size=3,
                extension=".csv",
                details={},
                md5="0" * 32,
                sha256="a" * 64,
                stored_id=f"stored{product.id}",
                created_at=utc_now(),
                updated_at=utc_now(),
            )
        )
    return ProductService(database).get(owner, product.id)


def _made(*inputs: Product) -> Activity:
    return Activity(
        name="Training Set Maker",
        code_name="photoz-server",
        code_version="0.1.0",
        started_at=STARTED,
        ended_at=ENDED,
        configuration={"crossmatch": {"radius_arcsec": 1.0}, "flux_type": "auto", "extra": {}},
        used=(
            *(UsedEntity("redshift_catalog", p.internal_name, p.id, version="1", sha256="b" * 64) for p in inputs),
            UsedEntity("object_catalog", "dp1", version="2026-06"),
        ),
        timings={"read": 1.5, "match": 20.25},
        job_id="f" * 32,
    )


def _ids(records: object) -> set[str]:
    return {str(record.identifier) for record in records}


def test_an_upload_was_generated_by_its_owners_sending_it(database: Database, people: People):
    product = _published(database, people.owner, "VVDS", visibility=Visibility.PUBLIC)
    provenance = ProvenanceService(database, ProductService(database)).of(people.nobody, product.internal_name)
    document = ProvDocument.deserialize(content=json.dumps(provenance_json(provenance, URL)), format="json")
    text = document.get_provn()
    name = f"product:{product.internal_name}"
    assert f"entity({name}" in text
    assert f"api:products/{product.id}/files/%C3%A9t%C3%A9%20table.csv" in text
    assert f"{name}, api:products/{product.id}/provenance/activity, -" in text  # wasGeneratedBy
    attributed = f"WasAttributedTo-1; {name}, api:users/{people.owner.user_id}"
    assert attributed in text
    assert "a" * 64 in text
    entity = document.get_record(document.valid_qualified_name(name))[0]
    assert entity.identifier.uri == f"{URL}/product/{product.internal_name}"


def test_what_a_pipeline_made_names_its_inputs_configuration_and_code(database: Database, people: People):
    service = ProvenanceService(database, ProductService(database))
    source = _published(database, people.owner, "VVDS", visibility=Visibility.REGISTERED)
    made = _published(database, people.owner, "Set", kind=2, visibility=Visibility.REGISTERED)
    service.record(made.id, _made(source))
    service.record(made.id, _made(source))  # a job that ran twice
    found = service.of(people.stranger, made.id)
    document = ProvDocument.deserialize(content=json.dumps(provenance_json(found, URL)), format="json")
    text = document.get_provn()
    activity = f"api:products/{made.id}/provenance/activity"
    assert f"activity({activity}, 2026-03-01T12:00:00+00:00, 2026-03-01T12:05:00+00:00" in text.replace("Z", "+00:00")
    assert f"{activity}, product:{source.internal_name}, -" in text  # used
    assert f"{activity}, api:products/{made.id}/provenance/input-2, -" in text
    assert f"product:{made.internal_name}, product:{source.internal_name}, -, -, -" in text  # wasDerivedFrom
    for words in ("photoz-server 0.1.0", "crossmatch.radius_arcsec", "2026-06", "read 1.5 s; match 20.25 s", "b" * 64):
        assert words in text, words


def test_the_votable_has_a_table_for_each_class(database: Database, people: People):
    service = ProvenanceService(database, ProductService(database))
    source = _published(database, people.owner, "VVDS & \x07co", visibility=Visibility.REGISTERED)
    made = _published(database, people.owner, "Set", kind=2, visibility=Visibility.REGISTERED)
    service.record(made.id, _made(source))
    text = provenance_votable(service.of(people.stranger, made.id), URL)
    complaints = StringIO()
    assert validate(BytesIO(text), output=complaints), complaints.getvalue()
    tables = {table.name: table for table in parse(BytesIO(text)).iter_tables()}
    assert [*tables] == [
        *("Entity", "Activity", "Agent", "Parameter", "Used", "WasGeneratedBy", "WasDerivedFrom"),
        *("WasAttributedTo", "WasAssociatedWith", "WasConfiguredBy"),
    ]
    assert all(table.utype == f"voprov:{name}" for name, table in tables.items())
    used = tables["Used"].to_table()
    assert [*used["entity"]] == [f"product:{source.internal_name}", f"api:products/{made.id}/provenance/input-2"]
    assert [*used["role"]] == ["redshift_catalog", "object_catalog"]
    parameters = {row["name"]: row["value"] for row in tables["Parameter"].to_table()}
    assert parameters == {"crossmatch.radius_arcsec": "1.0", "flux_type": "auto", "extra": "{}"}
    software = {row["name"] for row in tables["Agent"].to_table() if row["type"] == "SoftwareAgent"}
    assert software == {"photoz-server 0.1.0"}


@pytest.mark.parametrize("hidden", ["private", "deleted"])
def test_of_an_input_that_may_not_be_read_nothing_is_told(database: Database, people: People, hidden: str):
    service = ProvenanceService(database, ProductService(database))
    private = Visibility.PRIVATE if hidden == "private" else Visibility.PUBLIC
    secret = _published(database, people.owner, "Secret field", visibility=private)
    made = _published(database, people.owner, "Set", kind=2, visibility=Visibility.PUBLIC)
    service.record(made.id, _made(secret))
    if hidden == "deleted":
        ProductService(database).delete(people.owner, secret.id)
    for identity in (people.nobody, people.stranger):
        found = service.of(identity, made.id)
        told = json.dumps(provenance_json(found, URL)) + provenance_votable(found, URL).decode()
        assert "ecret" not in told
        assert "b" * 64 not in told
        assert f"api:products/{made.id}/provenance/input-1" in told
    if hidden == "private":
        assert "ecret" in json.dumps(provenance_json(service.of(people.owner, made.id), URL))


def test_the_origin_of_what_may_not_be_read_is_not_found(database: Database, people: People):
    secret = _published(database, people.owner, "Secret field", visibility=Visibility.PRIVATE)
    for identity in (people.nobody, people.stranger):
        with pytest.raises(NotFoundError, match="There is no product"):
            ProvenanceService(database, ProductService(database)).of(identity, secret.id)


def test_a_new_version_was_derived_from_the_one_before_for_those_who_may_read_that(database: Database, people: People):
    before = _published(database, people.owner, "First", visibility=Visibility.PRIVATE)
    after = _published(database, people.owner, "Second", visibility=Visibility.PUBLIC)
    with database.write() as session:
        session.get_one(ProductRow, after.id).previous_id = before.id
    service = ProvenanceService(database, ProductService(database))
    derived = provenance_json(service.of(people.owner, after.id), URL)["wasDerivedFrom"]
    assert [*derived.values()] == [
        {
            "prov:generatedEntity": f"product:{after.internal_name}",
            "prov:usedEntity": f"product:{before.internal_name}",
        }
    ]
    told = provenance_json(service.of(people.nobody, after.id), URL)
    assert "wasDerivedFrom" not in told
    assert before.internal_name not in json.dumps(told)
