"""Registration of survey catalogues: what is found in their files, from which places, and who may read them."""

import dataclasses
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.auth.models import ANONYMOUS, Identity, Scope
from core.errors import (
    AuthenticationError,
    ConflictError,
    InvalidValueError,
    NotFoundError,
    PermissionDeniedError,
    UnreadableFileError,
)
from core.files.kept import KeptFolder
from products.models import Visibility
from tap.metadata.survey_catalogues.copies import PartitionCopies
from tap.metadata.survey_catalogues.models import CatalogueValues
from tap.metadata.survey_catalogues.partitions import LISTING, open_partitions, write_partitions
from tap.metadata.survey_catalogues.places import CataloguePlaces
from tap.metadata.survey_catalogues.plans import CataloguePlans
from tap.metadata.survey_catalogues.service import SurveyCatalogues
from tap.metadata.survey_catalogues.tables import SurveyTables
from tests.support.hats import healpix_of, write_hats
from tests.support.parquet_footers import contradict

_ADMIN = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)
_VALUES = CatalogueValues(visibility=Visibility.PUBLIC)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "place"


def _frame(count: int = 300) -> pd.DataFrame:
    random = np.random.default_rng(3)
    dec = np.degrees(np.arcsin(random.uniform(-1, 1, count)))
    return pd.DataFrame({"id": np.arange(count), "ra": random.uniform(0, 360, count), "dec": dec})


def _change(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize("metadata", [True, False])
def test_partitions_are_those_of_the_files_in_the_order_of_the_sky(
    service: SurveyCatalogues, place: Path, metadata: bool
):
    frame = _frame()
    partitions = write_hats(frame, place / "sky", most_rows=20, metadata=metadata)
    found = service.add(_ADMIN, "sky", str(place / "sky"), _VALUES)
    assert (found.full_name, found.rows, found.partitions) == ("hats.sky", len(frame), len(partitions))
    assert (found.position, found.healpix) == (("ra", "dec"), "_healpix_29")
    assert [item.column.name for item in found.columns] == ["id", "ra", "dec"]
    files = list((place / "sky/dataset").rglob("Npix*"))
    assert found.bytes == sum(path.stat().st_size for path in files)
    listed = open_partitions(service.listing_file(found))
    cells = healpix_of(frame.ra.to_numpy(), frame.dec.to_numpy())
    for place_of, (order, pixel) in enumerate(partitions):
        own = cells[cells >> 2 * (29 - order) == pixel]
        shift = 2 * (29 - order)
        expected = (own.min(), own.max()) if metadata else (pixel << shift, ((pixel + 1) << shift) - 1)
        assert (listed.first[place_of], listed.last[place_of]) == expected
        assert listed.rows[place_of] == (len(own) if metadata else -1)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 60)), min_size=1, max_size=40),
    st.sets(st.integers(0, 480), max_size=12),
)
def test_partitions_of_ranges_are_those_of_a_comparison_one_by_one(
    tmp_path: Path, spans: list[tuple[int, int]], bounds: set[int]
):
    lasts = [(first, first + width) for first, width in spans]
    rows = [{"path": f"{n}", "first": a, "last": b, "rows": 1, "bytes": 1} for n, (a, b) in enumerate(lasts)]
    file = tmp_path / f"{abs(hash((tuple(spans), tuple(bounds))))}.arrow"
    write_partitions(file, pa.Table.from_pylist(rows, LISTING), pa.schema([]))
    listed, ordered = open_partitions(file), sorted(bounds)
    ranges = [(low, high - 1) for low, high in zip(ordered[::2], ordered[1::2], strict=False)]
    found = {int(name) for name in listed.names(listed.overlapping(ranges))}
    assert found == {n for n, (a, b) in enumerate(lasts) if any(a <= high and low <= b for low, high in ranges)}


def test_a_table_of_metadata_describes_columns_until_it_is_read_again(service: SurveyCatalogues, place: Path):
    write_hats(_frame().assign(g_mag=20.0, r_mag=19.0), place / "sky", most_rows=100)
    table = place / "columns.csv"
    table.write_text("name,unit,ucd,description\nID,,meta.id,Number\n*_mag,mag,phot.mag,AB\nother,x y,,Not there\n")
    values = dataclasses.replace(_VALUES, metadata=str(table))
    found = {item.column.name: item.column for item in service.add(_ADMIN, "sky", str(place / "sky"), values).columns}
    assert (found["id"].ucd, found["id"].description, found["id"].unit) == ("meta.id", "Number", None)
    assert {(found[name].unit, found[name].ucd) for name in ("g_mag", "r_mag")} == {("mag", "phot.mag")}
    assert (found["ra"].unit, found["ra"].ucd) == ("deg", "pos.eq.ra;meta.main")
    table.write_text("<VOTABLE><FIELD name='r_mag' unit='mag'><DESCRIPTION>Red</DESCRIPTION></FIELD></VOTABLE>")
    again = {item.column.name: item.column for item in service.refresh(_ADMIN, "sky").columns}
    assert (again["r_mag"].description, again["g_mag"].unit, again["id"].ucd) == ("Red", None, None)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("columns.csv", "name,unit\nz,mag\n", "describes no column of the catalogue, but 'z'"),
        ("columns.csv", "name,unit\nid,wrong unit\n", "line 2, column 'id': .*wrong unit"),
        ("columns.csv", "a,b\n1,2\n", "columns.csv.* must be a header with name"),
        ("none.csv", "", "none.csv' cannot be read"),
        ("sky", "", "sky' cannot be read"),
        ("../outside.csv", "", "is not below a place"),
        ("link.csv", "", "is not below a place"),
        ("s3://other/columns.csv", "", "is not below a place"),
    ],
)
def test_a_table_of_metadata_that_cannot_be_used_is_named(
    service: SurveyCatalogues, place: Path, name: str, content: str, words: str
):
    write_hats(_frame(10), place / "sky", most_rows=100)
    (place / "columns.csv").write_text(content)
    (place.parent / "outside.csv").write_text("name,unit\nid,mag\n")
    (place / "link.csv").symlink_to(place.parent / "outside.csv")
    given = name if "://" in name else str(place / name)
    with pytest.raises(InvalidValueError, match=words) as refused:
        service.add(_ADMIN, "sky", str(place / "sky"), dataclasses.replace(_VALUES, metadata=given))
    assert refused.value.field == "metadata"
    assert service.all(_ADMIN) == ()


def test_a_table_is_described_once_for_a_version_and_found_by_who_may_read_it(
    service: SurveyCatalogues, place: Path, tmp_path: Path, people: dict[str, Identity]
):
    write_hats(_frame(), place / "sky", most_rows=100)
    service.add(_ADMIN, "sky", str(place / "sky"), CatalogueValues("One", Visibility.REGISTERED))
    plans = CataloguePlans(KeptFolder(tmp_path / "lists"), PartitionCopies(tmp_path / "copies", 0), most_bytes=0)
    tables = SurveyTables(service, plans)
    (first,), (again,) = (list(tables.named(people["member"], "hats", name)) for name in ("sky", "SKY"))
    assert first is again
    assert list(tables.named(ANONYMOUS, "hats", "sky")) == []
    service.change(_ADMIN, "sky", CatalogueValues("Two", Visibility.PRIVATE))
    assert list(tables.named(people["member"], "hats", "sky")) == []
    (changed,) = tables.named(_ADMIN, "hats", "sky")
    assert (first.description, changed.description) == ("One", "Two")


@pytest.mark.skipif(find_spec("lsdb") is None, reason="the extra 'dask' is not installed")
@pytest.mark.filterwarnings("ignore")
def test_a_collection_of_lsdb_with_a_margin_is_the_table_of_its_primary_catalogue(
    service: SurveyCatalogues, place: Path
):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lsdb, dask = import_module("lsdb"), import_module("dask")
        with dask.config.set(scheduler="synchronous"):
            made = lsdb.from_dataframe(
                _frame(), ra_column="ra", dec_column="dec", partition_rows=100, margin_threshold=300
            )
            made.write_catalog(place / "made", progress_bar=False)
    found = service.add(_ADMIN, "made", str(place / "made"), _VALUES)
    assert (found.rows, found.position, found.healpix) == (300, ("ra", "dec"), "_healpix_29")
    margin = next(place.glob("made/*_300arcs"))
    with pytest.raises(InvalidValueError, match="of type 'margin'"):
        service.add(_ADMIN, "margin", str(margin), _VALUES)


def test_columns_have_the_metadata_of_the_schema_and_others_are_left_out(service: SurveyCatalogues, place: Path):
    described = {b"unit": b"mag", b"ucd": b"phot.mag;em.opt.i", b"description": b"Magnitude in i"}
    schema = pa.schema(
        [
            pa.field("RAJ2000", pa.float64()),
            pa.field("DEJ2000", pa.float64()),
            pa.field("mag", pa.float32(), metadata=described),
            pa.field("MAG", pa.float32()),
            pa.field("lightcurve", pa.list_(pa.struct([("t", pa.float64())]))),
            pa.field("big", pa.uint64()),
            pa.field("Norder", pa.int8()),
            pa.field("Dir", pa.int64()),
            pa.field("Npix", pa.int64()),
        ]
    )
    file = place / "plain/Norder=3/Dir=0/Npix=5.parquet"
    file.parent.mkdir(parents=True)
    pq.write_table(schema.empty_table(), file)
    found = service.add(_ADMIN, "plain", str(place / "plain"), _VALUES)
    assert {item.column.name: item.column.datatype for item in found.columns} == {
        "RAJ2000": "double", "DEJ2000": "double", "mag": "float", "big": "long",
    }  # fmt: skip
    assert found.position == ("RAJ2000", "DEJ2000")
    (magnitude,) = (item.column for item in found.columns if item.column.name == "mag")
    assert (magnitude.unit, magnitude.ucd, magnitude.description) == ("mag", "phot.mag;em.opt.i", "Magnitude in i")
    assert [line.split(":")[0] for line in found.left_out] == ["MAG", "lightcurve"]
    listed = open_partitions(service.listing_file(found))
    assert (listed.first.tolist(), listed.last.tolist()) == ([5 << 52], [(6 << 52) - 1])
    with pytest.raises(InvalidValueError, match="no column of numbers 'lon'"):
        service.add(_ADMIN, "wrong", str(place / "plain"), dataclasses.replace(_VALUES, ra="lon", dec="DEJ2000"))


@pytest.mark.parametrize(
    "url",
    [
        "/etc", "relative", "{place}/../outside", "{place}/link", "file:///etc", "ftp://a/b", "s3://bucket/catalogues",
        "s3://bucket/cat/../../other", "s3://bucket/cat2", "https://user:secret@good.org/hats", "https://good.org.evil/hats",
        "https://good.org/hats/%2e%2e/x", "https://good.org/hats?x=1", "https://good.org:8443/hats", "http://good.org/hats",
        "https://good.org/hatsy", "https:///hats", "{place}/none", "{place}/a[b]",
    ],
)  # fmt: skip
def test_catalogues_outside_of_the_places_are_refused(tmp_path: Path, place: Path, url: str):
    (tmp_path / "outside").mkdir()
    place.mkdir()
    (place / "a[b]").mkdir()
    (place / "link").symlink_to(tmp_path / "outside")
    places = CataloguePlaces((str(place), "s3://bucket/cat", "https://Good.org/hats/"))
    with pytest.raises(InvalidValueError):
        places.folder(url.format(place=place))
    assert places.folder("https://good.org/hats//gaia/").url == "https://good.org/hats/gaia"
    assert places.folder("s3://bucket/cat/x").url == "s3://bucket/cat/x"


def test_a_collection_does_not_lead_out_of_its_folder(service: SurveyCatalogues, place: Path):
    write_hats(_frame(), place / "a", most_rows=100)
    (place / "b").mkdir()
    (place / "b/link").symlink_to(place / "a")
    for target in ("../a", "link", "/etc", "a/../../a", ""):
        (place / "b/collection.properties").write_text(f"hats_primary_table_url={target}\n")
        with pytest.raises(InvalidValueError, match="names the folder"):
            service.add(_ADMIN, "b", str(place / "b"), _VALUES)


@pytest.mark.parametrize("name", ["_metadata", "a partition"])
def test_a_footer_that_contradicts_itself_is_refused_and_ends_no_process(
    service: SurveyCatalogues, place: Path, name: str
):
    write_hats(_frame(), place / "sky", most_rows=100)
    dataset = place / "sky/dataset"
    if name == "_metadata":
        contradict(dataset / name, "id")
    else:
        (dataset / "_metadata").unlink(missing_ok=True)
        for partition in dataset.rglob("Npix*"):
            contradict(partition, "id")
    with pytest.raises(UnreadableFileError, match="cannot be read as Parquet"):
        service.add(_ADMIN, "sky", str(place / "sky"), _VALUES)


def test_damaged_catalogues_are_refused_in_a_sentence(service: SurveyCatalogues, place: Path):
    write_hats(_frame(), place / "sky", most_rows=100)
    (place / "x").mkdir()
    with pytest.raises(InvalidValueError, match="no Parquet file"):
        service.add(_ADMIN, "empty", str(place / "x"), _VALUES)
    next((place / "sky/dataset").rglob("Npix*")).unlink()
    with pytest.raises(UnreadableFileError, match="1 partitions that do not exist"):
        service.add(_ADMIN, "sky", str(place / "sky"), _VALUES)
    (place / "sky/dataset/_metadata").write_bytes(b"PAR1")
    with pytest.raises(UnreadableFileError, match="cannot be read as Parquet"):
        service.add(_ADMIN, "sky", str(place / "sky"), _VALUES)


def test_names_are_checked_and_unique(service: SurveyCatalogues, place: Path):
    write_hats(_frame(), place / "sky", most_rows=100)
    for name in ("Sky", "1sky", "select", "a.b", "x" * 64, ""):
        with pytest.raises(InvalidValueError, match="cannot be the name"):
            service.add(_ADMIN, name, str(place / "sky"), _VALUES)
    service.add(_ADMIN, "sky", str(place / "sky"), _VALUES)
    with pytest.raises(ConflictError):
        service.add(_ADMIN, "sky", str(place / "sky"), _VALUES)


def test_a_refresh_reads_the_files_again_and_a_removal_leaves_them(service: SurveyCatalogues, place: Path):
    write_hats(_frame(), place / "sky", most_rows=100)
    before = service.add(_ADMIN, "sky", str(place / "sky"), _VALUES)
    stamp = service.stamp()
    write_hats(_frame(900), place / "sky", most_rows=1000)
    (place / "sky/dataset/_metadata").write_bytes(b"")
    with pytest.raises(UnreadableFileError):
        service.refresh(_ADMIN, "sky")
    assert service.find(_ADMIN, "sky") == before
    write_hats(_frame(900), place / "sky", most_rows=1000)
    after = service.refresh(_ADMIN, "sky")
    assert (after.rows, after.listing != before.listing) == (900, True)
    assert service.stamp() != stamp
    service.remove(_ADMIN, "sky")
    assert service.all(_ADMIN) == ()
    assert (place / "sky/hats.properties").exists()
    with pytest.raises(NotFoundError):
        service.remove(_ADMIN, "sky")


@pytest.mark.parametrize("call", ["add", "change", "refresh", "remove", "find"])
def test_only_administrators_change_catalogues(service: SurveyCatalogues, place: Path, call: str):
    write_hats(_frame(), place / "sky", most_rows=100)
    service.add(_ADMIN, "sky", str(place / "sky"), _VALUES)
    arguments = {"add": (str(place / "sky"), _VALUES), "change": (_VALUES,)}.get(call, ())
    for identity in (ANONYMOUS, Identity(user_id=7, name="a", is_admin=False, scope=Scope.WRITE)):
        with pytest.raises((AuthenticationError, PermissionDeniedError)):
            getattr(service, call)(identity, "sky", *arguments)
