"""Definition of a challenge: what its organisers decide, validated and stored as JSON."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import InvalidValueError
from pipelines.validation.configuration import ValidationParameters
from pipelines.validation.metrics import METRICS

__all__ = [
    "PRIVATE",
    "PUBLIC",
    "WHOLE",
    "ChallengeDefinition",
    "ChosenMetric",
    "Limits",
    "Parts",
    "ScoresShown",
    "TaskSet",
    "parse_definition",
]

_MODEL = ConfigDict(extra="forbid", frozen=True)
_METRICS = {metric.name: metric for metric in METRICS}

#: Names of the two parts of a truth, and of both together.
PUBLIC, PRIVATE, WHOLE = "public", "private", "all"

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


class ScoresShown(StrEnum):
    """When scores are shown to those who do not run the challenge."""

    AT_ONCE = "at_once"
    AFTER_CLOSING = "after_closing"
    PRIVATE_AFTER_CLOSING = "private_after_closing"


class Parts(BaseModel):
    """Division of a truth into a public and a private part."""

    model_config = _MODEL

    column: str | None = Field(
        None, max_length=255, description="Column of the truth whose true values (1, true, public) are the public part."
    )
    public_fraction: float = Field(
        0.5, ge=0, le=1, description="Fraction of the objects in the public part, without a column."
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of the division; shown to organisers alone.")


class TaskSet(BaseModel):
    """A task set: test products that participants estimate, and the truth that their estimates are scored on."""

    model_config = _MODEL

    name: Key = Field(description="Name in addresses and tables: small letters, digits, - and _.")
    title: str = Field("", max_length=255, description="Display name.")
    training: tuple[int, ...] = Field((), max_length=20, description="Numbers of the training products.")
    test: tuple[int, ...] = Field(min_length=1, max_length=20, description="Numbers of the test products.")
    truth: int = Field(description="Number of the product with the reference redshifts of the test products.")
    id_column: str = Field("object_id", max_length=255, description="Column of identifiers in all of these tables.")
    redshift_column: str | None = Field(
        None, max_length=255, description="Column of the reference redshifts; by default by its name."
    )
    required_columns: tuple[str, ...] = Field(
        ("zmode",), max_length=20, description="Ancillary columns that a submission must have."
    )
    point: str | None = Field(
        None, max_length=255, description="Point estimate that is scored; by default the first required column."
    )
    needs_densities: bool = Field(default=True, description="Whether a submission must have densities p(z).")
    parts: Parts = Field(Parts(), description="Division of the truth.")

    @property
    def point_column(self) -> str | None:
        """The point estimate that is scored; None for the one that the table has."""
        return self.point or (self.required_columns[0] if self.required_columns else None)


class ChosenMetric(BaseModel):
    """A metric of the board, with its direction and tiers.

    A tier is reached by a value that is at least as good as its threshold; each tier reached is a point. For the
    direction ``target`` a threshold is the largest distance to the target.
    """

    model_config = _MODEL

    name: str = Field(description="Name of the metric, as in the validation pipeline.")
    direction: Literal["lower", "higher", "target"] = Field("lower", description="Which values are better.")
    target: float = Field(0.0, description="The best value, for the direction target.")
    tiers: tuple[float, ...] = Field((), max_length=10, description="Thresholds, in any order.")

    @field_validator("name")
    @classmethod
    def _exists(cls, name: str) -> str:
        if name not in _METRICS:
            raise ValueError(f"there is no metric '{name:.40}'; choose among {', '.join(_METRICS)}")
        return name

    def cost(self, value: float) -> float:
        """Return a number that is smaller for better values."""
        return {"lower": value, "higher": -value, "target": abs(value - self.target)}[self.direction]

    def tier_points(self, value: float | None) -> int:
        """Return the number of tiers that a value reaches."""
        if value is None:
            return 0
        sign = -1 if self.direction == "higher" else 1
        return sum(self.cost(value) <= sign * tier for tier in self.tiers)


class Limits(BaseModel):
    """Limits on submissions; null for none."""

    model_config = _MODEL

    per_day: int | None = Field(
        3, ge=1, description="Submissions of a user to a task set within 24 hours; rejected ones are not counted."
    )
    in_all: int | None = Field(None, ge=1, description="Submissions of a user to a task set in all.")
    max_bytes: int = Field(2_000_000_000, ge=1, description="Largest file.")
    smallest_subset: int = Field(30, ge=2, description="Fewest objects with an estimate of which a metric is computed.")
    shown_decimals: int | None = Field(
        4, ge=1, le=15, description="Decimals of the scores that participants see before the challenge is closed."
    )


class ChallengeDefinition(BaseModel):
    """Definition of a challenge."""

    model_config = _MODEL

    title: str = Field(min_length=1, max_length=255, description="Display name.")
    description: str = Field("", max_length=20_000, description="Markdown.")
    rules: str = Field("", max_length=50_000, description="Rules, in Markdown.")
    tasks: tuple[TaskSet, ...] = Field(min_length=1, max_length=20, description="The task sets.")
    metrics: tuple[ChosenMetric, ...] = Field(
        (
            ChosenMetric(name="bias", direction="target"),
            ChosenMetric(name="sigma_iqr"),
            ChosenMetric(name="outlier_rate"),
            ChosenMetric(name="cde_loss"),
            ChosenMetric(name="pit_ks"),
        ),
        min_length=1,
        max_length=len(METRICS),
        description="The metrics of the board.",
    )
    primary_metric: str | None = Field(None, description="Metric of the ranking; by default the first one.")
    parameters: ValidationParameters = Field(
        ValidationParameters(), description="Parameters of the metrics: grid, bins, resamples, seed, cuts."
    )
    opens_at: AwareDatetime | None = Field(None, description="Time from which submissions are accepted.")
    closes_at: AwareDatetime | None = Field(None, description="Time from which the challenge is closed.")
    limits: Limits = Field(Limits(), description="Limits on submissions.")
    scores_shown: ScoresShown = Field(
        ScoresShown.PRIVATE_AFTER_CLOSING, description="When scores are shown to others than the organisers."
    )
    is_public: bool = Field(default=False, description="Whether people without an account see it and its board.")

    @property
    def primary(self) -> ChosenMetric:
        """The metric of the ranking."""
        name = self.primary_metric or self.metrics[0].name
        return next(metric for metric in self.metrics if metric.name == name)

    def task(self, name: str) -> TaskSet | None:
        """Return the task set of a name, or None."""
        return next((task for task in self.tasks if task.name == name), None)

    def require_task(self, name: str) -> TaskSet:
        """Return the task set of a name, or raise InvalidValueError."""
        task = self.task(name)
        if task is None:
            known = ", ".join(each.name for each in self.tasks)
            raise InvalidValueError(f"There is no task set '{name:.64}'; choose among {known}.", field="task_set")
        return task

    def closed_at(self, now: datetime) -> bool:
        """Return whether the closing time is over."""
        return self.closes_at is not None and self.closes_at <= now

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        for what, names in (
            ("task sets", [task.name for task in self.tasks]),
            ("metrics", [metric.name for metric in self.metrics]),
        ):
            doubled = sorted({name for name in names if names.count(name) > 1})
            if doubled:
                raise ValueError(f"two {what} have the name '{doubled[0]}'")
        if self.primary_metric is not None and self.primary_metric not in {metric.name for metric in self.metrics}:
            raise ValueError(f"the primary metric '{self.primary_metric:.40}' is not among the metrics")
        if self.opens_at is not None and self.closes_at is not None and self.closes_at <= self.opens_at:
            raise ValueError(f"the closing time {self.closes_at} is not after the opening time {self.opens_at}")
        if self.parameters.estimate_cuts:
            raise ValueError("estimate_cuts would let a submission choose its objects; use cuts on the truth")
        if self.parameters.match not in {"auto", "id"}:
            raise ValueError(f"objects of a challenge are matched by identifiers, not by {self.parameters.match}")
        return self


def parse_definition(fields: Mapping[str, Any]) -> ChallengeDefinition:
    """Validate the definition of a challenge; the error names the first wrong field with its place.

    Raises
    ------
    InvalidValueError
        A field is missing, unknown, or has a wrong value.
    """
    try:
        return ChallengeDefinition.model_validate(dict(fields))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "definition"
        if first["type"] == "missing":
            raise InvalidValueError("This field is required.", field=place) from error
        message = first["msg"].removeprefix("Value error, ")
        raise InvalidValueError(f"{message[:1].upper()}{message[1:]}.", field=place) from error
