"""Plots on a server whose query engine takes no query."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from lxml import etree

from core.cancellation import Cancellation
from server.services import Services
from tap.engine import Admission, EngineQuery, ResultStream, busy_error
from tests.webui.pages.conftest import opened_services


class BusyEngine:
    """An engine for which too many queries are waiting."""

    def admit(self, query: EngineQuery, cancellation: Cancellation | None = None) -> Admission:
        raise busy_error()

    def open(self, query: EngineQuery, cancellation: Cancellation | None = None) -> ResultStream:
        raise busy_error()

    def close(self) -> None:
        pass


@pytest.fixture
def services(tmp_path: Path, filled_database: Path) -> Iterator[Services]:
    for services in opened_services(tmp_path, filled_database):
        services.tap.__dict__["engine"] = BusyEngine()
        yield services


def test_a_busy_engine_is_told_in_the_plot(visitor: httpx2.Client):
    address = {"table": "tap_schema.columns", "plot": "hist:column_index"}
    assert visitor.get("/explore/plot", params=address).status_code == 200
    answer = visitor.get("/explore/plot.svg", params=address)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert busy_error().message in etree.fromstring(answer.content).get("aria-label", "")
    assert visitor.get("/explore/plot.csv", params=address).status_code == 503
