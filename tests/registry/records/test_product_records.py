"""Records of products: what they say, with the words and numbers of other libraries."""

import numpy as np
import pytest
from astropy import constants, units
from astropy.coordinates import SkyCoord
from astropy.io.votable.ucd import check_ucd
from cdshealpix.nested import vertices
from lxml import etree
from mocpy import MOC

from core.database import utc_now
from products.models import FileRole
from products.schema import ProductFileRow, ProductRow
from registry.documents.voresource import resource_element
from registry.models import ResourceRecord
from registry.records.spatial import coarse_map, sample_cones
from registry.records.spectral import spectral_intervals, wavebands
from registry.service import RecordService
from registry.validation.checks import record_findings
from tests.registry.conftest import Catalogue

_ATTRIBUTION = {
    "authors": [
        {"name": "Noether, Emmy", "orcid": "0000-0002-1825-0097", "affiliation": "Göttingen"},
        {"name": "The Collaboration"},
    ],
    "license": "CC-BY-4.0",
    "references": ["10.1093/mnras/stx2996", "2018MNRAS.473.2655H"],
    "keywords": [{"text": "Redshift surveys", "uat": 1378}, {"text": "deep fields"}],
    "doi": "10.5281/zenodo.1234567",
    "related": [{"kind": "Cites", "identifier": "10.1093/mnras/stx2996"}],
}


def record_of(catalogue: Catalogue, records: RecordService, **values: object) -> ResourceRecord:
    """Publish a product; give its record."""
    number = catalogue.publish(**values)
    return next(record for record in records.records() if record.product == number)


def texts(root: etree._Element, path: str) -> list[str]:
    """Give the texts of the elements at a path."""
    return [element.text for element in root.findall(path)]


def test_a_record_says_who_made_a_product_and_what_may_be_done_with_it(catalogue: Catalogue, records: RecordService):
    root = resource_element(record_of(catalogue, records, name="Déjà vu", attribution=_ATTRIBUTION))

    assert texts(root, "title") == ["Déjà vu"]
    assert texts(root, "identifier")[0].endswith("_deja_vu")
    assert texts(root, "altIdentifier") == ["doi:10.5281/zenodo.1234567", "bibcode:2018MNRAS.473.2655H"]
    assert texts(root, "curation/creator/name") == ["Noether, Emmy", "The Collaboration"]
    assert texts(root, "curation/creator/altIdentifier") == ["orcid:0000-0002-1825-0097"]
    assert texts(root, "curation/contact/email") == ["desk@example.org"]
    assert texts(root, "content/subject") == ["redshift-surveys", "deep fields"]
    source = root.find("content/source")
    assert (source.text, source.get("format")) == ("10.1093/mnras/stx2996", "doi")
    assert root.find("rights").get("rightsURI") == "https://spdx.org/licenses/CC-BY-4.0.html"
    assert texts(root, "content/relationship/relationshipType") == ["IsServedBy", "Cites"]
    assert root.find("content/relationship/relatedResource").get("ivo-id") == "ivo://example.org/tap"


def test_a_record_has_the_coverage_and_the_columns_of_the_table(catalogue: Catalogue, records: RecordService):
    record = record_of(catalogue, records)
    root = resource_element(record)

    footprint = MOC.from_string("10/500000 500001", format="ascii")
    spatial = MOC.from_string(root.findtext("coverage/spatial"), format="ascii")
    assert spatial == footprint.degrade_to_order(8)
    assert texts(root, "coverage/temporal") == ["59000.5 59001.25"]
    assert texts(root, "coverage/waveband") == ["Optical"]
    assert texts(root, "tableset/schema/name") == ["other"]
    assert texts(root, "tableset/schema/table/column/name") == ["RA", "Dec", "z", '"mag r"', "mjd"]
    assert all(check_ucd(ucd, check_controlled_vocabulary=True) for ucd in texts(root, ".//column/ucd"))
    assert all(units.Unit(unit, format="vounit") for unit in texts(root, ".//column/unit"))
    assert [item.get("standardID") for item in root.findall("capability")] == [
        "ivo://ivoa.net/std/TAP#aux",
        "ivo://ivoa.net/std/ConeSearch",
        "ivo://ivoa.net/std/hats#hats-1.0",
        "ivo://ivoa.net/std/DataLink#links-1.1",
        None,
    ]
    (hats,) = root.findall("capability[@standardID='ivo://ivoa.net/std/hats#hats-1.0']/interface/accessURL")
    name = root.findtext("content/referenceURL").rpartition("/")[2]
    assert (hats.text, hats.get("use")) == (f"https://pz.example.org/hats/{name}", "dir")


def test_a_record_has_the_archive_of_the_files(catalogue: Catalogue, records: RecordService):
    number = catalogue.publish()
    with catalogue.database.write() as session:
        session.add(
            ProductFileRow(
                product_id=number, role=FileRole.MAIN, name="a.csv", extension=".csv", size=3, media_type="text/csv",
                stored_id="x", md5="m", sha256="s", created_at=utc_now(), updated_at=utc_now(),
            )
        )  # fmt: skip
    record = next(record for record in records.records() if record.product == number)
    root = resource_element(record)
    (archive,) = root.findall("capability/interface[resultType='application/zip']")
    assert archive.findtext("accessURL") == f"https://pz.example.org/api/products/{number}/zip"
    assert archive.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "vs:ParamHTTP"
    assert not [item for item in record_findings(record) if item.is_error]


def test_a_record_with_what_xml_cannot_write_is_written(catalogue: Catalogue, records: RecordService):
    record = record_of(catalogue, records, name="A\x01 title\nof two lines", description="Two\n\nparagraphs\x02")
    root = resource_element(record)
    assert root.findtext("title") == "A\ufffd title of two lines"
    assert root.findtext("content/description") == "Two\n\nparagraphs\ufffd"


def test_a_product_without_a_table_has_no_query_capabilities(catalogue: Catalogue, records: RecordService):
    number = catalogue.publish()
    with catalogue.database.write() as session:
        session.execute(ProductRow.__table__.update().values(description=""))
        session.connection().exec_driver_sql("DELETE FROM product_tables")
    record = next(record for record in records.records() if record.product == number)
    root = resource_element(record)
    assert root.find("tableset") is None
    assert root.find("coverage/spatial") is None
    assert texts(root, "content/relationship/relationshipType") == []
    assert "ivo://ivoa.net/std/TAP#aux" not in {item.get("standardID") for item in root.findall("capability")}
    assert root.findtext("content/description")


@pytest.mark.parametrize(
    ("text", "order", "cell"),
    [("3/1-4 10/500000", 10, 500000), ("5/7", 5, 7), ("0/3", 0, 3), ("29/17 18", 29, 17), ("2/0 6/", 2, 0)],
)
def test_the_test_query_of_a_cone_search_covers_a_cell_of_the_footprint(text: str, order: int, cell: int):
    ra, dec, radius = sample_cones([text])[text]
    lon, lat = vertices(np.array([cell], np.uint64), np.uint8(order))
    corners = SkyCoord(lon.ravel(), lat.ravel())
    assert np.all(SkyCoord(ra, dec, unit="deg").separation(corners).deg <= radius)


def test_a_coarse_map_covers_the_map():
    fine = MOC.from_string("10/500000-500300 12/9000000", format="ascii")
    coarse = MOC.from_string(coarse_map("10/500000-500300 12/9000000"), format="ascii")
    assert coarse.max_order == 8
    assert fine.difference(coarse).empty()


def test_bands_of_ucds_are_intervals_of_energy():
    found = spectral_intervals(["phot.mag;em.opt.R", "phot.mag;em.opt.I", "phot.flux;em.IR.K", "pos.eq.ra"])
    expected = [
        [(constants.h * constants.c / (wave * units.um)).to_value(units.J) for wave in pair]
        for pair in ((3.0, 2.0), (1.0, 0.6))
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert wavebands(["phot.mag;em.IR.K", "phot.mag;em.opt.R", "phot.mag;em.UV.200-300nm"]) == (
        "UV",
        "Optical",
        "Infrared",
    )
