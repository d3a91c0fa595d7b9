"""Benchmark of pages by the number of products: landing, lists, tables of the query page, chooser of the explorer.

Claim: with 10 000 products each page costs at most five times what it costs with 100, and under 150 ms of processor
time, and its answer is as large, also as the first request after a product has changed. The pages are those of an
anonymous user, to whom all products are open: no caller has more to list.

From the request to the bytes of the answer everything is in but the network and compression. Both sizes are measured in
turns, in one run.

Run: python -m benchmarks.page_times [--small 100] [--large 10000] [--rounds 15]
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
from anyio.from_thread import start_blocking_portal

from benchmarks.catalogue_size import Site, measure
from server.app import create_app
from tests.support.in_process import in_process_client

#: Most bytes by which a page may be larger with more products: numbers of products and pages, and longer names.
MOST_BYTES = 4000
RATIO, MOST_MS = 5.0, 150.0
PAGES = {
    "landing": "/",
    "list, first page": "/products/user",
    "list, last page": "/products/user?page={last}",
    "list, by name": "/products/user?sort=display_name",
    "list, search of one": "/products/user?q=Catalogue+{middle}",
    "all products": "/products",
    "query page": "/query",
    "tables of the query page": "/query/tables",
    "tables of the query page, search": "/query/tables?search=p{middle}",
    "explorer, tables to choose from": "/explore",
    "explorer, search of a table": "/explore?search=p{middle}",
}
_PER_PAGE = 25


class Visitor:
    """A site and an anonymous client of its pages."""

    def __init__(self, site: Site, client: httpx2.Client) -> None:
        self.site = site
        self.products = site.products
        self._client = client

    def get(self, page: str) -> int:
        """Return the size of a page in bytes."""
        answer = self._client.get(page.format(last=-(-self.products // _PER_PAGE), middle=self.products // 2))
        answer.raise_for_status()
        return len(answer.content)

    def change(self, round_number: int) -> None:
        """Change one product in the middle."""
        self.site.change(round_number)


@contextmanager
def visitor(products: int) -> Iterator[Visitor]:
    """Serve the pages of a catalogue with so many products in this process."""
    with tempfile.TemporaryDirectory() as folder, start_blocking_portal() as portal:
        site = Site(Path(folder), products)
        try:
            client = in_process_client(create_app(site.services), portal, headers={"Accept": "text/html"})
            yield Visitor(site, client)
        finally:
            site.services.close()


def _nothing(_visitor: Visitor, _round_number: int) -> None:
    """Change nothing."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=100)
    parser.add_argument("--large", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    is_good = True
    with ExitStack() as opened:
        small, large = (opened.enter_context(visitor(products)) for products in (given.small, given.large))
        print(f"{'':45}{given.small:9} {given.large:12} products")
        for name, page in PAGES.items():
            sizes = [each.get(page) for each in (small, large)]
            is_good = is_good and sizes[1] <= sizes[0] + MOST_BYTES
            print(f"{name}: {sizes[0]} and {sizes[1]} bytes")
            for label, before in (("", _nothing), ("  after a change", Visitor.change)):
                print(f"{label:45}", end="")
                spent = measure(
                    [small, large], given.rounds, lambda each, page=page: each.get(page), before, limit=RATIO
                )
                is_good = is_good and spent < MOST_MS
    print(f"pages as large, and under {MOST_MS:g} ms of processor time: {'yes' if is_good else 'NO'}")
    sys.exit(not is_good)


if __name__ == "__main__":
    main()
