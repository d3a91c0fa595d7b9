"""Queries of survey catalogues in place: their rows, the partitions that they open, and their limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord, search_around_sky
from hypothesis import given, settings
from hypothesis import strategies as st

from core.auth.models import ANONYMOUS, Identity, Scope
from core.cancellation import Cancellation
from core.errors import InvalidValueError, UnreadableFileError
from core.settings import Settings
from core.web.dali import DaliParameters
from products.models import Visibility
from server.services import Services
from tap.engine import Admission, EngineQuery
from tap.metadata.survey_catalogues.models import CatalogueValues
from tap.metadata.survey_catalogues.partitions import open_partitions
from tap.query_cost import QueryCost
from tests.support.databases import EmptySQLite
from tests.support.hats import healpix_of, write_hats

_ADMIN = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)
#: Rows of a small catalogue: at the edge of right ascension, and at the pole.
_FEW = slice(1495, 2230, 20)
_MOST_BYTES = 12_000_000


@dataclass
class Site:
    """The services of a server with a catalogue, and the last query that its engine was given."""

    services: Services
    frame: pd.DataFrame
    partitions: list[tuple[int, int]]
    last: EngineQuery | None = None

    def rows(self, query: str) -> list[dict[str, object]]:
        parameters = DaliParameters([("LANG", "ADQL"), ("QUERY", query)], {})
        opened = self.services.tap.service.open(parameters, ANONYMOUS, seconds=60)
        with opened.stream as stream:
            names = [column.name for column in opened.description.columns]
            return [dict(zip(names, row.values(), strict=True)) for batch in stream for row in batch.to_pylist()]

    def cost(self, query: str) -> QueryCost:
        opened = self.services.tap.service.open(
            DaliParameters([("LANG", "ADQL"), ("QUERY", query)], {}), ANONYMOUS, seconds=60
        )
        opened.stream.close()
        return opened.cost

    def ids(self, query: str) -> list[int]:
        return sorted(int(str(row["id"])) for row in self.rows(query))

    @property
    def opened(self) -> int:
        """Number of the files that the last query was given."""
        assert self.last is not None
        return sum(len(table.files) for table in self.last.tables)

    def near(self, ra: float, dec: float, radius: float) -> list[int]:
        places = SkyCoord(self.frame.ra, self.frame.dec, unit="deg")
        return sorted(self.frame.id[places.separation(SkyCoord(ra, dec, unit="deg")) <= radius * u.deg])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: EmptySQLite) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("surveys")
    frame = _frame()
    partitions = write_hats(frame, folder / "sky", most_rows=100)
    write_hats(frame, folder / "bare", most_rows=100, metadata=False, index=False)
    write_hats(frame[frame.dec < 0], folder / "south", most_rows=400)
    write_hats(frame, folder / "large", most_rows=2)
    write_hats(frame[_FEW], folder / "few", most_rows=50)
    _write_indexed(frame, folder / "indexed")
    chosen = Settings(
        data=folder / "data",
        database_url=empty_sqlite.database(folder / "photoz.sqlite"),
        catalogue_places=(str(folder),),
        catalogue_query_bytes=_MOST_BYTES,
        query_workers=1,
    )
    yield from _running(chosen, frame, partitions, ("sky", "bare", "south", "large", "few", "indexed"))


def _running(
    chosen: Settings, frame: pd.DataFrame, partitions: list[tuple[int, int]], names: Sequence[str]
) -> Iterator[Site]:
    services = Services(chosen)
    made = Site(services, frame, partitions)
    try:
        for name in names:
            values = CatalogueValues(visibility=Visibility.PUBLIC)
            services.tap.catalogues.add(_ADMIN, name, f"{chosen.catalogue_places[0]}/{name}", values)
        admit = services.tap.engine.admit

        def seen(query: EngineQuery, cancellation: Cancellation | None = None) -> Admission:
            made.last = query
            return admit(query, cancellation)

        services.tap.engine.admit = seen  # type: ignore[method-assign, assignment]  # it passes all on
        yield made
    finally:
        services.close()


def _write_indexed(frame: pd.DataFrame, folder: Path) -> None:
    """Write a collection with an index of the identifiers."""
    partitions = write_hats(frame, folder / "objects", most_rows=100)
    cells = healpix_of(frame.ra.to_numpy(), frame.dec.to_numpy())
    found = {name: np.zeros(len(frame), np.int64) for name in ("Norder", "Dir", "Npix")}
    for order, pixel in partitions:
        inside = cells >> 2 * (29 - order) == pixel
        found["Norder"][inside], found["Npix"][inside] = order, pixel
    rows = pa.table({"id": frame.id, **found})
    footers: list[pq.FileMetaData] = []
    (folder / "by_id/dataset/index").mkdir(parents=True)
    pq.write_table(rows, folder / "by_id/dataset/index/part0.parquet", metadata_collector=footers, row_group_size=500)
    footers[0].set_file_path("index/part0.parquet")
    pq.write_metadata(rows.schema, folder / "by_id/dataset/_metadata", metadata_collector=footers)
    lines = ["obs_collection=indexed", "hats_primary_table_url=objects", "all_indexes=id by_id", "default_index=id"]
    (folder / "collection.properties").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("condition", "ids", "most"),
    [
        ("id = 1700", [1700], 1),
        ("3 = id OR 1 = 0", [3], None),
        ("id IN (5, 1999, 123456)", [5, 1999], 2),
        ("id = -1", [], 0),
        ("id = 1700 AND DISTANCE(ra, dec, 0, -80) < 1", [], 0),
        ("id + 1 = 1701", [1700], None),
        ("NOT id <> 7", [7], None),
    ],
)
def test_an_index_finds_the_partitions_of_identifiers(site: Site, condition: str, ids: list[int], most: int | None):
    assert site.ids(f"SELECT id FROM hats.indexed WHERE {condition}") == ids
    assert site.opened <= most if most is not None else site.opened == len(site.partitions)


def _frame() -> pd.DataFrame:
    random = np.random.default_rng(7)
    whole = 1500
    ra = np.concatenate([random.uniform(0, 360, whole), random.normal(0, 0.7, 700) % 360, random.uniform(0, 360, 300)])
    dec = np.concatenate(
        [
            np.degrees(np.arcsin(random.uniform(-1, 1, whole))),
            random.normal(0, 0.7, 700),
            90 - np.abs(random.normal(0, 1.0, 300)),
        ]
    )
    mag = np.where(random.random(len(ra)) < 0.1, np.nan, random.normal(22, 1, len(ra)))
    return pd.DataFrame({"id": np.arange(len(ra)), "ra": ra, "dec": dec, "mag": mag})


def test_rows_are_those_of_the_files_with_missing_values(site: Site):
    found = site.rows("SELECT COUNT(*) AS n, COUNT(mag) AS known, MAX(id) AS highest FROM hats.sky")
    assert found == [{"n": len(site.frame), "known": int(site.frame.mag.notna().sum()), "highest": len(site.frame) - 1}]


_PLACES = [(0, 0, 0.5), (359.9, -0.3, 0.4), (77, 90, 0.8), (12, -90, 4), (45, 41.81, 3), (180, 0, 6), (0, 90, 89)]


@pytest.mark.parametrize("table", ["hats.sky", "hats.bare"])
@pytest.mark.parametrize(("ra", "dec", "radius"), _PLACES)
def test_a_cone_has_the_rows_of_an_independent_computation(
    site: Site, table: str, ra: float, dec: float, radius: float
):
    condition = f"1 = CONTAINS(POINT(ra, dec), CIRCLE({ra}, {dec}, {radius}))"
    assert site.ids(f"SELECT id FROM {table} WHERE {condition}") == site.near(ra, dec, radius)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    st.floats(0, 360, exclude_max=True),
    st.one_of(st.floats(-90, 90), st.sampled_from([90.0, -90.0, 41.8103148957786, 0.0])),
    st.floats(0.05, 30),
    st.sampled_from(["hats.sky", "hats.bare"]),
)
def test_random_cones_and_their_complements_share_the_rows(
    site: Site, ra: float, dec: float, radius: float, table: str
):
    inside = site.near(ra, dec, radius)
    cone = f"CONTAINS(POINT(ra, dec), CIRCLE({ra!r}, {dec!r}, {radius!r}))"
    assert site.ids(f"SELECT id FROM {table} WHERE 1 = {cone}") == inside
    outside = site.rows(f"SELECT COUNT(*) AS n FROM {table} WHERE 0 = {cone}")
    assert outside == [{"n": len(site.frame) - len(inside)}]


def _touched(site: Site, ra: float, dec: float, radius: float) -> int:
    """Give the number of partitions that a circle meets, by the distances of densely drawn positions in it."""
    random = np.random.default_rng(1)
    center = SkyCoord(ra, dec, unit="deg")
    inside = center.directional_offset_by(
        random.uniform(0, 360, 20_000) * u.deg, radius * np.sqrt(random.random(20_000)) * u.deg
    )
    cells = healpix_of(inside.ra.deg, inside.dec.deg)
    return sum(bool(np.any(cells >> 2 * (29 - order) == pixel)) for order, pixel in site.partitions)


@pytest.mark.parametrize(("ra", "dec", "radius"), _PLACES[:5])
def test_a_cone_opens_few_more_partitions_than_it_meets(site: Site, ra: float, dec: float, radius: float):
    site.ids(f"SELECT id FROM hats.bare WHERE DISTANCE(ra, dec, {ra}, {dec}) < {radius}")
    met = _touched(site, ra, dec, radius)
    assert met <= site.opened <= met + 4 < len(site.partitions)
    site.ids(f"SELECT id FROM hats.sky WHERE DISTANCE(ra, dec, {ra}, {dec}) < {radius}")
    assert site.opened <= met + 4


@pytest.mark.parametrize(
    "condition",
    [
        "1 = CONTAINS(POINT(ra, dec), POLYGON(1, 1, 359, 1, 359, -1, 1, -1))",
        "1 = CONTAINS(POINT(ra, dec), MOC('5/4350-4360'))",
        "DISTANCE(ra, dec, 0, 0) < 0.5 OR DISTANCE(ra, dec, 100, 89.5) < 0.2",
        "(DISTANCE(ra, dec, 0, 0) < 0.5 OR DISTANCE(ra, dec, 100, 89.5) < 0.2) AND mag < 22",
        "DISTANCE(ra, dec, 0, 0) < 0.5 AND DISTANCE(ra, dec, 0.6, 0) < 0.5",
    ],
)
def test_regions_prune_and_have_the_rows_of_a_whole_scan(site: Site, condition: str):
    whole = site.ids(f"SELECT id FROM (SELECT id, ra, dec, mag FROM hats.sky) AS q WHERE {condition}")
    assert site.opened == len(site.partitions)
    assert site.ids(f"SELECT id FROM hats.sky WHERE {condition}") == whole
    assert 0 < site.opened < len(site.partitions) / 2
    assert site.ids(f"SELECT id FROM hats.bare WHERE {condition}") == whole
    assert site.opened < len(site.partitions) / 2


def test_a_region_without_partitions_has_no_rows(site: Site):
    assert site.rows("SELECT * FROM hats.south WHERE DISTANCE(ra, dec, 10, 80) < 1") == []
    assert site.opened == 0
    found = site.rows("SELECT COUNT(*) AS n, MAX(mag) AS m FROM hats.south WHERE DISTANCE(ra, dec, 10, 80) < 1")
    assert found == [{"n": 0, "m": None}]


@pytest.mark.parametrize(
    ("join", "is_whole"), [("JOIN", False), ("LEFT JOIN", True), ("RIGHT JOIN", False), ("FULL JOIN", True)]
)
def test_a_condition_of_an_outer_join_does_not_restrict_what_the_join_keeps(site: Site, join: str, is_whole: bool):
    query = (
        f"SELECT COUNT(a.id) AS n, COUNT(b.id) AS m FROM hats.sky AS a {join} hats.bare AS b "
        "ON a.id = b.id AND DISTANCE(a.ra, a.dec, 0, 0) < 0.5"
    )
    inside, everything = len(site.near(0, 0, 0.5)), len(site.frame)
    of_left = everything if "LEFT" in join or "FULL" in join else inside
    of_right = everything if "RIGHT" in join or "FULL" in join else inside
    assert site.rows(query) == [{"n": of_left, "m": of_right}]
    assert site.last is not None
    opened = {table.name: len(table.files) for table in site.last.tables}
    assert opened["bare"] == len(site.partitions)
    assert (opened["sky"] == len(site.partitions)) is is_whole


def test_a_limit_reads_the_first_partitions_only(site: Site):
    found = site.rows("SELECT TOP 150 id FROM hats.sky")
    assert len(found) == len({row["id"] for row in found}) == 150
    assert site.opened < 12


def test_a_query_that_reads_too_much_is_refused_with_the_number(site: Site):
    with pytest.raises(InvalidValueError, match=r"would read \d+(\.\d+)? (MB|kB|bytes) of hats.large in 1[0-9]{3} of"):
        site.rows("SELECT AVG(mag) FROM hats.large WHERE mag < 20")
    assert len(site.rows("SELECT id, mag FROM hats.large WHERE DISTANCE(ra, dec, 0, 0) < 0.1")) > 0


@pytest.mark.parametrize("table", ["hats.sky", "hats.bare"])
@pytest.mark.parametrize(
    "query",
    [
        "SELECT COUNT(*) AS n FROM hats.few AS f JOIN {t} AS s ON DISTANCE(f.ra, f.dec, s.ra, s.dec) < 0.05",
        """SELECT COUNT(*) AS n FROM {t} AS s, hats.few AS f
        WHERE 1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(f.ra, f.dec, 0.05))""",
        "SELECT COUNT(s.id) AS n FROM hats.few AS f LEFT JOIN {t} AS s ON DISTANCE(f.ra, f.dec, s.ra, s.dec) < 0.05",
    ],
)
def test_a_join_by_distance_opens_the_partitions_around_the_positions(site: Site, table: str, query: str):
    few = site.frame[_FEW]
    one, _, _, _ = search_around_sky(
        SkyCoord(few.ra, few.dec, unit="deg"), SkyCoord(site.frame.ra, site.frame.dec, unit="deg"), 0.05 * u.deg
    )
    assert site.rows(query.format(t=table)) == [{"n": len(one)}]
    assert len(one) > len(few)
    assert site.last is not None
    opened = {each.name: len(each.files) for each in site.last.tables}
    assert 0 < opened[table.removeprefix("hats.")] < len(site.partitions) / 3


def test_a_join_that_keeps_all_rows_of_a_catalogue_opens_all_its_partitions(site: Site):
    near = "DISTANCE(f.ra, f.dec, s.ra, s.dec) < 0.05"
    query = f"SELECT COUNT(s.id) AS n FROM hats.sky AS s LEFT JOIN hats.few AS f ON {near}"
    assert int(str(site.rows(query)[0]["n"])) >= len(site.frame)
    assert site.last is not None
    assert {each.name: len(each.files) for each in site.last.tables}["sky"] == len(site.partitions)


def test_a_missing_list_of_partitions_is_said(site: Site):
    found = site.services.tap.catalogues.find(_ADMIN, "south")
    site.services.tap.catalogues.listing_file(found).unlink()
    open_partitions.cache_clear()
    with pytest.raises(UnreadableFileError, match="photoz catalogue refresh south"):
        site.rows("SELECT COUNT(*) AS n FROM hats.south")
    site.services.tap.catalogues.refresh(_ADMIN, "south")
    assert site.rows("SELECT COUNT(*) AS n FROM hats.south") == [{"n": int((site.frame.dec < 0).sum())}]


def test_each_reading_of_a_catalogue_counts_once_in_the_estimate(site: Site):
    once = site.cost("SELECT id FROM hats.sky")
    twice = site.cost("SELECT a.id FROM hats.sky AS a JOIN hats.sky AS b ON a.id = b.id")
    assert once.rows == len(site.frame)
    assert (twice.rows, twice.bytes) == (2 * once.rows, 2 * once.bytes)
    cone = "SELECT id FROM hats.sky WHERE DISTANCE(ra, dec, 150, 2) < 0.5"
    both = site.cost(f"{cone} UNION ALL SELECT id FROM hats.sky")
    assert both.rows == site.cost(cone).rows + once.rows


def test_partitions_that_are_replaced_at_their_place_are_read_anew(tmp_path: Path, empty_sqlite: EmptySQLite):
    frame, folder = _frame(), tmp_path / "place/sky"
    write_hats(frame, folder, most_rows=400)
    chosen = Settings(
        data=tmp_path,
        database_url=empty_sqlite.database(tmp_path / "photoz.sqlite"),
        catalogue_places=(str(tmp_path / "place"),),
        query_workers=1,
    )
    query = "SELECT id FROM hats.sky WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(0, 90, 20))"
    for site in _running(chosen, frame, [], ("sky",)):
        before = site.ids(query)
        assert before == site.near(0, 90, 20)
        for number in (1, 2):  # the second time by files of the same size
            for path in folder.rglob("Npix*"):
                rows, new = pq.read_table(path), path.with_suffix(".new")
                position = rows.schema.get_field_index("id")
                rows = rows.set_column(position, "id", pc.add(rows["id"], 10_000_000))
                pq.write_table(rows, new, compression="none", use_dictionary=False)
                new.rename(path)
            assert site.ids(query) == [value + 10_000_000 * number for value in before]
