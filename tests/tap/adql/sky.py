"""A small catalogue in a real DuckDB, with many points at the poles and where right ascension wraps."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from astropy import units as u
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix

from core.columns import HEALPIX_COLUMN, Column
from tap.adql import Catalog, CatalogTable, Translation, translate
from tap.engine.duckdb.functions import register_kernels

__all__ = ["FEW", "OBJECTS", "SPECTRA", "Sky", "catalog", "make_sky", "positions", "sky_rows"]

OBJECTS = CatalogTable(
    "cat.objects",
    (
        Column("id", "long", ucd="meta.id;meta.main", description="Number of the object"),
        Column("ra", "double", unit="deg", ucd="pos.eq.ra;meta.main", description="Right ascension"),
        Column("dec", "double", unit="deg", ucd="pos.eq.dec;meta.main"),
        Column("mag_i", "float", unit="mag", ucd="phot.mag;em.opt.I"),
        Column("z", "double", ucd="src.redshift", utype="src:z"),
        Column("Name", "unicodeChar", "*", ucd="meta.id"),
        Column("size", "int", unit="arcsec"),
        Column("flag", "boolean"),
    ),
    ("ra", "dec"),
    sorted_by_healpix=True,
    engine_schema="products",
    engine_table="table_1",
)
SPECTRA = CatalogTable(
    "cat.spectra",
    (
        Column("id", "long", ucd="meta.id"),
        Column("ra", "double", unit="deg"),
        Column("dec", "double", unit="deg"),
        Column("z_spec", "double", ucd="src.redshift"),
        Column("survey", "unicodeChar", "*"),
    ),
    ("ra", "dec"),
    sorted_by_healpix=False,
    engine_schema="products",
    engine_table="table_2",
)
FEW = CatalogTable(
    'cat."Few Rows"',
    (
        Column("a", "int", unit="m"),
        Column("b", "int"),
        Column("t", "char", "*"),
        Column("p", "double", "2", xtype="point"),
    ),
    None,
    sorted_by_healpix=False,
    engine_schema="products",
    engine_table="table_3",
)


@dataclass(frozen=True)
class Sky:
    """The connection and the positions in it, of objects and of spectra."""

    connection: duckdb.DuckDBPyConnection
    objects: np.ndarray
    spectra: np.ndarray

    def translate(self, query: str, row_limit: int | None = None) -> Translation:
        return translate(query, catalog(), row_limit=row_limit)

    def rows(self, query: str, row_limit: int | None = None) -> list[tuple]:
        return self.connection.sql(self.translate(query, row_limit).sql).fetchall()

    def ids(self, condition: str) -> set[int]:
        return {row[0] for row in self.rows(f"SELECT id FROM cat.objects WHERE {condition}")}


def catalog() -> Catalog:
    return Catalog([OBJECTS, SPECTRA, FEW])


def positions(count: int, seed: int) -> np.ndarray:
    """Positions in degrees: a third uniform, the rest around the poles and around the origin."""
    rng = np.random.default_rng(seed)
    part = count // 4
    lon = rng.uniform(0, 360, count)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    lat[:part] = 90 - np.abs(rng.normal(0, 0.5, part))
    lat[part : 2 * part] = -90 + np.abs(rng.normal(0, 0.5, part))
    lon[2 * part : 3 * part] = rng.normal(0, 0.5, part) % 360
    lat[2 * part : 3 * part] = rng.normal(0, 0.5, part)
    return np.column_stack([lon, lat])


def make_sky(count: int = 4000) -> Sky:
    connection = duckdb.connect()
    connection.execute(
        "SET integer_division=true; SET ieee_floating_point_ops=false; SET error_on_division_by_zero=false"
    )
    connection.execute("SET threads=1; SET TimeZone='UTC'")
    register_kernels(connection)
    connection.execute("CREATE SCHEMA products")
    objects, spectra = _positions_of(count)
    cells = _cells(objects)
    for table, columns in sky_rows(count).items():
        hidden = {HEALPIX_COLUMN: pa.array([*cells.tolist(), None])} if table is OBJECTS else {}
        _table(connection, table.engine_table, columns | hidden)
    return Sky(connection, objects, spectra)


def sky_rows(count: int = 4000) -> dict[CatalogTable, dict[str, pa.Array]]:
    """Give the columns of each table; the last object has no position."""
    objects, spectra = _positions_of(count)
    ids = np.arange(count)
    return {
        OBJECTS: {
            "id": pa.array(np.append(ids, count)),
            "ra": pa.array([*objects[:, 0].tolist(), None]),
            "dec": pa.array([*objects[:, 1].tolist(), None]),
            "mag_i": pa.array(np.append(20 + ids % 7, 0).astype("f4")),
            "z": pa.array(np.append(ids / count, 9.0)),
            "Name": pa.array([f"Obj {i:05d}" for i in [*ids, count]]),
            "size": pa.array(np.append(ids % 5, 0).astype("i4")),
            "flag": pa.array([bool(i % 2) for i in [*ids, count]]),
        },
        SPECTRA: {
            "id": pa.array(np.arange(len(spectra))),
            "ra": pa.array(spectra[:, 0]),
            "dec": pa.array(spectra[:, 1]),
            "z_spec": pa.array(np.arange(len(spectra)) / 100),
            "survey": pa.array([("VVDS", "DEEP2")[i % 2] for i in range(len(spectra))]),
        },
        FEW: {
            "a": pa.array([1, 2, 3, None], pa.int32()),
            "b": pa.array([10, 20, 20, 40], pa.int32()),
            "t": pa.array(["one#uno", "Two#dos", "three 3", None]),
            "p": pa.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], None], pa.list_(pa.float64(), 2)),
        },
    }


def _positions_of(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the positions of objects, by their cells, and of spectra."""
    rng = np.random.default_rng(5)
    objects = positions(count, 1)
    # Half of the spectra lie within two arcseconds of an object, so that cross-matches find something.
    spectra = positions(count // 2, 2)
    near = rng.choice(count, count // 4, replace=False)
    spectra[: count // 4] = objects[near] + rng.normal(0, 1 / 3600, (count // 4, 2))
    spectra[:, 0] %= 360
    spectra[:, 1] = np.clip(spectra[:, 1], -90, 90)
    return objects[np.argsort(_cells(objects))], spectra


def _cells(places: np.ndarray) -> np.ndarray:
    lon, lat = Longitude(places[:, 0] * u.deg), Latitude(places[:, 1] * u.deg)
    return lonlat_to_healpix(lon, lat, 29).astype(np.int64)


def _table(connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, pa.Array]) -> None:
    connection.register("incoming", pa.table(columns))
    connection.execute(f"CREATE TABLE products.{name} AS SELECT * FROM incoming")
    connection.unregister("incoming")
