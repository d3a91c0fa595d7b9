"""Benchmark of queries on HATS catalogues in place beside the same rows as a product.

Claims: a pruned cone takes at most twice the time that it takes on the rows of a product; it takes less than 1.2 times
as long with ten times as many partitions; 100,000 partitions are registered within a minute.

The rows are stored as those of products are, and cut into cells of HEALPix of one order. Times are from the name of the
table to the last batch of the engine, with its processes warm. Each round asks for a region far from those before,
whose files no instance of the engine has opened; that of the product always is. On a busy machine the CPU time of this
process and of the engine's says more than the time that passes: growth and the ratio to the product are of CPU time.

Run: python -m benchmarks.hats_catalogues [--rows 4000000] [--rounds 15] [--orders 2 3 5] [--register 100000]
"""

import argparse
import itertools
import os
import statistics
import tempfile
import time
from contextlib import nullcontext, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.identifier_lookup import COLUMNS, TABLE, write
from core.auth.models import ANONYMOUS, Identity, Scope
from core.columns import HEALPIX_COLUMN
from core.database import Base, Database
from core.files.kept import KeptFolder
from core.sky.hats import partition_name
from products.models import Visibility
from products.rows.stored_columns import column_names
from tap.adql import Catalog, translate
from tap.engine import DuckDBEngine, EngineQuery, EngineTable
from tap.metadata.survey_catalogues.copies import PartitionCopies
from tap.metadata.survey_catalogues.models import CatalogueValues
from tap.metadata.survey_catalogues.places import CataloguePlaces
from tap.metadata.survey_catalogues.plans import CataloguePlans
from tap.metadata.survey_catalogues.service import SurveyCatalogues
from tap.metadata.survey_catalogues.tables import SurveyTables
from tap.models import TapTable

LIMIT, GROWTH, REGISTER_SECONDS = 2.0, 1.2, 60.0
ADMIN = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)
VALUES = CatalogueValues(visibility=Visibility.PUBLIC)
QUERIES = {
    "cone of 0.1 deg": "SELECT * FROM {t} WHERE DISTANCE(ra, dec, {ra}, {dec}) < 0.1",
    "cone of 1 deg": "SELECT object_id, mag_i FROM {t} WHERE DISTANCE(ra, dec, {ra}, {dec}) < 1",
    "two cones": "SELECT * FROM {t} WHERE DISTANCE(ra, dec, {ra}, {dec}) < 0.1 OR DISTANCE(ra, dec, 300, {dec}) < 0.1",
    "first rows": "SELECT TOP 100 * FROM {t}",
    "filtered count": "SELECT COUNT(*) FROM {t} WHERE mag_i < 22",
}


def properties(rows: int) -> str:
    """Return the properties of a catalogue."""
    values = {
        "dataproduct_type": "object", "hats_nrows": rows, "hats_col_ra": "ra", "hats_col_dec": "dec",
        "hats_col_healpix": HEALPIX_COLUMN, "hats_col_healpix_order": 29,
    }  # fmt: skip
    return "".join(f"{key}={value}\n" for key, value in values.items())


def cut(source: Path, folder: Path, order: int) -> None:
    """Write stored rows as a catalogue with partitions of one order."""
    rows = pq.read_table(source)
    rows = rows.rename_columns(column_names(rows.schema))
    cells = rows[HEALPIX_COLUMN].to_numpy() >> 2 * (29 - order)
    starts = np.searchsorted(cells, np.arange((12 << 2 * order) + 1))
    footers: list[pq.FileMetaData] = []
    for cell, (start, stop) in enumerate(itertools.pairwise(starts.tolist())):
        if start == stop:
            continue
        path = partition_name(order, cell)
        target = folder / "dataset" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        collected: list[pq.FileMetaData] = []
        pq.write_table(rows.slice(start, stop - start), target, metadata_collector=collected, compression="zstd")
        collected[0].set_file_path(path)
        footers += collected
    pq.write_metadata(rows.schema, folder / "dataset/_metadata", metadata_collector=footers)
    pq.write_metadata(rows.schema, folder / "dataset/_common_metadata")
    (folder / "hats.properties").write_text(properties(rows.num_rows))


def many_partitions(folder: Path, count: int, *, metadata: bool) -> None:
    """Write a catalogue of so many partitions, which all have the same row."""
    fields = {"ra": pa.float64(), "dec": pa.float64(), HEALPIX_COLUMN: pa.int64()}
    schema = pa.schema([pa.field(name, kind) for name, kind in fields.items()])
    row = pa.table([pa.array([number], kind) for number, kind in enumerate(fields.values())], schema)
    folder.mkdir(parents=True)
    collected: list[pq.FileMetaData] = []
    pq.write_table(row, folder / "row", metadata_collector=collected)
    content, whole = (folder / "row").read_bytes(), pq.read_metadata(folder / "row")
    paths = [partition_name(7, cell) for cell in range(count)]
    for path in paths:
        target = folder / "dataset" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    if metadata:
        whole.set_file_path(paths[0])
        for path in paths[1:]:
            collected[0].set_file_path(path)
            whole.append_row_groups(collected[0])
        whole.write_metadata_file(str(folder / "dataset/_metadata"))
    pq.write_metadata(schema, folder / "dataset/_common_metadata")
    (folder / "hats.properties").write_text(properties(count))


def registered(folder: Path) -> tuple[SurveyCatalogues, SurveyTables]:
    """Return the service of catalogues with a database in a folder."""
    database = Database(f"sqlite:///{folder / 'photoz.sqlite'}")
    Base.metadata.drop_all(database.engine)
    Base.metadata.create_all(database.engine)
    service = SurveyCatalogues(
        database, CataloguePlaces((str(folder),)), KeptFolder(folder / "lists"), max_columns=1000
    )
    return service, SurveyTables(
        service, CataloguePlans(KeptFolder(folder / "lists"), PartitionCopies(folder / "copies", 0), most_bytes=0)
    )


def time_queries(
    service: SurveyTables, tables: dict[str, TapTable | str], folder: Path, rounds: int, queries: list[str]
) -> dict[str, dict[str, tuple[float, float]]]:
    """Return the median time and the mean CPU time, in seconds, of each query on each table or catalogue."""
    taken: dict[str, dict[str, list[tuple[float, float]]]] = {query: {name: [] for name in tables} for query in queries}
    with DuckDBEngine(workers=1, waiting=1, temp_folder=folder) as engine:
        for query in queries:
            text = QUERIES[query]
            counts: dict[str, list[int]] = {name: [] for name in tables}
            # The tables in turn, so that what else the machine does falls on all of them.
            for turn, (name, given) in itertools.product(range(rounds + 1), tables.items()):
                began, used = time.perf_counter(), cpu_seconds()
                table = next(service.named(ANONYMOUS, "hats", given)) if isinstance(given, str) else given
                adql = text.format(t=table.name, ra=(20.0 + 97 * turn) % 360, dec=-40 + 23.7 * turn % 100)
                made = translate(adql, Catalog([table.entry]))
                asked = EngineQuery(made.sql, (table.read_by(made.scans),), 600, 10**9, 2, 10**9)
                with engine.open(asked) as stream:
                    counts[name].append(sum(batch.num_rows for batch in stream))
                if turn:
                    taken[query][name].append((time.perf_counter() - began, cpu_seconds() - used))
            assert len({tuple(found) for found in counts.values()}) == 1, (query, counts)
    return {
        query: {
            name: (statistics.median(wall for wall, _ in times), statistics.fmean(cpu for _, cpu in times))
            for name, times in found.items()
        }
        for query, found in taken.items()
    }


def cpu_seconds() -> float:
    """Return the CPU time of this process and of those that it started and that live."""
    waiting, ticks = [str(os.getpid())], 0
    while waiting:
        process = Path("/proc") / waiting.pop()
        with suppress(OSError):  # it ended
            ticks += sum(map(int, (process / "stat").read_text().rpartition(")")[2].split()[11:13]))
            for task in (process / "task").iterdir():
                waiting += (task / "children").read_text().split()
    return ticks / os.sysconf("SC_CLK_TCK")


def report(medians: dict[str, dict[str, tuple[float, float]]]) -> bool:
    """Print the times, and return whether the claims hold."""
    holds = True
    for query, found in medians.items():
        (_, product), *others = found.values()
        listed = (f"{name:>10} {wall * 1000:6.1f} ms ({cpu * 1000:5.1f})" for name, (wall, cpu) in found.items())
        print(f"{query:<18}" + "".join(listed))
        if "cone" in query and others:
            growths = [after / before for (_, before), (_, after) in itertools.pairwise(others)]
            ratio = max(cpu for _, cpu in others) / product
            print(f"{'':<18}{ratio:.2f} times the product, growth {', '.join(f'{growth:.2f}' for growth in growths)}")
            holds = holds and ratio <= LIMIT and all(growth < GROWTH for growth in growths)
    return holds


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--orders", type=int, nargs="*", default=[2, 3, 5])
    parser.add_argument("--queries", nargs="*", choices=list(QUERIES), default=list(QUERIES))
    parser.add_argument("--register", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="keeps the rows for the next run")
    given = parser.parse_args()
    with nullcontext(given.folder) if given.folder else tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        product = folder / f"objects{given.rows}.parquet"
        if not product.exists():
            write(product, given.rows)
        service, provider = registered(folder)
        tables: dict[str, TapTable | str] = {"product": _product_table(product)}
        for order in given.orders:
            catalogue = folder / f"order{order}_{given.rows}"
            if not catalogue.exists():
                cut(product, catalogue, order)
            found = service.add(ADMIN, f"order{order}", str(catalogue), VALUES)
            tables[f"{found.partitions}"] = found.name
        holds = report(time_queries(provider, tables, folder, given.rounds, given.queries))
        for metadata in (False, True) if given.register else ():
            catalogue = folder / f"many{given.register}_{metadata}"
            if not catalogue.exists():
                many_partitions(catalogue, given.register, metadata=metadata)
            began = time.perf_counter()
            service.add(ADMIN, f"many{int(metadata)}", str(catalogue), VALUES)
            seconds = time.perf_counter() - began
            how = "with" if metadata else "without"
            print(f"{given.register} partitions registered in {seconds:.1f} s, {how} _metadata")
            holds = holds and seconds < REGISTER_SECONDS
    if not holds:
        raise SystemExit("a claim does not hold")


def _product_table(path: Path) -> TapTable:
    columns = frozenset(column.name for column in COLUMNS)
    planned = EngineTable("survey", "objects", (path,))
    return TapTable("survey", TABLE, "", columns, files=(path,), planned=lambda _: planned)


if __name__ == "__main__":
    main()
