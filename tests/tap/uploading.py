"""Support for tests of uploads: a server that may fetch from this machine, small tables, and requests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyvo
import requests

from tests.support.waiting import wait_for
from tests.tap.small_site import SmallSite, small_site

__all__ = ["LIMIT", "ask", "small", "tap", "upload_site"]

#: Bytes that the tables of one request may have.
LIMIT = 2_000_000


@contextmanager
def upload_site(folder: Path) -> Iterator[SmallSite]:
    """Start a server; at the end nothing may be left of what came with queries."""
    env = {"PHOTOZ_TABLE_UPLOAD_NETWORKS": '["127.0.0.1/32"]', "PHOTOZ_MAX_TABLE_UPLOAD_BYTES": str(LIMIT)}
    with small_site(folder, env=env) as running:
        yield running
        uploads = running.server.data / "uploads"
        wait_for(lambda: not any(files for _, _, files in os.walk(uploads)), "tables of queries were left")


def tap(site: SmallSite, session: requests.Session) -> pyvo.dal.TAPService:
    return pyvo.dal.TAPService(site.url("tap"), session=session)


def small(*rows: tuple[float, float]) -> bytes:
    """Write a table of positions."""
    cells = "".join(f"<TR><TD>{ra!r}</TD><TD>{dec!r}</TD></TR>" for ra, dec in rows)
    fields = "".join(f'<FIELD name="{name}" datatype="double" unit="deg"/>' for name in ("ra", "dec"))
    return (
        f'<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>{fields}'
        f"<DATA><TABLEDATA>{cells}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    ).encode()


def ask(session: requests.Session, site: SmallSite, query: str, upload: object, **parts: object) -> requests.Response:
    """Send a synchronous query with tables as files of a form."""
    form = {"LANG": "ADQL", "QUERY": query, "UPLOAD": upload, "RESPONSEFORMAT": "csv"}
    files = {name: (f"{name}.xml", content) for name, content in parts.items()} or {"none": (None, "")}
    return session.post(site.url("tap/sync"), data=form, files=files, timeout=60)
