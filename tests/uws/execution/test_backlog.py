"""The order in which the jobs of one process are taken."""

from uws.execution.backlog import Backlog


def line_of(*, short: str = "", long_running: str = "", places: int = 1) -> Backlog:
    line = Backlog(places)
    for job_id in long_running:
        line.add(job_id, long_running=True)
    for job_id in short:
        line.add(job_id, long_running=False)
    return line


def taken(line: Backlog) -> str:
    ids = ""
    while line.has_next:
        ids += line.take()
    return ids


def test_short_jobs_pass_lengthy_ones_and_keep_their_order():
    assert taken(line_of(short="abc", long_running="xyz", places=3)) == "abcxyz"


def test_lengthy_jobs_leave_a_place():
    line = line_of(long_running="xyz", places=2)
    assert (taken(line), line.waiting) == ("xy", 1)
    line.add("a", long_running=False)
    assert line.take() == "a"
    line.done("x")
    assert taken(line) == "z"


def test_a_job_is_known_until_it_is_done():
    line = line_of(short="a")
    assert not line.add("a", long_running=False)
    line.take()
    assert not line.add("a", long_running=False)
    assert "a" in line
    line.done("a")
    assert "a" not in line
    assert line.add("a", long_running=False)


def test_a_job_that_was_taken_is_not_removed_and_can_be_put_back():
    line = line_of(short="ab")
    assert line.take() == "a"
    assert not line.remove("a")
    line.put_back("a")
    assert line.remove("a")
    assert (taken(line), line.remove("z")) == ("b", False)
