"""Benchmark of the translation from ADQL to DuckDB's SQL, which precedes the execution of a query.

Run: ``python -m benchmarks.adql_translation``. The claim: a median of a few milliseconds, whatever the query.
"""

import statistics
import time

from core.columns import Column
from tap.adql import Catalog, CatalogTable, translate

_QUERIES = {
    "plain": "SELECT TOP 100 id, ra, dec, mag_7 FROM cat.t1 WHERE mag_3 BETWEEN 18 AND 22.5 AND mag_5 - mag_6 < 0.4",
    "star": "SELECT * FROM cat.t1",
    "cone": "SELECT id FROM cat.t1 WHERE 1=CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', 53.1, -27.8, 0.5))",
    "polygon": "SELECT id FROM cat.t1 WHERE 1=CONTAINS(POINT(ra, dec), POLYGON(52, -29, 54, -29, 54, -27, 52, -27))",
    "cross-match": "SELECT a.id, b.id FROM cat.t1 a JOIN cat.t2 b ON DISTANCE(a.ra, a.dec, b.ra, b.dec) < 1/3600.",
    "groups": "SELECT ROUND(z, 1) AS bin, COUNT(*), AVG(mag_1) FROM cat.t1 GROUP BY ROUND(z, 1) ORDER BY bin",
    "sets": "WITH w AS (SELECT id, z FROM cat.t1) SELECT * FROM w WHERE z > 1 UNION SELECT id, z FROM cat.t2",
    "thousand terms": "SELECT id FROM cat.t1 WHERE " + " OR ".join(f"id = {i}" for i in range(1000)),
}


def main() -> None:
    columns = (
        Column("id", "long"),
        Column("ra", "double", unit="deg"),
        Column("dec", "double", unit="deg"),
        Column("z", "double"),
        *(Column(f"mag_{i}", "float", unit="mag") for i in range(60)),
    )
    catalog = Catalog(
        CatalogTable(f"cat.t{i}", columns, ("ra", "dec"), True, "products", f"table_{i}") for i in range(200)
    )
    start = time.perf_counter()
    translate(_QUERIES["cone"], catalog)
    print(f"first translation, which builds the parser: {(time.perf_counter() - start) * 1e3:.0f} ms")
    for name, query in _QUERIES.items():
        times = []
        for _ in range(50 if len(query) < 1000 else 5):
            start = time.perf_counter()
            translate(query, catalog, row_limit=100_001)
            times.append(time.perf_counter() - start)
        print(f"{name:15} median {statistics.median(times) * 1e3:6.2f} ms")


if __name__ == "__main__":
    main()
