"""Survey catalogues in S3 and behind HTTP: what is copied of their partitions, and from where."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import s3fs
from astropy.coordinates import SkyCoord
from mocpy import MOC
from moto.server import ThreadedMotoServer

from core.auth.models import ANONYMOUS, Identity, Scope
from core.errors import PhotozError, ServiceBusyError, UnreadableFileError
from core.settings import Settings
from core.web.dali import DaliParameters
from products.models import Visibility
from server.services import Services
from tap.metadata.survey_catalogues.copies import PartitionCopies
from tap.metadata.survey_catalogues.id_indexes import ranges_of_identifiers
from tap.metadata.survey_catalogues.models import CatalogueValues
from tap.metadata.survey_catalogues.places import CatalogueFolder
from tests.support.databases import EmptySQLite
from tests.support.files_over_http import RangeHandler, folder_over_http
from tests.support.hats import write_hats
from tests.support.parquet_footers import contradict
from tests.support.s3 import counted_bytes

_ADMIN = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)
_VALUES = CatalogueValues(visibility=Visibility.PUBLIC)
_WIDE = 30
#: The end of a file that is fetched to find its footer.
_TAIL = 1 << 16


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    random = np.random.default_rng(9)
    count = 20_000
    dec = np.degrees(np.arcsin(random.uniform(-1, 1, count)))
    made = {"id": np.arange(count), "ra": random.uniform(0, 360, count), "dec": dec}
    return pd.DataFrame(made | {f"wide{i}": random.random(count) for i in range(_WIDE)})


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame) -> Path:
    folder = tmp_path_factory.mktemp("remote")
    write_hats(frame, folder / "sky", most_rows=1000)
    return folder / "sky"


@pytest.fixture(scope="module")
def store_server() -> Iterator[ThreadedMotoServer]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def s3(catalogue: Path, store_server: ThreadedMotoServer) -> Iterator[str]:
    host, port = store_server.get_host_and_port()
    values = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        store = s3fs.S3FileSystem()
        store.mkdir("surveys")
        store.put(str(catalogue), "surveys/sky", recursive=True)
        yield "s3://surveys"
        s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture(scope="module")
def services(s3: str, tmp_path_factory: pytest.TempPathFactory, empty_sqlite: EmptySQLite) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("server")
    url = empty_sqlite.database(folder / "photoz.sqlite")
    made = Services(Settings(data=folder, database_url=url, catalogue_places=(s3,), query_workers=1))
    made.tap.catalogues.add(_ADMIN, "sky", f"{s3}/sky", _VALUES)
    yield made
    made.close()


def _ids(services: Services, query: str) -> list[int]:
    parameters = DaliParameters([("LANG", "ADQL"), ("QUERY", query)], {})
    opened = services.tap.service.open(parameters, ANONYMOUS, seconds=60)
    with opened.stream as stream:
        return sorted(value for batch in stream for value in batch.column(0).to_pylist())


def test_a_query_copies_the_columns_that_it_reads_of_the_partitions_that_it_meets(
    services: Services, frame: pd.DataFrame, catalogue: Path
):
    copies = services.tap.partition_copies
    expected = sorted(frame.id[(frame.dec > 85) & (frame.wide0 < 2)])
    query = "SELECT id FROM hats.sky WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(0, 90, 5))"
    assert _ids(services, query) == expected
    met = sum(path.stat().st_size for path in _met(catalogue, services))
    first = copies.used_bytes()
    assert 0 < first < met / 3  # 4 of 34 columns, and footers
    assert _ids(services, query) == expected
    assert copies.used_bytes() == first
    assert len(_ids(services, query.replace("WHERE", "WHERE wide3 + wide7 >= 0 AND"))) == len(expected)
    assert first < copies.used_bytes() < first + met / 5
    assert len(_ids(services, query.replace(" id ", " * "))) == len(expected)
    assert copies.used_bytes() <= met + 8192 * len(list(_met(catalogue, services)))


def test_only_the_bytes_that_pruning_leaves_are_fetched(
    services: Services, store_server: ThreadedMotoServer, frame: pd.DataFrame, catalogue: Path
):
    # A region that no other test asks for: nothing of its partitions is copied yet.
    region = "1 = CONTAINS(POINT(ra, dec), POLYGON(100, 10, 104, 10, 104, 14, 100, 14))"
    inside = frame[frame.ra.between(100, 104) & frame.dec.between(10, 14)]  # but for the bulge of great circles
    with counted_bytes(store_server) as sent:
        found = _ids(services, f"SELECT id, wide5 FROM hats.sky WHERE {region} AND wide5 < 2")
    assert len(set(found) & set(inside.id)) >= len(inside) - 2
    cells = MOC.from_polygon_skycoord(SkyCoord([100, 104, 104, 100], [10, 10, 14, 14], unit="deg"), max_depth=10)
    expected, files = 0, list(catalogue.rglob("Npix*"))
    met = [path for path in files if not _moc_of(path).intersection(cells).empty()]
    for path in met:
        group = pq.read_metadata(path).row_group(0)
        chunks = {
            chunk.path_in_schema: chunk.total_compressed_size for chunk in map(group.column, range(group.num_columns))
        }
        read = sum(chunks[name] for name in ("id", "wide5", "ra", "dec", "_healpix_29"))
        expected += read + path.stat().st_size - sum(chunks.values()) + _TAIL
    assert {path.rpartition("/")[2] for path in sent.by_path} == {path.name for path in met}
    assert 0 < len(met) < len(files) / 4
    assert 0 < sum(sent.by_path.values()) <= expected


def _moc_of(path: Path) -> MOC:
    """Return the cell of a partition, as its path names it."""
    order, pixel = (int(part.split("=")[1].split(".")[0]) for part in (path.parts[-3], path.name))
    return MOC.from_healpix_cells(np.array([pixel], np.uint64), np.array([order], np.uint8), max_depth=order)


def _met(catalogue: Path, services: Services) -> Iterator[Path]:
    """Yield the partitions of which there are copies, by their sizes."""
    sizes = {path.stat().st_size for path in services.settings.data.glob("catalogue_copies/*.parquet")}
    return (path for path in catalogue.rglob("Npix*") if path.stat().st_size in sizes)


def _write_index(rows: pa.Table, folder: Path, *, metadata: bool) -> Path:
    """Write an index, with a list of its row groups or without, and give the file that is read first."""
    (folder / "dataset/index").mkdir(parents=True)
    file, footers = folder / "dataset/index/part0.parquet", list[pq.FileMetaData]()
    pq.write_table(rows, file, metadata_collector=footers, row_group_size=1000)
    if not metadata:
        return file
    footers[0].set_file_path("index/part0.parquet")
    pq.write_metadata(rows.schema, folder / "dataset/_metadata", metadata_collector=footers)
    return folder / "dataset/_metadata"


@pytest.mark.parametrize("metadata", [True, False])
def test_an_index_in_s3_finds_the_partitions_of_identifiers(s3: str, tmp_path: Path, metadata: bool):
    count = 50_000
    rows = pa.table({"id": np.arange(count), "Norder": np.full(count, 2), "Npix": np.arange(count) // 500})
    _write_index(rows, tmp_path, metadata=metadata)
    s3fs.S3FileSystem().put(str(tmp_path / "dataset"), f"surveys/by_id{metadata}/dataset", recursive=True)
    found = ranges_of_identifiers(CatalogueFolder(f"{s3}/by_id{metadata}"), "id", [4321, 40_000])
    assert found == tuple((cell << 54, ((cell + 1) << 54) - 1) for cell in (8, 80))
    assert ranges_of_identifiers(CatalogueFolder(f"{s3}/none"), "id", [1]) is None


@pytest.mark.parametrize("metadata", [True, False])
def test_an_index_whose_footer_contradicts_itself_is_not_used(tmp_path: Path, metadata: bool):
    rows = pa.table({"id": [1, 2], "Norder": pa.array([3, 3], pa.uint8()), "Npix": pa.array([7, 8], pa.uint64())})
    contradict(_write_index(rows, tmp_path, metadata=metadata), "id")
    assert ranges_of_identifiers(CatalogueFolder(str(tmp_path)), "id", [1]) is None


@pytest.mark.parametrize(
    ("place", "metadata"),
    [("folder", True), ("folder", False), ("s3", True), ("s3", False), ("http", True)],  # HTTP lists no files
)
def test_an_index_that_is_replaced_by_one_of_the_same_size_is_looked_at_again(
    request: pytest.FixtureRequest, tmp_path: Path, place: str, metadata: bool
):
    name, rows = f"replaced{metadata}", pa.table({"id": [1, 2], "Norder": [3, 3], "Npix": [7, 8]})
    with folder_over_http(tmp_path) as web:
        file = _write_index(rows, tmp_path / name, metadata=metadata)
        url = {"folder": str(tmp_path), "http": web}.get(place) or request.getfixturevalue("s3")
        stored = CatalogueFolder(f"{url}/{name}")

        def put() -> None:
            for path in (tmp_path / name).rglob("*") if place == "s3" else ():
                if path.is_file():
                    s3fs.S3FileSystem().put_file(str(path), f"surveys/{path.relative_to(tmp_path)}")

        put()
        assert ranges_of_identifiers(stored, "id", [1]) == ((7 << 52, (8 << 52) - 1),)
        before = file.stat()
        contradict(file, "id")
        assert file.stat().st_size == before.st_size
        os.utime(file, (before.st_atime, before.st_mtime + 5))  # as somebody replaces it later
        put()
        assert ranges_of_identifiers(stored, "id", [1]) is None


def test_copies_stay_within_their_budget(s3: str, catalogue: Path, tmp_path: Path):
    names = [str(path.relative_to(catalogue / "dataset")) for path in sorted(catalogue.rglob("Npix*"))]
    copies = PartitionCopies(tmp_path, 200_000)
    root = CatalogueFolder(f"{s3}/sky/dataset")
    first = copies.paths(root, names[:2], ["id"])
    with pytest.raises(ServiceBusyError, match="200000 bytes"):
        copies.paths(root, names[2:], [f"wide{i}" for i in range(_WIDE)])
    long_ago = 1_000_000_000
    for marks in tmp_path.glob("*.columns"):
        os.utime(marks, (long_ago, long_ago))
    assert copies.paths(root, names[-2:], ["id", "ra", "wide1"])
    assert copies.used_bytes() <= 200_000
    assert any(not path.exists() for path in first) or copies.sweep() == 0


class _Ranges(RangeHandler):
    """Handler that redirects what is below ``/away``."""

    def do_GET(self) -> None:  # noqa: N802 - as the server calls it
        if not self.path.startswith("/away"):
            super().do_GET()
            return
        self.send_response(302)
        self.send_header("Location", self.path.replace("/away", "/sky"))
        self.end_headers()


class _Tagged(RangeHandler):
    """Handler that sends an ETag with each file."""

    etag = ""

    def end_headers(self) -> None:
        self.send_header("ETag", self.etag)
        super().end_headers()


@pytest.mark.parametrize(
    ("before", "after", "is_other"),
    [('"a"', '"a"', False), ('"a"', '"b"', True), ('W/"a"', 'W/"a"', True), ('W/"a"', '"a"', True)],
)
def test_a_strong_etag_tells_versions_apart_and_else_the_time_of_change_as_well(
    tmp_path: Path, before: str, after: str, is_other: bool
):
    class Tagged(_Tagged):
        etag = before

    file = tmp_path / "sky.parquet"
    file.write_bytes(b"content")
    with folder_over_http(tmp_path, Tagged) as url:
        folder = CatalogueFolder(url)
        first = folder.version(file.name)
        assert folder.version(file.name) == first
        os.utime(file, (1_000_000_000, 1_000_000_000))
        Tagged.etag = after
        assert (folder.version(file.name) != first) is is_other


class _NoRanges(_Ranges):
    ranges = False


@pytest.fixture
def web(catalogue: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    with folder_over_http(catalogue.parent, request.param) as url:
        yield url


def _over_http(web: str, tmp_path: Path, empty_sqlite: EmptySQLite, name: str = "sky") -> list[int]:
    url = empty_sqlite.database(tmp_path / "photoz.sqlite")
    made = Services(Settings(data=tmp_path, database_url=url, catalogue_places=(web,), query_workers=1))
    try:
        made.tap.catalogues.add(_ADMIN, "web", f"{web}/{name}", _VALUES)
        return _ids(made, "SELECT id FROM hats.web WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(0, -90, 5))")
    finally:
        made.close()


@pytest.mark.parametrize("web", [_Ranges], indirect=True)
def test_a_catalogue_behind_http_is_read_by_ranges(
    web: str, tmp_path: Path, empty_sqlite: EmptySQLite, frame: pd.DataFrame
):
    assert _over_http(web, tmp_path, empty_sqlite) == sorted(frame.id[frame.dec < -85])


@pytest.mark.parametrize("web", [_NoRanges], indirect=True)
def test_a_server_without_ranges_is_refused(web: str, tmp_path: Path, empty_sqlite: EmptySQLite):
    with pytest.raises(UnreadableFileError, match="ranges of bytes"):
        _over_http(web, tmp_path, empty_sqlite)


@pytest.mark.parametrize("web", [_Ranges], indirect=True)
def test_redirects_are_not_followed(web: str, tmp_path: Path, empty_sqlite: EmptySQLite):
    with pytest.raises(PhotozError):
        _over_http(web, tmp_path, empty_sqlite, "away")


@pytest.mark.parametrize("web", [_Ranges], indirect=True)
@pytest.mark.parametrize(
    "path", ["../sky/dataset/Norder=0.parquet", "/etc/x.parquet", "http://other/x.parquet", "a?b.parquet"]
)
def test_metadata_do_not_lead_out_of_the_catalogue(
    web: str, catalogue: Path, tmp_path: Path, empty_sqlite: EmptySQLite, path: str
):
    bad = catalogue.parent / "bad/dataset"
    bad.mkdir(parents=True, exist_ok=True)
    footer = pq.read_metadata(next(catalogue.rglob("Npix*")))
    footer.set_file_path(path)
    footer.write_metadata_file(str(bad / "_metadata"))
    with pytest.raises(UnreadableFileError, match="names the file"):
        _over_http(web, tmp_path, empty_sqlite, "bad")
