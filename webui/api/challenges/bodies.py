"""Bodies of requests about challenges."""

from collections.abc import Mapping
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

from pipelines.challenges.models import ChallengeState, SubmittedMethod
from pipelines.challenges.submissions import NewSubmission

__all__ = ["ChallengeBody", "ChallengePatch", "SubmissionBody"]


class ChallengePatch(BaseModel):
    """Body that changes a challenge; fields of the definition stand beside these."""

    model_config = ConfigDict(extra="allow")

    organisers: list[str] | None = Field(None, description="Accounts that run the challenge.")
    groups: list[str] | None = Field(None, description="Groups whose members take part; all users without any.")
    state: ChallengeState | None = Field(None, description="draft, open, closed or published.")

    @property
    def definition(self) -> Mapping[str, Any]:
        """The given fields of the definition."""
        return self.model_extra or {}


class ChallengeBody(ChallengePatch):
    """Body that makes a challenge; fields of the definition stand beside these."""

    name: str = Field(description="Name in addresses: small letters, digits, - and _.")


class SubmissionBody(BaseModel):
    """Body that submits; with a file these are fields of the form, before the file."""

    model_config = ConfigDict(extra="forbid")

    task_set: str = Field("", max_length=64, description="Task set; may be left out if there is one alone.")
    product: int | str | None = Field(None, description="Number or internal name of a product of yours.")
    method: str = Field(
        min_length=1, max_length=100, description="Name of the method.", validation_alias=AliasChoices("method", "name")
    )
    description: str = Field("", max_length=20_000, description="Markdown.")
    code: str = Field("", max_length=500, description="Address of the code.", pattern=r"^(https?://\S+)?$")
    training_set: int | None = Field(None, description="Number of the product that it was trained on.")
    authors: tuple[str, ...] = Field((), max_length=500, description="Names; in a form one a line.")
    seconds: float | None = Field(None, ge=0, lt=1e12, description="Time that the estimation took.")

    @field_validator("authors", mode="before")
    @classmethod
    def _lines(cls, value: object) -> object:
        return [line.strip() for line in value.splitlines() if line.strip()] if isinstance(value, str) else value

    @field_validator("training_set", "seconds", "product", mode="before")
    @classmethod
    def _blank_is_none(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value

    @property
    def new(self) -> NewSubmission:
        """The submission."""
        method = SubmittedMethod(
            self.method, self.description, self.code, self.training_set, self.authors, self.seconds
        )
        return NewSubmission(self.task_set, method)
