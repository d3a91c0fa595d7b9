"""Asynchronous queries that read too much for this server run on the cluster, and end in a sentence when it fails."""

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.auth.models import ANONYMOUS, Identity, Scope
from core.cancellation import Cancellation
from core.errors import InvalidValueError, PhotozError, ServiceBusyError
from core.settings import Settings
from products.models import Visibility
from server.services import Services
from tap.async_queries.jobs import QueryJobList
from tap.engine import EngineQuery, EngineTable, QueryTimeoutError
from tap.engine.spark.engine import SparkEngine
from tap.metadata.survey_catalogues.models import CatalogueValues
from tests.support.databases import EmptySQLite
from tests.support.hats import write_hats
from tests.support.ports import free_port
from tests.support.waiting import wait_for

_ADMIN = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)
_QUERY = "SELECT id, mag FROM hats.sky WHERE mag < 22"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    random = np.random.default_rng(4)
    count = 3000
    dec = np.degrees(np.arcsin(random.uniform(-1, 1, count)))
    mag = np.where(random.random(count) < 0.1, np.nan, random.normal(22, 1, count))
    return pd.DataFrame({"id": np.arange(count), "ra": random.uniform(0, 360, count), "dec": dec, "mag": mag})


def _services(remote: str, folder: Path, empty_sqlite: EmptySQLite, frame: pd.DataFrame, most: int = 0) -> Services:
    (folder / "results").mkdir()
    write_hats(frame, folder / "sky", most_rows=500)
    services = Services(
        Settings(
            data=folder / "data",
            database_url=empty_sqlite.database(folder / "photoz.sqlite"),
            catalogue_places=(str(folder),),
            catalogue_query_bytes=1000,
            spark_remote=remote,
            spark_results=folder / "results",
            spark_query_bytes=most,
            query_workers=1,
        )
    )
    services.tap.catalogues.add(_ADMIN, "sky", str(folder / "sky"), CatalogueValues(visibility=Visibility.REGISTERED))
    return services


@pytest.fixture(scope="module")
def services(
    spark_remote: str, tmp_path_factory: pytest.TempPathFactory, empty_sqlite: EmptySQLite, frame: pd.DataFrame
) -> Iterator[Services]:
    made = _services(spark_remote, tmp_path_factory.mktemp("cluster"), empty_sqlite, frame)
    yield made
    made.close()


class _Context:
    """What a query uses of a `JobContext`.

    Parameters
    ----------
    upload
        Stored file of the table ``TAP_UPLOAD.mine``.
    """

    def __init__(self, scratch: Path, query: str, identity: Identity = _ADMIN, upload: str = "") -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self.scratch = scratch
        self.lines: list[str] = []
        self.shares: list[float] = []
        self.job: Any = SimpleNamespace(
            id="j1",
            files={"mine": upload} if upload else {},
            parameters={"LANG": "ADQL", "QUERY": query, "FORMAT": "parquet"}
            | ({"UPLOAD": "mine,param:mine"} if upload else {}),
            execution_duration=600,
            started=None,
            identity=lambda _: identity,
        )

    def progress(self, fraction: float, message: str = "") -> None:
        self.shares.append(fraction)
        self.lines.append(message)

    def log(self, message: str) -> None:
        self.lines.append(message)

    def remaining_result_bytes(self) -> int | None:
        return None

    def add_result(self, *_: object) -> None:
        pass


def _run(services: Services, context: _Context) -> None:
    jobs: QueryJobList = services.tap._query_jobs
    jobs.run(context)  # type: ignore[arg-type]  # the part of a context that is used


def _result(services: Services) -> pd.DataFrame:
    (path,) = (path for path in services.settings.results_folder.rglob("*") if path.is_file() and _is_parquet(path))
    return pq.read_table(path).to_pandas()


def _is_parquet(path: Path) -> bool:
    return path.read_bytes()[:4] == b"PAR1"


def test_a_query_that_reads_too_much_runs_on_the_cluster(services: Services, frame: pd.DataFrame, tmp_path: Path):
    context = _Context(tmp_path / "work", _QUERY)
    _run(services, context)
    found = _result(services).sort_values("id")
    expected = frame[frame.mag < 22]
    assert found.id.tolist() == expected.id.tolist()
    assert np.array_equal(found.mag, expected.mag)
    assert any("runs on the cluster" in line for line in context.lines)
    assert list(services.settings.spark_results.iterdir()) == []
    services.tap.results.delete("j1")


def _uploaded(services: Services, content: bytes) -> str:
    with services.tap.uploads.stager()() as staging:
        staging.write(content)
        return staging.finish().id


def _parquet(table: pa.Table) -> bytes:
    written = io.BytesIO()
    pq.write_table(table, written)
    return written.getvalue()


def test_an_upload_is_sent_to_the_cluster(services: Services, frame: pd.DataFrame, tmp_path: Path):
    # Values that are missing, of types that Spark does not have, and text with what must stay as it is.
    few = frame.iloc[[3, 50, 700]]
    table = pa.table(
        {
            "key": pa.array(few.id),
            "flag": pa.array([1, None, 255], pa.uint8()),
            "weight": pa.array([0.5, np.nan, None]),
            "note": ["it's `one`", "", None],
        }
    )
    query = """SELECT u."key", flag, weight, note, mag FROM hats.sky JOIN TAP_UPLOAD.mine AS u ON id = u."key" """
    _run(services, _Context(tmp_path / "work", query, upload=_uploaded(services, _parquet(table))))
    found = _result(services).sort_values("key")
    services.tap.results.delete("j1")
    assert found.key.tolist() == few.id.tolist()
    assert np.array_equal(found.mag, few.mag, equal_nan=True)
    assert found.flag.fillna(-1).tolist() == [1, -1, 255]
    assert found.weight.fillna(-1).tolist() == [0.5, -1, -1]
    assert found.note.tolist()[0] == "it's `one`"


def test_what_is_too_large_to_be_sent_is_refused_before_anything_runs(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tap.engine.spark.views._MOST_SENT", 3000)
    numbers = pa.table({"key": pa.array(range(1000))})
    query = 'SELECT u."key" FROM hats.sky JOIN TAP_UPLOAD.mine AS u ON id = u."key"'
    context = _Context(tmp_path / "work", query, upload=_uploaded(services, _parquet(numbers)))
    with pytest.raises(InvalidValueError, match=r"the table TAP_UPLOAD\.mine on the cluster, which has more than"):
        _run(services, context)
    assert list(services.settings.spark_results.iterdir()) == []


def test_who_may_not_read_a_catalogue_does_not_reach_the_cluster(services: Services, tmp_path: Path):
    with pytest.raises(PhotozError, match="Unknown table"):
        _run(services, _Context(tmp_path / "work", _QUERY, ANONYMOUS))


def test_what_the_cluster_cannot_do_is_said_before_it_runs(services: Services, tmp_path: Path):
    query = "SELECT COUNT(*) FROM hats.sky WHERE 1 = ivo_hasword(CAST(id AS VARCHAR), '7')"
    with pytest.raises(InvalidValueError, match="which the cluster does not have"):
        _run(services, _Context(tmp_path / "work", query))


def test_the_cluster_has_a_limit_of_its_own(
    spark_remote: str, tmp_path: Path, empty_sqlite: EmptySQLite, frame: pd.DataFrame
):
    services = _services(spark_remote, tmp_path, empty_sqlite, frame, most=2000)
    with pytest.raises(InvalidValueError, match="at most 2000 bytes"):
        _run(services, _Context(tmp_path / "work", _QUERY))
    services.close()


def test_a_cluster_that_is_not_there_is_said(tmp_path: Path, empty_sqlite: EmptySQLite, frame: pd.DataFrame):
    pytest.importorskip("pyspark")
    services = _services(f"sc://127.0.0.1:{free_port()}", tmp_path, empty_sqlite, frame)
    with pytest.raises(ServiceBusyError, match="does not respond"):
        _run(services, _Context(tmp_path / "work", _QUERY))
    services.close()


def _slow(folder: Path) -> EngineQuery:
    """Give a query that compares many rows with many."""
    file = folder / "numbers.parquet"
    pq.write_table(pd.DataFrame({"c0": np.arange(25_000)}).pipe(_table), file)
    sql = 'SELECT COUNT(*) AS n FROM "s"."t" AS a INNER JOIN "s"."t" AS b ON a."c0" * 3 < b."c0" * 2 + 1'
    return EngineQuery(sql, (EngineTable("s", "t", addresses=(str(file),)),), 0.4, 1, 1, 1)


def _table(frame: pd.DataFrame) -> Any:
    return pa.Table.from_pandas(frame, preserve_index=False)


def test_a_query_ends_at_its_time_and_when_it_is_aborted(spark_remote: str, services: Services, tmp_path: Path):
    query = _slow(tmp_path)  # Sail does not interrupt a comparison of rows, so it is one that ends
    engine = SparkEngine(spark_remote, tmp_path, services.tap.engine)
    with pytest.raises(QueryTimeoutError):
        engine.open(query)
    cancellation = Cancellation()
    admitted = engine.admit(replace(query, seconds=60), cancellation)
    aborting = threading.Thread(target=lambda: (wait_for(_is_writing), cancellation.cancel()))
    aborting.start()
    with pytest.raises(ServiceBusyError, match="cancelled"):
        admitted.start()
    aborting.join()


def _is_writing() -> bool:
    return any(thread.name == "spark-query" for thread in threading.enumerate())
