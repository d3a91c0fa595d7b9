"""Benchmark of queries of one table and of metadata by the number of product tables that exist.

Claim: one row of a table, ``photoz.products TOP 1`` and ``TAP_SCHEMA.columns`` of one table cost with the larger number
of products at most 1.3 times what they cost with the smaller one, also as the first query after a product has changed.

On a machine with other work the processor time, without waiting, tells more than the time.

From the parameters of a request to the bytes of its answer everything is in but HTTP. The catalogues are written into
the database directly, and one product has a file of rows. Both sizes are measured in turns, in one run.

Run: python -m benchmarks.catalogue_size [--small 100] [--large 2000] [--rounds 15]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, TypeVar

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import insert, update

from core.auth.models import ANONYMOUS
from core.auth.service import AccountService
from core.database import utc_now
from core.settings import Settings
from core.web.dali import DaliParameters
from products.models import ProductStatus, Visibility
from products.product_types import PRODUCT_TYPES
from products.schema import ProductColumnRow, ProductRow, ProductTableRow
from server.data_folder import prepare_data_folder
from server.migrations.upgrade import migrate
from server.services import Services

LIMIT = 1.3
COLUMNS = 20
QUERIES = {
    "one row": "SELECT TOP 1 * FROM {table}",
    "photoz.products TOP 1": "SELECT TOP 1 * FROM photoz.products",
    "TAP_SCHEMA.columns of one table": "SELECT * FROM tap_schema.columns WHERE table_name = '{table}'",
}


class Site:
    """The services of a catalogue with so many public products, each with a table of 20 columns."""

    def __init__(self, folder: Path, products: int) -> None:
        settings = Settings(data=folder)
        prepare_data_folder(settings)
        self.services = Services(settings)
        migrate(self.services.database)
        self.products = products
        self.kind = min(PRODUCT_TYPES)
        self.table = f"{PRODUCT_TYPES[self.kind].name}.p1"
        self._fill()
        settings.tables_folder.mkdir(parents=True, exist_ok=True)
        rows = pa.table({f"c{i}": pa.array(range(1000), pa.int32()) for i in range(COLUMNS)})
        pq.write_table(rows, settings.tables_folder / "stored1")

    def _fill(self) -> None:
        AccountService(self.services.database).add_user("owner", None)
        numbers, now = range(1, self.products + 1), utc_now()
        with self.services.database.write() as session:
            session.execute(
                insert(ProductRow),
                [
                    {
                        "id": number,
                        "product_type_id": self.kind,
                        "owner_id": 1,
                        "internal_name": f"{number}_catalogue",
                        "display_name": f"Catalogue {number}",
                        "visibility": Visibility.PUBLIC,
                        "status": ProductStatus.PUBLISHED,
                        "created_at": now,
                        "updated_at": now,
                        "published_at": now,
                    }
                    for number in numbers
                ],
            )
            session.execute(
                insert(ProductTableRow),
                [
                    {
                        "product_id": number,
                        "table_schema": PRODUCT_TYPES[self.kind].name,
                        "table_name": f"p{number}",
                        "stored_id": f"stored{number}",
                        "rows": 1000,
                    }
                    for number in numbers
                ],
            )
            session.execute(
                insert(ProductColumnRow),
                [
                    {"product_id": number, "position": position, "name": f"column_{position}", "datatype": "int"}
                    for number in numbers
                    for position in range(COLUMNS)
                ],
            )

    def query(self, text: str) -> None:
        """Run a query to the last byte of its answer."""
        parameters = [("LANG", "ADQL"), ("QUERY", text.format(table=self.table))]
        answer = self.services.tap.service.query(DaliParameters(parameters, {}), ANONYMOUS).wait()
        assert sum(len(chunk) for chunk in answer.chunks)
        answer.close()

    def change(self, round_number: int) -> None:
        """Change one product in the middle."""
        with self.services.database.write() as session:
            changed = update(ProductRow).where(ProductRow.id == self.products // 2)
            session.execute(changed.values(description=f"Changed {round_number}", updated_at=utc_now()))


class _Counted(Protocol):
    products: int


_Of = TypeVar("_Of", bound=_Counted)


def measure(
    sites: Sequence[_Of],
    rounds: int,
    work: Callable[[_Of], object],
    before: Callable[[_Of, int], object],
    limit: float = LIMIT,
) -> float:
    """Print the medians of both sites and their ratio, measured in turns, and the same of the processor time.

    Return the milliseconds of processor time of the second site.
    """
    seconds: dict[int, list[float]] = {site.products: [] for site in sites}
    processor = dict.fromkeys(seconds, 0.0)
    for round_number in range(rounds):
        for site in sites:
            before(site, round_number)
            began, worked = time.perf_counter(), processor_seconds()
            work(site)
            seconds[site.products].append(time.perf_counter() - began)
            processor[site.products] += processor_seconds() - worked
    small, large = (statistics.median(seconds[site.products]) for site in sites)
    verdict = "" if large <= limit * small else f"  above {limit}"
    print(f"{small * 1e3:9.1f} ms {large * 1e3:9.1f} ms   ratio {large / small:5.2f}{verdict}")
    small, large = (processor[site.products] / rounds for site in sites)
    print(f"{'  processor time':45}{small * 1e3:9.1f} ms {large * 1e3:9.1f} ms   ratio {large / small:5.2f}")
    return large * 1e3


def processor_seconds() -> float:
    """Return the processor time of this process and of the query processes."""
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=100)
    parser.add_argument("--large", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    with ExitStack() as opened:
        sites = []
        for products in (given.small, given.large):
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
            sites.append(Site(folder, products))
            opened.callback(sites[-1].services.close)
        print(f"{'':45}{given.small:9} {given.large:12} products")
        for name, text in QUERIES.items():
            for site in sites:  # starts the processes, and makes what is kept
                began = time.perf_counter()
                site.query(text)
                print(f"{name}, very first with {site.products}: {(time.perf_counter() - began) * 1e3:.0f} ms")
            print(f"{name:45}", end="")
            measure(sites, given.rounds, lambda site, text=text: site.query(text), lambda _site, _round: None)
            print(f"{name + ', after a change':45}", end="")
            measure(sites, given.rounds, lambda site, text=text: site.query(text), Site.change)


if __name__ == "__main__":
    main()
