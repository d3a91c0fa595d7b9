"""Real tables taken the whole way on a running server: what the tests of single collections share."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyvo
from astropy.table import Table
from pzserver.sessions import TidySession

from tests.server.api import Api
from tests.server.comparing import assert_same_rows
from tests.support.server import running_server
from tests.support.tools import Stilts

__all__ = ["WRITERS", "Site", "check_whole_path", "running_site", "some_formats_each"]


@dataclass(frozen=True, slots=True)
class Site:
    """A running server and a user of it."""

    api: Api
    tap: pyvo.dal.TAPService


@contextmanager
def running_site(data: Path, database_url: str | None) -> Iterator[Site]:
    """Start a server without demo data, on SQLite or on the database of the address."""
    env = {"PHOTOZ_DATABASE_URL": database_url} if database_url else {}
    with running_server(data, env=env) as server:
        assert server.account is not None
        with TidySession() as session:
            session.headers["Authorization"] = f"Bearer {server.account.token}"
            yield Site(
                Api(server.base_url, server.account.token),
                pyvo.dal.TAPService(f"{server.base_url}/tap", session=session),
            )


def _csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False)


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False)


def _fits(frame: pd.DataFrame, path: Path) -> None:
    _astropy_table(frame).write(path, format="fits")


def _hdf5(frame: pd.DataFrame, path: Path) -> None:
    _astropy_table(frame).write(path, format="hdf5", path="data", serialize_meta=True)


def _astropy_table(frame: pd.DataFrame) -> Table:
    table = Table()
    for name in frame.columns:
        column = frame[name]
        if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
            table[name] = column.fillna("").astype(str).to_numpy().astype(str)
        else:
            table[name] = column.to_numpy()
    return table


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "csv": _csv,
    "fits": _fits,
    "hdf5": _hdf5,
    "parquet": _parquet,
}


def some_formats_each(
    names: Iterable[str], formats: Iterable[str], count: int, *, start: int = 0
) -> list[tuple[str, str]]:
    """Give each table so many of the formats in turn; all of them with ALL_DATABASES=1.

    What is read of a file in each format is tested by the readers; here it goes the whole way.
    """
    known = list(formats)
    if os.environ.get("ALL_DATABASES"):
        count = len(known)
    return [
        (name, known[(number + start + step) % len(known)])
        for number, name in enumerate(names)
        for step in range(count)
    ]


def check_whole_path(
    site: Site, stilts: Stilts, kind: str, path: Path, meanings: dict[str, str], expected: pd.DataFrame
) -> None:
    """Upload and publish a file, read its rows by pyvo and by STILTS, and download it."""
    product = site.api.publish(path.name, kind, path, meanings, visibility="public")
    query = f"SELECT * FROM {product['tap_table']}"
    assert_same_rows(site.tap.search(query, maxrec=1_000_000).to_table(), expected)
    _check_by_stilts(site, stilts, query, path.with_name("result.fits"), expected)
    download = site.api.call("GET", f"products/{product['id']}/main_file/")
    assert download.content == path.read_bytes()


def _check_by_stilts(site: Site, stilts: Stilts, query: str, result: Path, expected: pd.DataFrame) -> None:
    stilts(
        "tapquery",
        f"tapurl={site.api.base_url}/tap",
        "sync=true",
        f"adql={query}",
        f"out={result}",
    )
    assert_same_rows(Table.read(result), expected)
