"""HATS catalogues in archives: one table of all partitions, as LSDB and the pipelines of this server write them."""

import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import PhotozError
from core.sky.healpix import nested_indices
from pipelines.outputs.hats import write_hats
from products.readers import ReadLimits, open_table
from tests.products.readers.samples import read


def catalogue(folder: Path, rows: int = 2000) -> pa.Table:
    """Write a catalogue of many partitions, and return its rows in the order of the sky."""
    rng = np.random.default_rng(7)
    ra, dec = rng.uniform(0, 360, rows), np.degrees(np.arcsin(rng.uniform(-1, 1, rows)))
    table = pa.table({"id": np.arange(rows), "ra": ra, "dec": dec, "pz": [[0.5, float(n)] for n in range(rows)]})
    collection = folder.parents[1] / f"collection of {folder.name}"
    write_hats(table, collection, ("ra", "dec"), rows_in_file=100)
    folder.parent.mkdir(parents=True, exist_ok=True)
    (collection / "catalog").rename(folder)
    shutil.rmtree(collection)
    return table.take(pa.array(np.argsort(nested_indices(ra, dec), kind="stable")))


def packed(folder: Path, kind: str) -> Path:
    path = folder.parent / f"cat.{kind}"
    files = sorted(folder.parent.rglob("*"), reverse=True)
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, file.relative_to(folder.parent))
    else:
        with tarfile.open(path, "w:gz") as archive:
            for file in files:
                archive.add(file, file.relative_to(folder.parent), recursive=False)
    return path


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_catalogue_is_one_table_in_the_order_of_the_sky(kind: str, tmp_path: Path) -> None:
    expected = catalogue(tmp_path / "in" / "mini")
    number = len(list((tmp_path / "in").rglob("Npix=*.parquet")))
    path = packed(tmp_path / "in" / "mini", kind)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with open_table(path, path.name, scratch=scratch, limits=ReadLimits(max_members=10)) as reader:
        assert (reader.format, reader.rows) == ("Parquet", 2000)
        assert reader.notes == (f"{path.name} holds a HATS catalogue of {number} partitions.",)
        assert reader.details == {"layout": "HATS", "partitions": number}
        found = pa.Table.from_batches(reader.batches(expected.column_names, size=50))
    assert number > 20
    assert found.to_pydict() == expected.to_pydict()
    assert not list(scratch.iterdir())


def test_collection_of_a_pipeline_is_its_catalogue_without_the_margin(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    table = pa.table({"id": np.arange(2000), "ra": rng.uniform(10, 12, 2000), "dec": rng.uniform(-1, 1, 2000)})
    write_hats(table, tmp_path / "in" / "own", ("ra", "dec"), rows_in_file=100)
    assert list((tmp_path / "in").rglob("margin*/**/Npix=*.parquet"))
    path = packed(tmp_path / "in" / "own", "zip")
    with open_table(path, path.name, limits=ReadLimits(max_members=10)) as reader:
        found = pa.Table.from_batches(reader.batches(["id"]))
    assert sorted(found["id"].to_pylist()) == list(range(2000))


def test_collection_is_its_primary_catalogue(tmp_path: Path) -> None:
    expected = catalogue(tmp_path / "in" / "all" / "objects", 300)
    catalogue(tmp_path / "in" / "all" / "objects_10arcs", 500)
    path = packed(tmp_path / "in" / "all", "zip")
    with pytest.raises(PhotozError, match="more than one HATS catalogue"):
        open_table(path, path.name)
    (tmp_path / "in" / "all" / "collection.properties").write_text(
        "#HATS Collection\nobs_collection=all\nhats_primary_table_url=objects\nall_margins=objects_10arcs\n"
    )
    path = packed(tmp_path / "in" / "all", "zip")
    assert read(path).select(["id"]).to_pydict() == expected.select(["id"]).to_pydict()


def test_margin_of_a_catalogue_is_not_read(tmp_path: Path) -> None:
    expected = catalogue(tmp_path / "in" / "objects", 300)
    catalogue(tmp_path / "in" / "margin", 100)
    for name in ("properties", "hats.properties"):
        file = tmp_path / "in" / "margin" / name
        file.write_text(file.read_text().replace("dataproduct_type=object", "dataproduct_type=margin"))
    assert read(packed(tmp_path / "in" / "objects", "zip")).num_rows == expected.num_rows


def test_partitions_whose_columns_differ_are_refused(tmp_path: Path) -> None:
    catalogue(tmp_path / "in" / "mini")
    last = max((tmp_path / "in").rglob("Npix=*.parquet"))
    pq.write_table(pq.read_table(last, partitioning=None).drop_columns(["pz"]), last)
    path = packed(tmp_path / "in" / "mini", "zip")
    with pytest.raises(PhotozError, match=r"A partition of cat.zip has no column pz"):
        read(path)


def test_catalogue_that_would_grow_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    catalogue(tmp_path / "in" / "mini")
    path = packed(tmp_path / "in" / "mini", "zip")
    with pytest.raises(PhotozError, match=r"cat.zip unpacks to more than 0 MB"):
        open_table(path, path.name, limits=ReadLimits(max_unpacked_bytes=20_000))
