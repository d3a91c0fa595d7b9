"""Object catalogues in files: HATS folders, releases and Parquet, read only where redshifts are."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import InvalidValueError, UnreadableFileError
from core.sky.hats import properties_of
from core.sky.healpix import nested_indices
from pipelines.training import TrainingSetConfiguration, make_training_set, open_objects
from tests.pipelines.training.skies import objects_table, redshift_table

_ORDER = 2


@pytest.fixture
def objects() -> pa.Table:
    rng = np.random.default_rng(11)
    ra, dec = rng.uniform(0, 360, 5000), np.degrees(np.arcsin(rng.uniform(-1, 1, 5000)))
    cells = nested_indices(ra, dec)
    return objects_table(ra, dec, _healpix_29=cells, mag=rng.normal(24, 1, 5000)).sort_by("_healpix_29")


@pytest.fixture
def redshifts(objects: pa.Table) -> pa.Table:
    some = objects.slice(1000, 300)
    return redshift_table(some["ra"].to_numpy(), some["dec"].to_numpy() + 0.1 / 3600)


@pytest.fixture
def hats(tmp_path: Path, objects: pa.Table) -> Path:
    catalog = tmp_path / "release" / "mag" / "psf" / "sfd" / "catalog"
    pixels = objects["_healpix_29"].to_numpy() >> (2 * (29 - _ORDER))
    for pixel in np.unique(pixels):
        rows = np.flatnonzero(pixels == pixel)
        file = catalog / "dataset" / f"Norder={_ORDER}" / "Dir=0" / f"Npix={pixel}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        part = objects.take(pa.array(rows)).append_column("Npix", pa.array(np.full(len(rows), pixel)))
        pq.write_table(part, file, row_group_size=16)
    (catalog / "hats.properties").write_text(
        "#HATS catalog\nobs_collection=mock\ndataproduct_type=object\nhats_col_ra=ra\nhats_col_dec=dec\n"
        "hats_nrows=5000\nhats_creation_date=2024-11-14T18\\:47UTC\n"
    )
    return tmp_path / "release"


_PSF = TrainingSetConfiguration.model_validate({"param": {"flux_type": "psf", "random_seed": 3}})


def test_a_hats_release_gives_what_batches_give_and_reads_a_part(
    hats: Path, objects: pa.Table, redshifts: pa.Table
) -> None:
    from_memory = make_training_set(redshifts, objects, _PSF)
    from_hats = make_training_set(redshifts, hats, _PSF)
    assert from_hats.table.equals(from_memory.table)
    assert from_hats.report.rows == 300
    assert from_hats.report.objects_passed == 5000
    assert from_hats.report.objects_near < 400


def test_only_files_near_redshifts_are_read(hats: Path, redshifts: pa.Table) -> None:
    # The last cell is far from all redshifts: its file may be broken, since the catalogue declares its rows.
    far = max((hats / "mag/psf/sfd/catalog/dataset").rglob("*.parquet"), key=lambda p: int(p.stem.split("=")[1]))
    far.write_bytes(b"PAR1")
    report = make_training_set(redshifts, hats, _PSF).report
    assert (report.rows, report.objects_passed) == (300, 5000)


def test_rows_that_a_catalogue_does_not_declare_are_counted_in_its_files(hats: Path, redshifts: pa.Table) -> None:
    properties = hats / "mag/psf/sfd/catalog/hats.properties"
    properties.write_text(properties.read_text().replace("hats_nrows=5000\n", ""))
    assert make_training_set(redshifts, hats, _PSF).report.objects_passed == 5000


def test_plain_parquet_with_and_without_the_index_gives_the_same(
    tmp_path: Path, objects: pa.Table, redshifts: pa.Table
) -> None:
    pq.write_table(objects, tmp_path / "indexed.parquet", row_group_size=500)
    pq.write_table(objects.drop_columns(["_healpix_29"]), tmp_path / "plain.parquet", row_group_size=700)
    tables = [make_training_set(redshifts, tmp_path / f"{n}.parquet", _PSF).table for n in ("indexed", "plain")]
    assert tables[0].equals(tables[1])


def test_a_release_says_what_it_has(hats: Path, redshifts: pa.Table) -> None:
    with pytest.raises(InvalidValueError, match="no catalogue mag/cmodel/sfd; it has mag/psf/sfd"):
        make_training_set(redshifts, hats, TrainingSetConfiguration.model_validate({"param": {"flux_type": "cmodel"}}))


def test_a_collection_may_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "c" / "collection.properties").write_text("hats_primary_table_url=../secret\n")
    with pytest.raises(InvalidValueError, match="not a folder in it"):
        open_objects(tmp_path / "c")


def test_a_margin_is_no_object_catalogue(hats: Path) -> None:
    catalog = hats / "mag/psf/sfd/catalog"
    (catalog / "hats.properties").write_text("dataproduct_type=margin\n")
    with pytest.raises(InvalidValueError, match="type 'margin'"):
        open_objects(catalog)


def test_missing_folders_and_broken_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="no object catalogue 'nowhere'"):
        open_objects(tmp_path / "nowhere")
    with pytest.raises(InvalidValueError, match="no Parquet file"):
        open_objects(tmp_path)
    (tmp_path / "x.parquet").write_bytes(b"PAR1 but not really")
    with pytest.raises(UnreadableFileError, match=r"x\.parquet"):
        open_objects(tmp_path)


def test_properties_are_read_with_escapes_and_comments() -> None:
    text = "#HATS catalog\n! note=1\nhats_creation_date=2024-11-14T18\\:47UTC\nurl=a=b\n\n"
    assert properties_of(text) == {"hats_creation_date": "2024-11-14T18:47UTC", "url": "a=b"}
