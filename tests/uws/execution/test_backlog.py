"""The order in which the jobs of one process are taken."""

from uws.execution.backlog import WaitingLine


def line_of(*, short: str = "", lengthy: str = "", places: int = 1) -> WaitingLine:
    line = WaitingLine(places)
    for job_id in lengthy:
        line.add(job_id, lengthy=True)
    for job_id in short:
        line.add(job_id, lengthy=False)
    return line


def taken(line: WaitingLine) -> str:
    ids = ""
    while line.has_next:
        ids += line.take()
    return ids


def test_short_jobs_pass_lengthy_ones_and_keep_their_order():
    assert taken(line_of(short="abc", lengthy="xyz", places=3)) == "abcxyz"


def test_lengthy_jobs_leave_a_place():
    line = line_of(lengthy="xyz", places=2)
    assert (taken(line), line.waiting) == ("xy", 1)
    line.add("a", lengthy=False)
    assert line.take() == "a"
    line.done("x")
    assert taken(line) == "z"


def test_a_job_is_known_until_it_is_done():
    line = line_of(short="a")
    assert not line.add("a", lengthy=False)
    line.take()
    assert not line.add("a", lengthy=False)
    assert "a" in line
    line.done("a")
    assert "a" not in line
    assert line.add("a", lengthy=False)


def test_a_job_that_was_taken_is_not_removed_and_can_be_put_back():
    line = line_of(short="ab")
    assert line.take() == "a"
    assert not line.remove("a")
    line.put_back("a")
    assert line.remove("a")
    assert (taken(line), line.remove("z")) == ("b", False)
