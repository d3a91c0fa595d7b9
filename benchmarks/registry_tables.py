"""Benchmark of the registry with many public products: pages of harvests, and searches of the tables ``rr``.

Claim: with 10 000 products a page of 100 records takes less than 100 ms, and each search that pyvo writes less than
200 ms, also the first one after a product has changed.

The catalogue is written into the database directly. From the parameters of a request to the bytes of its answer
everything is in but HTTP. What is read first makes the rows of all records, and is printed apart.

On a machine with other work the processor time, without waiting, tells more than the time.

Run: python -m benchmarks.registry_tables [--products 10000] [--rounds 15]
"""

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import insert, update

from benchmarks.catalogue_size import processor_seconds
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

PAGE_SECONDS = 0.1
SEARCH_SECONDS = 0.2
_BANDS = "ugriz"
_AT_ONCE = 1000
_COLUMNS = (
    ("objid", "long", None, "meta.id;meta.main"),
    ("ra", "double", "deg", "pos.eq.ra;meta.main"),
    ("dec", "double", "deg", "pos.eq.dec;meta.main"),
    ("z_phot", "float", None, "src.redshift.phot"),
    ("mjd", "double", "d", "time.epoch"),
    *((f"mag_{band}", "float", "mag", "phot.mag;em.opt.R") for band in _BANDS),
)


class Site:
    """The services of a catalogue with so many public products."""

    def __init__(self, folder: Path, products: int) -> None:
        settings = Settings(data=folder)
        prepare_data_folder(settings)
        self.services = Services(settings)
        migrate(self.services.database)
        self.products = products
        AccountService(self.services.database).add_user("owner", None)
        for first in range(1, products + 1, _AT_ONCE):
            self._fill(range(first, min(first + _AT_ONCE, products + 1)))

    def _fill(self, numbers: range) -> None:
        kind = min(PRODUCT_TYPES)
        schema = PRODUCT_TYPES[kind].name
        with self.services.database.write() as session:
            session.execute(insert(ProductRow), [_product(number, kind) for number in numbers])
            tables = [
                {
                    "product_id": number, "table_schema": schema, "table_name": f"p{number}", "rows": 1000,
                    "stored_id": f"stored{number}", "ra": "ra", "dec": "dec", "z": "z_phot",
                    "footprint": f"8/{number * 53 % 786000}-{number * 53 % 786000 + 40}",
                }
                for number in numbers
            ]  # fmt: skip
            session.execute(insert(ProductTableRow), tables)
            session.execute(insert(ProductColumnRow), list(_columns(numbers)))

    def query(self, text: str) -> None:
        """Run a query to the last byte of its answer."""
        parameters = [("LANG", "ADQL"), ("QUERY", text), ("MAXREC", "1000")]
        answer = self.services.tap.service.query(DaliParameters(parameters, {}), ANONYMOUS).wait()
        assert sum(len(chunk) for chunk in answer.chunks)
        answer.close()

    def harvest(self, prefix: str = "ivo_vor") -> None:
        """Read the first page of a list of records."""
        pairs = [("verb", "ListRecords"), ("metadataPrefix", prefix)]
        assert b"resumptionToken" in b"".join(self.services.registry.repository.answer(pairs, "benchmark"))

    def change(self, round_number: int) -> None:
        """Change one product in the middle."""
        with self.services.database.write() as session:
            changed = update(ProductRow).where(ProductRow.id == self.products // 2)
            session.execute(changed.values(description=f"Changed {round_number}", updated_at=utc_now()))


def _product(number: int, kind: int) -> dict[str, object]:
    now = utc_now()
    attribution = {
        "authors": [{"name": f"Author {number % 97}, A.", "orcid": "0000-0002-1825-0097"}, {"name": "Collaboration"}],
        "license": "CC-BY-4.0",
        "references": ["2018MNRAS.473.2655H"],
        "keywords": [{"text": "Redshift surveys", "uat": 1378}, {"text": f"field {number % 50}"}],
    }
    return {
        "id": number, "product_type_id": kind, "owner_id": 1, "internal_name": f"{number}_catalogue",
        "display_name": f"Catalogue {number} of photometric redshifts",
        "description": f"Estimates of release {number % 13} for field {number % 50}, with five bands. " * 3,
        "visibility": Visibility.PUBLIC, "status": ProductStatus.PUBLISHED, "attribution": attribution,
        "previous_id": number - 1 if number % 10 == 0 else None,
        "created_at": now, "updated_at": now, "published_at": now,
    }  # fmt: skip


def _columns(numbers: range) -> Iterator[dict[str, object]]:
    for number in numbers:
        for position, (name, datatype, unit, ucd) in enumerate(_COLUMNS):
            known = name == "mjd"
            yield {
                "product_id": number, "position": position, "name": name, "datatype": datatype, "unit": unit,
                "ucd": ucd, "description": f"Column {name} of the catalogue", "null_count": 0 if known else None,
                "min_value": 58000.0 + number % 1000 if known else None,
                "max_value": 58010.0 + number % 1000 if known else None,
            }  # fmt: skip


def searches(site: Site) -> dict[str, str]:
    """Return the searches, as pyvo writes them for a service with our capabilities."""
    head = (
        "SELECT ivoid, res_type, short_name, res_title, content_level, res_description, reference_url, creator_seq, "
        "created, updated, rights, content_type, source_format, source_value, region_of_regard, waveband, "
        "ivo_string_agg(COALESCE(access_url, ''), ':::py VO sep:::') AS access_urls, "
        "ivo_string_agg(COALESCE(standard_id, ''), ':::py VO sep:::') AS standard_ids "
        "FROM rr.resource NATURAL LEFT OUTER JOIN rr.capability NATURAL LEFT OUTER JOIN rr.interface WHERE "
    )
    tail = (
        " GROUP BY ivoid, res_type, short_name, res_title, content_level, res_description, reference_url, creator_seq, "
        "created, updated, rights, content_type, source_format, source_value, region_of_regard, waveband"
    )
    name = f"%{site.products // 3}_catalogue"
    conditions = {
        "identifier": f"ivoid LIKE '{name}'",
        "words": "ivoid IN (SELECT ivoid FROM rr.resource WHERE 1=ivo_hasword(res_description, 'release 7') UNION ALL "
        "SELECT ivoid FROM rr.resource WHERE 1=ivo_hasword(res_title, '77') UNION ALL "
        "SELECT ivoid FROM rr.res_subject WHERE res_subject ILIKE '%field 7%')",
        "author": "ivoid IN (SELECT DISTINCT ivoid FROM rr.res_role WHERE role_name LIKE 'Author 7,%' "
        "AND base_role='creator')",
        "service type": "standard_id LIKE 'ivo://ivoa.net/std/conesearch%'",
        "waveband": "1 = ivo_hashlist_has(rr.resource.waveband, 'infrared')",
        "data model": "ivoid IN (SELECT DISTINCT ivoid FROM rr.res_detail WHERE detail_xpath = "
        "'/capability/dataModel/@ivo-id' AND 1 = ivo_nocasematch(detail_value, 'ivo://ivoa.net/std/RegTAP#1.%'))",
        "UCD": "ivoid IN (SELECT DISTINCT ivoid FROM rr.table_column WHERE ucd LIKE 'src.redshift%')",
        "subject": "ivoid IN (SELECT DISTINCT ivoid FROM rr.res_subject WHERE res_subject IN ('field 7'))",
        "position": "ivoid IN (SELECT DISTINCT ivoid FROM rr.stc_spatial WHERE "
        "1 = CONTAINS(MOC(6, POINT(150.1, 2.2)), coverage))",
        "energy": "ivoid IN (SELECT DISTINCT ivoid FROM rr.stc_spectral WHERE 3e-19 BETWEEN spectral_start AND "
        "spectral_end)",
        "time": "ivoid IN (SELECT DISTINCT ivoid FROM rr.stc_temporal WHERE 58100 BETWEEN time_start AND time_end)",
    }
    return {key: head + condition + tail for key, condition in conditions.items()}


def measure(site: Site, name: str, work: Callable[[], object], rounds: int, limit: float) -> None:
    """Print the medians of an operation, alone and after a change, and the processor time of one."""
    for label, changes in ((name, False), (f"{name}, after a change", True)):
        seconds, worked = [], 0.0
        for round_number in range(rounds):
            if changes:
                site.change(round_number)
            began, busy = time.perf_counter(), processor_seconds()
            work()
            seconds.append(time.perf_counter() - began)
            worked += processor_seconds() - busy
        median = statistics.median(seconds)
        verdict = "" if median <= limit else f"  above {limit * 1e3:.0f} ms"
        print(f"{label:32}{median * 1e3:9.1f} ms   processor {worked / rounds * 1e3:9.1f} ms{verdict}", flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), given.products)
        try:
            began = time.perf_counter()
            site.harvest()
            print(f"very first page: {time.perf_counter() - began:.1f} s")
            for prefix in ("ivo_vor", "oai_dc", "oai_datacite"):
                measure(site, f"page of {prefix}", lambda p=prefix: site.harvest(p), given.rounds, PAGE_SECONDS)
            for name, text in searches(site).items():
                began = time.perf_counter()
                site.query(text)
                print(f"{name}, very first: {time.perf_counter() - began:.1f} s")
                measure(site, name, lambda t=text: site.query(t), given.rounds, SEARCH_SECONDS)
        finally:
            site.services.close()


if __name__ == "__main__":
    main()
