"""Lists of jobs of the library: which requests they take, and their order."""

from dataclasses import dataclass, field

from pzserver.jobs import Jobs

_SPACES = 'xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
_LIST = f'<uws:jobs {_SPACES} version="1.1">{{jobs}}</uws:jobs>'
_JOB = '<uws:jobref id="{name}"><uws:phase>{phase}</uws:phase><uws:creationTime>{time}</uws:creationTime></uws:jobref>'


@dataclass
class _Answer:
    content: bytes


@dataclass
class _Connection:
    base_url: str = "http://pz.example.org"
    asked: list[str] = field(default_factory=list)

    def json(self, _method: str, path: str) -> dict[str, list[dict[str, str]]]:
        self.asked.append(path)
        return {"results": [{"name": "combine"}]}

    def request(self, _method: str, url: str) -> _Answer:
        path = url.removeprefix(self.base_url)
        self.asked.append(path)
        jobs = {
            "/tap/async": _JOB.format(name="old", phase="COMPLETED", time="2020-01-01T00:00:00Z"),
            "/pipelines/combine": _JOB.format(name="new", phase="EXECUTING", time="2020-01-02T00:00:00Z"),
        }
        return _Answer(_LIST.format(jobs=jobs.get(path, "")).encode())


def test_each_list_of_jobs_is_asked_for_once():
    connection = _Connection()

    found = Jobs(connection).list()

    assert [(job.id, job.kind) for job in found] == [("new", "combine"), ("old", "query")]
    assert len(connection.asked) == len(set(connection.asked))
    assert [job.id for job in Jobs(connection).list(phase="COMPLETED")] == ["old"]
