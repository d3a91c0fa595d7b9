"""Challenges: make them, take part with estimates, look at scores and boards."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, SupportsIndex, TypeAlias

from pzserver.drafts.drafts import Drafts
from pzserver.drafts.sources import Uploadable
from pzserver.errors import InvalidValueError
from pzserver.jobs import FailedJobError
from pzserver.models import Board as BoardModel
from pzserver.models import BoardEntry, Score
from pzserver.models import Challenge as ChallengeModel
from pzserver.models import Submission as SubmissionModel
from pzserver.products.product import Product
from pzserver.products.products import read_pages
from pzserver.tables.records import RecordList

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    import pandas as pd

    from pzserver.catalogue import Catalogue
    from pzserver.connections.connection import Connection
    from pzserver.models import Check

__all__ = ["Board", "Challenge", "Challenges", "Submission"]

#: Estimates to submit: a product (the object, its number or internal name), an ensemble of qp, a table, or a path.
Estimates: TypeAlias = "Product | Uploadable | SupportsIndex"

_LOOK_SECONDS = 1.0
_WAITING = ("checking", "queued")
_ESTIMATES = "photoz_estimates"


class ScoreList(RecordList[Score]):
    """Scores of submissions."""

    _fields = ("task_set", "submission_id", "metric", "subset", "value", "uncertainty", "objects")
    _key = "metric"
    _noun = "metric"


class Submission:
    """A submission to a challenge."""

    def __init__(self, connection: Connection, model: SubmissionModel) -> None:
        self._connection = connection
        #: What the server told last.
        self.record = model

    def __repr__(self) -> str:
        return f"<Submission {self.number} to {self.record.challenge}: {self.record.method}, {self.state}>"

    @property
    def number(self) -> int:
        """Its number."""
        return self.record.id

    @property
    def state(self) -> str:
        """``checking``, ``rejected`` by a check, ``queued``, ``scored``, ``failed`` or ``withdrawn``."""
        return self.record.state

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks, each with a sentence; while the state is ``checking``, the first alone."""
        return self.record.checks

    @property
    def submitted_at(self) -> datetime | None:
        """When it was submitted."""
        return self.record.submitted_at

    @property
    def log(self) -> tuple[str, ...]:
        """Lines of the log of its checks and its scoring."""
        return tuple(self._connection.json("GET", f"{self._path}/log/")["lines"])

    def wait(self, *, timeout: float = 3600) -> Submission:
        """Wait until it is checked and scored, and return it.

        Raises
        ------
        FailedJobError
            It was rejected, its scoring failed, or it was not scored in ``timeout`` seconds; the message has the
            sentences of the checks that did not pass.
        """
        end = time.monotonic() + timeout
        while self.reload().state in _WAITING:
            if time.monotonic() > end:
                raise FailedJobError(f"The submission {self.number} was not scored in {timeout:g} s.")
            time.sleep(_LOOK_SECONDS)
        if self.state in {"rejected", "failed"}:
            reasons = [check.sentence for check in self.checks if not check.passed] + [self.record.error or ""]
            raise FailedJobError(f"The submission {self.number} is {self.state}: {' '.join(filter(None, reasons))}")
        return self

    def scores(self) -> ScoreList:
        """Return the scores that you may see now."""
        results = self._connection.json("GET", f"{self._path}/scores/")["results"]
        return ScoreList(Score.from_json(item) for item in results)

    def withdraw(self) -> Submission:
        """Withdraw it from the board, and return it."""
        return self._update("POST", "/withdraw/")

    def reload(self) -> Submission:
        """Ask the server for its state, and return it."""
        return self._update("GET", "/")

    @property
    def _path(self) -> str:
        return f"challenges/{self.record.challenge}/submissions/{self.number}"

    def _update(self, method: str, part: str) -> Submission:
        self.record = SubmissionModel.from_json(self._connection.json(method, f"{self._path}{part}"))
        return self


class SubmissionList(RecordList[Submission]):
    """Submissions, the newest first."""

    _fields = ("number", "state", "submitted_at")
    _key = "number"
    _noun = "submission"


class Board(RecordList[BoardEntry]):
    """Submissions to a task set, ranked by a metric.

    Attributes
    ----------
    record
        The board as the server told it: metric, subset, and which of them there are.
    """

    _fields = ("rank", "medal", "method", "user", "points", "submission_id")
    _key = "method"
    _noun = "method"

    def __init__(self, model: BoardModel) -> None:
        super().__init__(model.results)
        self.record = model

    def to_pandas(self) -> pd.DataFrame:
        """Return the board as a frame: a row a submission, with a column a metric and one for its uncertainty."""
        frame = super().to_pandas()
        for name in self.record.metrics:
            scores = [entry.values.get(name) for entry in self]  # noqa: PD011 - of an entry, not of a frame
            frame[name] = [None if score is None else score.value for score in scores]
            frame[f"{name}_uncertainty"] = [None if score is None else score.uncertainty for score in scores]
        return frame


class Challenge:
    """A challenge: methods estimate the redshifts of test sets, and are scored on truths that nobody else sees."""

    def __init__(self, connection: Connection, catalogue: Catalogue, model: ChallengeModel) -> None:
        self._connection = connection
        self._catalogue = catalogue
        #: What the server told of it: rules, task sets, metrics, limits, times.
        self.record = model

    def __repr__(self) -> str:
        return f"<Challenge {self.name}: {self.record.title} ({self.record.state})>"

    @property
    def name(self) -> str:
        """Its name in addresses."""
        return self.record.name

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of its task sets."""
        return tuple(str(task["name"]) for task in self.record.tasks)

    def training(self, task: str = "") -> tuple[Product, ...]:
        """Return the training products of a task set; it may be left out if there is one alone."""
        return self._products(task, "training")

    def test(self, task: str = "") -> tuple[Product, ...]:
        """Return the test products of a task set, whose redshifts are to be estimated."""
        return self._products(task, "test")

    def submit(
        self,
        estimates: Estimates,
        *,
        method: str,
        task: str = "",
        description: str = "",
        code: str = "",
        training_set: Product | int | None = None,
        authors: Iterable[str] = (),
        seconds: float | None = None,
        progress: bool = False,
    ) -> Submission:
        """Submit estimates, and return the submission, which the server checks, and scores if it passes.

        Parameters
        ----------
        estimates
            A product of yours, an ensemble of qp, a table, or a file. What is no product yet is uploaded as a
            private draft, which you may publish or discard afterwards: the submission has a copy.
        method
            Name of the method.
        task
            Task set; may be left out if there is one alone.
        code
            Address of the code.
        seconds
            Time that the estimation took.

        Raises
        ------
        InvalidValueError
            The challenge is not open, a limit is reached, or a value is wrong; the message says which.
        """
        fields: dict[str, object] = {
            "task_set": task,
            "product": self._product_of(estimates, method, progress=progress),
            "method": method,
            "description": description,
            "code": code,
            "authors": list(authors),
            "seconds": seconds,
            "training_set": training_set.number if isinstance(training_set, Product) else training_set,
        }
        made = self._connection.json("POST", f"challenges/{self.name}/submissions/", json=fields)
        return Submission(self._connection, SubmissionModel.from_json(made))

    def set_state(self, state: str) -> Challenge:
        """Make it ``open``, ``closed``, ``published`` or again a ``draft``, as an organiser, and return it.

        Raises
        ------
        InvalidValueError
            The state does not follow the present one, or a truth has other objects than its test set.
        """
        changed = self._connection.json("PATCH", f"challenges/{self.name}/", json={"state": state})
        self.record = ChallengeModel.from_json(changed)
        return self

    def submissions(self) -> SubmissionList:
        """List your submissions; all of them for organisers."""
        found = read_pages(self._connection, f"challenges/{self.name}/submissions/", {})
        return SubmissionList(Submission(self._connection, SubmissionModel.from_json(item)) for item in found)

    def board(self, task: str = "", *, metric: str = "", subset: str = "") -> Board:
        """Return the board of a task set, ranked by its primary metric or another one."""
        parameters = {"task_set": task, "metric": metric, "subset": subset}
        return Board(
            BoardModel.from_json(self._connection.json("GET", f"challenges/{self.name}/board/", params=parameters))
        )

    def _products(self, task: str, role: str) -> tuple[Product, ...]:
        if not task and len(self.record.tasks) == 1:
            task = self.tasks[0]
        for each in self.record.tasks:
            if each["name"] == task:
                return tuple(Product(self._connection, self._catalogue, int(number)) for number in each[role])
        raise InvalidValueError(f"There is no task set '{task}'; there are {', '.join(self.tasks)}.")

    def _product_of(self, estimates: Estimates, method: str, *, progress: bool) -> int:
        if isinstance(estimates, Product):
            return estimates.number
        if isinstance(estimates, SupportsIndex) or (isinstance(estimates, str) and not Path(estimates).exists()):
            return self._catalogue.number(estimates)
        drafts = Drafts(self._connection, self._catalogue)
        name = f"{method}, submitted to {self.name}"
        draft = drafts.create(
            estimates, name=name, product_type=_ESTIMATES, columns={}, visibility="private", progress=progress
        )
        return draft.number


class Challenges:
    """The challenges that you may see."""

    def __init__(self, connection: Connection, catalogue: Catalogue) -> None:
        self._connection = connection
        self._catalogue = catalogue

    def __repr__(self) -> str:
        return f"<Challenges: {', '.join(challenge.name for challenge in self) or 'none'}>"

    def __iter__(self) -> Iterator[Challenge]:
        for item in read_pages(self._connection, "challenges/", {}):
            yield Challenge(self._connection, self._catalogue, ChallengeModel.from_json(item))

    def create(
        self, name: str, definition: Mapping[str, object], *, organisers: Iterable[str] = (), groups: Iterable[str] = ()
    ) -> Challenge:
        """Make a challenge as a draft, as an administrator.

        Parameters
        ----------
        name
            Name in addresses: small letters, digits, - and _.
        definition
            Its title, task sets, metrics and so on.
        organisers
            Accounts that run it.
        groups
            Groups whose members take part; all users without any.

        Raises
        ------
        InvalidValueError
            A value is wrong, or there is one of this name; the message says which.
        """
        body = {**definition, "name": name, "organisers": list(organisers), "groups": list(groups)}
        made = self._connection.json("POST", "challenges/", json=body)
        return Challenge(self._connection, self._catalogue, ChallengeModel.from_json(made))

    def __getitem__(self, name: str) -> Challenge:
        """Return a challenge by its name.

        Raises
        ------
        NotFoundError
            There is no such challenge, or you may not see it.
        """
        from urllib.parse import quote

        found = self._connection.json("GET", f"challenges/{quote(name, safe='')}/")
        return Challenge(self._connection, self._catalogue, ChallengeModel.from_json(found))
