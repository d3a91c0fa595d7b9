"""Queries with uploads, as jobs and cut by limits, against a server."""

import os
import signal
import threading

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table
from pzserver import FailedJobError, InvalidValueError, OverflowWarning, PzServer, QueryJob, QueryResult
from pzserver.tables.queries import _limited

from tests.support.waiting import wait_for


@pytest.mark.parametrize("run_async", [False, True])
def test_uploads_of_any_kind_are_tables_of_the_query(ours: PzServer, tmp_path, run_async, capsys):
    path = tmp_path / "d.parquet"
    pq.write_table(pa.table({"i": [1, 3]}), path)
    upload = {
        "a": pd.DataFrame({"i": [1, 2, 3], "t": ["x", None, "é"]}),
        "b": Table({"i": [1, 2, 3], "f": [0.5, 1.5, 2.5]}, units={"f": "nJy"}),
        "c": ours.query("SELECT * FROM TAP_UPLOAD.one", upload={"one": {"i": [2, 3]}}),
        "d": path,
    }
    query = "SELECT i, t, f FROM TAP_UPLOAD.a JOIN TAP_UPLOAD.b USING (i) JOIN TAP_UPLOAD.c USING (i) "

    found = ours.query(query + "JOIN TAP_UPLOAD.d USING (i)", upload=upload, run_async=run_async, progress=True)

    assert list(found) == [{"i": 3, "t": "é", "f": 2.5}]
    assert str(found["f"].unit) == "nJy"
    assert ("100%" in capsys.readouterr().err) == run_async
    assert ours.jobs.of_kind("query") == ()


def test_a_job_outlives_the_program_and_is_found_again(ours: PzServer):
    job = ours.submit("SELECT i FROM TAP_UPLOAD.a", upload={"a": {"i": [7]}})

    found = ours.jobs[job.id]

    assert isinstance(found, QueryJob)
    assert list(found.result) == [{"i": 7}]
    found.delete()


def test_errors_are_the_sentences_of_the_server(ours: PzServer):
    wrong = "SELECT nothing FROM photoz.products"
    with pytest.raises(InvalidValueError, match="Unknown column nothing at line 1"):
        ours.query(wrong)
    with pytest.raises(FailedJobError, match="Unknown column nothing at line 1"):
        ours.query(wrong, run_async=True)
    with pytest.raises(InvalidValueError, match="'1x' cannot be the name"):
        ours.query(wrong, upload={"1x": {"i": [1]}})
    with pytest.raises(FileNotFoundError, match="no file gone"):
        ours.query(wrong, upload={"x": "gone"})
    with pytest.raises(KeyError, match="there are i"):
        ours.query("SELECT i FROM TAP_UPLOAD.a", upload={"a": {"i": [7]}})["j"]
    assert ours.jobs.of_kind("query") == ()


def test_an_interrupted_wait_deletes_the_job(ours: PzServer):
    def interrupt() -> None:
        wait_for(lambda: any(job.phase == "EXECUTING" for job in ours.jobs.of_kind("query")), seconds=60)
        os.kill(os.getpid(), signal.SIGINT)

    long = "SELECT COUNT(*) AS n FROM TAP_UPLOAD.a AS x, TAP_UPLOAD.a AS y, TAP_UPLOAD.a AS z WHERE x.i * y.i + z.i < 0"
    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        ours.query(long, upload={"a": {"i": list(range(20_000))}}, run_async=True)
    thread.join()

    assert ours.jobs.of_kind("query") == ()


def test_a_cut_by_the_server_is_told_and_one_by_the_caller_is_not(ours: PzServer):
    query = "SELECT i FROM TAP_UPLOAD.a"

    assert ours.query(query, upload={"a": {"i": [1, 2, 3]}}, maxrec=2).overflow

    cut = QueryResult(pa.table({"i": [1]}), overflow=True)
    with pytest.warns(OverflowWarning, match="limit of 1 rows: there are more"):
        _limited(cut, None)
