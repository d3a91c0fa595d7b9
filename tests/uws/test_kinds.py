"""What the function of a job tells of its work, and how it is run in one process."""

import errno
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event

from core.database import Database
from core.processes import ProcessIdentity
from tests.uws.job_kinds import make_kinds, marks
from uws import JobCancelled, JobContext, JobKind, JobResult, JobRunner, JobService, Phase

pytestmark = pytest.mark.either_database


@pytest.fixture
def run(database: Database, service: JobService, tmp_path: Path) -> Callable[..., str]:
    """A function that runs another function as a job of the kind ``plain``, in this process; it gives the job's id."""

    def run_one(function: Callable[[JobContext], None]) -> str:
        kinds = {"plain": JobKind("plain", function)}
        runner = JobRunner(database, kinds, owner=str(ProcessIdentity.current()), scratch=tmp_path / "scratch")
        job = service.create("plain", {"a": "b"}, owner="ana")
        assert runner.run(job.id)
        assert not runner.run(job.id)
        assert list((tmp_path / "scratch").iterdir()) == []
        return job.id

    return run_one


def test_telling_often_writes_seldom(run: Callable[..., str], service: JobService, database: Database) -> None:
    commits: list[object] = []
    count = commits.append

    def work(context: JobContext) -> None:
        event.listen(database.engine, "commit", count)
        for number in range(5000):
            context.progress(number / 5000, f"row {number}")
        event.remove(database.engine, "commit", count)

    job = service.get(run(work), owner="ana")
    assert 1 <= len(commits) <= 5
    assert (job.phase, job.progress, job.message) == (Phase.COMPLETED, 1.0, "row 4999")


def test_the_last_words_before_a_long_silence_are_seen(run: Callable[..., str], service: JobService) -> None:
    seen: list[str] = []

    def work(context: JobContext) -> None:
        context.progress(0.1, "reading")
        context.progress(0.2, "sorting")
        context.log("sorted by position")
        while service.get(context.job.id, owner="ana").message != "sorting":
            assert context.job.phase is Phase.EXECUTING
        seen.extend(line.text for line in service.log(context.job.id, owner="ana"))

    run(work)
    assert seen == ["sorted by position"]


def test_fractions_beyond_the_ends_are_the_ends(run: Callable[..., str], service: JobService) -> None:
    seen: list[float] = []

    def work(context: JobContext) -> None:
        context.progress(-3.0)
        seen.append(service.get(context.job.id, owner="ana").progress)

    run(work)
    assert seen == [0.0]


def test_a_job_that_was_aborted_learns_of_it_even_when_it_mends_errors(
    run: Callable[..., str], service: JobService
) -> None:
    reached: list[str] = []

    def work(context: JobContext) -> None:
        service.abort(context.job.id, owner="ana")
        try:
            while True:
                context.progress(0.5)
        except Exception:  # noqa: BLE001 - what a careless function does
            reached.append("mended")

    job = service.get(run(work), owner="ana")
    assert (job.phase, job.results, reached) == (Phase.ABORTED, (), [])
    assert issubclass(JobCancelled, BaseException)


def test_results_are_seen_when_the_job_is_completed(run: Callable[..., str], service: JobService) -> None:
    def work(context: JobContext) -> None:
        context.add_result("result", "first")
        context.add_result("other", "second")
        context.add_result("result", "third", "text/csv", 12)
        assert service.get(context.job.id, owner="ana").results == ()

    job = service.get(run(work), owner="ana")
    assert job.results == (JobResult("other", "second"), JobResult("result", "third", "text/csv", 12))


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("can't start new thread"), OSError(errno.ENOMEM, "Cannot allocate memory")],
    ids=["memory", "thread", "map"],
)
def test_a_job_that_runs_out_of_memory_says_so_in_whichever_form(
    run: Callable[..., str], service: JobService, error: Exception
) -> None:
    def work(_context: JobContext) -> None:
        raise error

    told = service.get(run(work), owner="ana").error
    assert told == "This job needed more memory than it may use. Try it with fewer data."


def test_a_failed_job_has_no_results_and_keeps_its_log(run: Callable[..., str], service: JobService) -> None:
    def work(context: JobContext) -> None:
        context.add_result("result", "first")
        context.log("one")
        context.log("two\0")
        raise MemoryError

    job = service.get(run(work), owner="ana")
    assert (job.phase, job.results) == (Phase.ERROR, ())
    assert job.error == "This job needed more memory than it may use. Try it with fewer data."
    assert [line.text for line in service.log(job.id, owner="ana")] == ["one", "two\N{REPLACEMENT CHARACTER}"]


def test_many_threads_of_a_job_may_tell(run: Callable[..., str], service: JobService) -> None:
    def work(context: JobContext) -> None:
        threads = [threading.Thread(target=lambda n=n: context.log(f"{n}")) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    job_id = run(work)
    assert sorted(int(line.text) for line in service.log(job_id, owner="ana")) == list(range(20))


def test_a_kind_that_a_worker_does_not_have_ends_in_error(
    database: Database, service: JobService, tmp_path: Path
) -> None:
    job = service.create("greet", {"name": "Vera"}, owner="ana")
    assert JobRunner(database, {}, owner="elsewhere:1:1", scratch=tmp_path).run(job.id)
    ended = service.get(job.id, owner="ana")
    assert (ended.phase, ended.error) == (Phase.ERROR, "This server cannot run jobs of the kind 'greet'.")


def test_on_end_is_called_with_the_job_as_it_was_stored(
    database: Database, service: JobService, tmp_path: Path
) -> None:
    job = service.create("greet", {"name": "Vera"}, owner="ana")
    assert JobRunner(database, make_kinds(tmp_path), owner="elsewhere:1:1", scratch=tmp_path).run(job.id)
    assert marks(tmp_path) == [f"ended {job.id} COMPLETED"]
