"""Pipelines on a local Dask cluster: equal results, for any partitioning."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter

from core.errors import ServiceBusyError
from core.sky.healpix import nested_indices
from pipelines.combine import CombineConfiguration, FlagsTranslation, Spill, combine_redshifts
from pipelines.crossmatch.reach import reach_around
from pipelines.engines.engine import LocalEngine, engine_of
from pipelines.outputs import write_hats
from pipelines.outputs.stored_tables import StoredTable
from pipelines.training import make_training_set, parse_configuration

# Libraries of the cluster warn of one another's changes; the collector closes sockets of its workers.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("collected"),
    pytest.mark.skipif(find_spec("distributed") is None, reason="the extra 'dask' is not installed"),
]

_RULES = {
    "translation_rules": {"A": {"z_flag_translation": {"default": 3}, "instrument_type_translation": {"default": "s"}}}
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    import distributed

    # Workers in this process: others would take seconds to start.
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address


def _sky(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Make positions with companions: at the north pole, across RA 0, and where four base cells meet."""
    random = np.random.default_rng(seed)
    third = rows // 3
    ra = np.concatenate(
        [random.uniform(0, 360, third), random.normal(0, 0.002, third), random.normal(45, 0.002, third)]
    )
    dec = np.concatenate([90 - random.uniform(0, 2e-3, third), random.normal(0, 0.002, 2 * third)])
    near = random.normal(0, 0.4 / 3600, (2, len(ra)))
    return np.concatenate([ra, ra + near[0]]) % 360, np.clip(np.concatenate([dec, dec + near[1]]), -90, 90)


@pytest.mark.parametrize("rows", [200, 10_000])
def test_catalogues_are_combined_to_the_same_table(cluster: str, tmp_path: Path, rows: int):
    ra, dec = _sky(1500, 2)
    ra[7] = np.nan
    z = np.random.default_rng(3).choice([0.1, 0.1004, 0.3, np.nan], len(ra))
    names = ("1_a", "2_b")
    tables = {
        name: pa.table({"ra": ra[part::2], "dec": dec[part::2], "z": z[part::2], "survey": ["A"] * len(ra[part::2])})
        for part, name in enumerate(names)
    }
    columns = {"ra": "ra", "dec": "dec", "z": "z", "survey": "survey"}
    configuration = CombineConfiguration.model_validate(
        {
            "inputs": {"specz": [{"internal_name": name, "columns": columns} for name in names]},
            "param": {"combine_type": "concatenate_and_mark_duplicates"},
        }
    )
    rules = TypeAdapter(FlagsTranslation).validate_python(_RULES)
    expected = combine_redshifts(tables, configuration, rules=rules)
    with engine_of(cluster) as engine:
        spill = Spill(tmp_path, rows_in_memory=0, runner=engine, rows_in_partition=rows)
        made = combine_redshifts(tables, configuration, rules=rules, spill=spill)
    assert expected.report.pairs > 500
    assert isinstance(made.table, StoredTable)
    assert made.table.read().equals(expected.table)
    assert made.report == expected.report


def _write_product(objects: pa.Table, path: Path) -> None:
    """Write the rows of a product as inspection does, in several row groups."""
    cells = nested_indices(objects["ra"].to_numpy(), objects["dec"].to_numpy())
    table = objects.append_column("_healpix_29", pa.array(cells)).sort_by("_healpix_29")
    pq.write_table(table, path, row_group_size=300)


@pytest.mark.parametrize(("neighbours", "form"), [(1, "hats"), (3, "hats"), (3, "product")])
def test_a_training_set_is_the_same(cluster: str, tmp_path: Path, neighbours: int, form: str):
    ra, dec = _sky(1200, 4)
    number = np.arange(len(ra))
    objects = pa.table({"id": number, "ra": ra, "dec": dec, "mag_i": (number % 70) / 10, "band": ["i"] * len(ra)})
    if form == "hats":
        write_hats(objects, tmp_path / "objects", ("ra", "dec"), rows_in_file=300)
    else:
        _write_product(objects, tmp_path / "objects")
    shifted = np.clip(dec[::5] + 0.3 / 3600, -90, 90)
    redshifts = pa.table({"ra": ra[::5], "dec": shifted, "z": number[::5] / 1000, "survey": ["A"] * len(shifted)})
    text = f"param: {{crossmatch: {{radius_arcsec: 1.0, n_neighbors: {neighbours}}}, random_seed: 5}}"
    settings = parse_configuration(text.encode())
    expected = make_training_set(redshifts, tmp_path / "objects", settings)
    with engine_of(cluster) as engine:
        made = make_training_set(redshifts, tmp_path / "objects", settings, opener=engine.objects)
    assert expected.table.num_rows > 300
    assert made.table.equals(expected.table)
    assert made.report == expected.report
    assert made.table.schema.equals(expected.table.schema, check_metadata=True)


def test_rows_of_a_product_that_are_not_in_reach_are_not_read(cluster: str, tmp_path: Path):
    ra, dec = _sky(900, 6)
    _write_product(pa.table({"ra": ra, "dec": dec}), tmp_path / "objects")
    with engine_of(cluster) as engine, engine_of(None) as local:
        assert isinstance(local, LocalEngine)
        pole = reach_around(nested_indices(np.array([0.0]), np.array([90.0])), 60)
        found = [list(one.objects(tmp_path / "objects").near(pole, ("ra", "dec"), ["ra"])) for one in (engine, local)]
    assert found[0] == found[1]
    assert sum(each.passed for each in found[0]) == 1800
    assert [each.batch is None for each in found[0]].count(True) >= 3


def test_a_scheduler_that_is_away_is_told():
    from pipelines.engines.dask_cluster import DaskEngine

    with pytest.raises(ServiceBusyError, match=r"tcp://127\.0\.0\.1:9 does not respond"):
        DaskEngine("tcp://127.0.0.1:9", seconds=1)
