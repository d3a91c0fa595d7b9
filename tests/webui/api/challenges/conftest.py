"""A server with an organiser, participants, a truth that is public but for the challenge, and its test set."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from core.auth.models import Scope
from products.models import Product, Visibility
from tests.pipelines.challenges.samples import definition_of, marked_truth, objects_file, submission_file
from tests.pipelines.runs.published import publish
from tests.server.application import Application, running_application
from tests.support.waiting import wait_for

PARTICIPANTS = ("alice", "bob", "carol")


@dataclass(frozen=True, slots=True)
class Arena:
    """A running application, with the tokens of its people."""

    app: Application
    tokens: Mapping[str, str]
    truth: Product
    test: Product
    folder: Path
    made: list[str] = field(default_factory=list)

    def ask(self, who: str, method: str, path: str, **sent: Any) -> httpx2.Response:
        headers = {} if who == "nobody" else {"Authorization": f"Bearer {self.tokens[who]}"}
        self.app.client.cookies.clear()
        return self.app.client.request(method, path, headers=headers, **sent)

    def json(self, who: str, method: str, path: str, *, status: int = 200, **sent: Any) -> Any:
        answer = self.ask(who, method, f"/api/challenges{path}", **sent)
        assert answer.status_code == status, f"{answer.status_code} {answer.text[:600]}"
        return answer.json() if answer.content else None

    def make(self, name: str, *, state: str = "open", organisers: tuple[str, ...] = ("olga",), **values: Any) -> str:
        """Make a challenge, and open it; whatever a challenge before hid stays hidden until `end`."""
        groups = values.pop("groups", [])
        definition = definition_of(self.test.id, self.truth.id, **values)
        body = {"name": name, "organisers": [*organisers], "groups": groups, **definition}
        self.json("admin", "POST", "/", status=201, json=body)
        self.made.append(name)
        if state != "draft":
            self.json("olga", "PATCH", f"/{name}/", json={"state": state})
        return name

    def end(self) -> None:
        """Publish or delete the challenges that were made, so that the truth is hidden no longer."""
        for name in self.made:
            state = self.json("admin", "GET", f"/{name}/")["state"]
            if state == "draft":
                self.json("admin", "DELETE", f"/{name}/", status=204)
                continue
            for following in {"open": ("closed", "published"), "closed": ("published",)}.get(state, ()):
                self.json("admin", "PATCH", f"/{name}/", json={"state": following})
        self.made.clear()

    def send(
        self, who: str, name: str, change: Callable[[dict[str, Any]], None] | None = None, **fields: Any
    ) -> httpx2.Response:
        """Submit a file in a form."""
        path = submission_file(self.folder, change)
        data = {"method": f"method of {who}", **fields}
        files = {"file": (f"{who}.hdf5", path.read_bytes())}
        return self.ask(who, "POST", f"/api/challenges/{name}/submissions/", data=data, files=files)

    def scored(self, who: str, name: str, number: int) -> dict[str, Any]:
        """Wait until a submission has ended, and return it."""
        found: dict[str, Any] = {}

        def ended() -> bool:
            found.update(self.json(who, "GET", f"/{name}/submissions/{number}/"))
            return found["state"] not in {"checking", "queued"}

        wait_for(ended, seconds=120)
        return found


def shifted(offset: float) -> Callable[[dict[str, Any]], None]:
    """Return a change of a submission that is biased, and whose bytes differ therefore."""

    def change(arrays: dict[str, Any]) -> None:
        arrays["ancil/zmode"] = arrays["ancil/zmode"] + offset
        arrays["data/yvals"] = np.roll(arrays["data/yvals"], round(offset * 120), axis=1)

    return change


@pytest.fixture(scope="module")
def arena(module_database_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    folder = tmp_path_factory.mktemp("challenges")
    chosen: dict[str, Any] = {"database_url": module_database_url} if module_database_url else {}
    with running_application(folder / "data", **chosen) as app:
        accounts, tokens = app.services.accounts.service, {}
        for name in ("admin", "olga", *PARTICIPANTS):
            accounts.add_user(name, None, is_admin=name == "admin")
            tokens[name] = app.token(name, Scope.ADMIN if name == "admin" else Scope.WRITE)
        tokens["alice reading"] = app.token("alice", Scope.READ)
        olga = accounts.identity_of_user("olga")
        truth = marked_truth(folder / "truth")
        objects = objects_file(folder, truth)
        known = {"object_id": "id", "redshift": "z"}
        yield Arena(
            app,
            tokens,
            publish(app.services, olga, "Truth", _NOTHING, kind="training_set", path=truth, meanings=known,
                    visibility=Visibility.PUBLIC),
            publish(app.services, olga, "Test set", _NOTHING, kind="photoz_estimates", path=objects,
                    meanings={"object_id": "id"}),
            folder / "submissions",
        )  # fmt: skip


_NOTHING: Any = None  # instead of a table: the file is at a path
