"""Models of the flags translation file: rules from survey flags to homogenised flags and instrument types.

The file format is that of ``flags_translation.yaml`` of the Combine Redshift Catalogs pipeline: files written for it
are accepted as they are. Quality flags are 0 none, 1 below 70 %, 2 70 to 90 %, 3 90 to 99 %, 4 above 99 % confidence,
and 6 for stars and whatever else is not extragalactic; instruments are s (spectra), g (grism) and p (photometry).
"""

import math
from collections.abc import Mapping
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import InvalidValueError
from pipelines.expressions import Expression
from pipelines.inputs.yaml_documents import read_yaml

__all__ = [
    "FLAGS",
    "INSTRUMENTS",
    "Condition",
    "FlagsTranslation",
    "SurveyRules",
    "Translation",
    "sentences_of",
]

#: The homogenised quality flags, and the instrument types.
FLAGS = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0)
INSTRUMENTS = ("s", "g", "p")

_MODEL = ConfigDict(extra="forbid", frozen=True)


def _outcome(value: object) -> object:
    # Texts are instruments; YAML reads a bare y or n as a truth, which is neither.
    return value.strip().lower() if isinstance(value, str) else value


Outcome = Annotated[float | Literal["s", "g", "p"], BeforeValidator(_outcome)]


class Condition(BaseModel):
    """A condition on columns, and the outcome where it holds."""

    model_config = _MODEL

    expr: str = Field(description="Condition on columns as they are named after mapping, for example 'z_err < 0.001'.")
    value: Outcome = Field(description="What a row gets for which the condition holds.")

    @field_validator("expr")
    @classmethod
    def _readable(cls, text: str) -> str:
        try:
            Expression(text)
        except InvalidValueError as error:
            raise ValueError(error.message) from error
        return text

    @cached_property
    def expression(self) -> Expression:
        """The condition, parsed."""
        return Expression(self.expr)


class Translation(BaseModel):
    """Rules for one homogenised value: a default, then single flags, then conditions; the last match wins."""

    model_config = _MODEL

    values: Mapping[float, Outcome] = Field({}, description="Outcome of each value of z_flag.")
    conditions: tuple[Condition, ...] = Field((), description="Conditions, of which the last that holds wins.")
    default: Outcome | None = Field(None, description="Outcome where no other rule matches; none by default.")

    @model_validator(mode="before")
    @classmethod
    def _flags_are_keys(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        sorted_out: dict[str, Any] = {"values": dict(data.get("values", {}))}
        for key, value in data.items():
            number = _flag(key)
            if number is None:
                sorted_out.setdefault(str(key), value)
            else:
                sorted_out["values"][number] = value
        return sorted_out

    @property
    def outcomes(self) -> list[float | str]:
        """All outcomes that the translation can give."""
        given: list[float | str] = [*self.values.values(), *(condition.value for condition in self.conditions)]
        if self.default is not None:
            given.append(self.default)
        return given


class SurveyRules(BaseModel):
    """The rules of one survey."""

    model_config = _MODEL

    z_flag_translation: Translation | None = Field(None, description="How z_flag becomes z_flag_homogenized.")
    instrument_type_translation: Translation | None = Field(
        None, description="How rows get their instrument_type_homogenized."
    )

    @model_validator(mode="after")
    def _known_outcomes(self) -> "SurveyRules":
        for translation, known in (
            (self.z_flag_translation, FLAGS),
            (self.instrument_type_translation, INSTRUMENTS),
        ):
            wrong = [outcome for outcome in (translation.outcomes if translation else []) if outcome not in known]
            if wrong:
                message = f"{wrong[0]!r} is not one of {', '.join(f'{value}' for value in known)}"
                raise ValueError(message)
        return self


class FlagsTranslation(BaseModel):
    """The rules file, with its parameters of matching."""

    model_config = _MODEL

    tiebreaking_priority: tuple[str, ...] = Field(
        ("z_flag_homogenized", "instrument_type_homogenized"),
        description="Columns that decide between duplicates, the first first; the higher value is kept.",
    )
    delta_z_threshold: float = Field(
        0.001, ge=0, description="Redshifts of duplicates closer than this agree, and one of them is kept; 0 is off."
    )
    crossmatch_radius_arcsec: float = Field(
        0.5, gt=0, le=3600, description="Rows closer than this are one object, in arcseconds."
    )
    crossmatch_n_neighbors: int = Field(
        10, ge=1, description="Accepted and not used: every neighbour within the radius counts, however many there are."
    )
    instrument_type_priority: Mapping[str, float] = Field(
        {"s": 3, "g": 2, "p": 1}, description="Rank of each instrument type; the higher is kept, others rank 0."
    )
    save_expr_columns: bool = Field(
        default=False, description="Whether the columns that the conditions used stay in the result."
    )
    expr_column_schema: Mapping[str, Literal["str", "float", "int", "bool"]] = Field(
        {}, description="Types of those columns in the result."
    )
    translation_rules: Mapping[str, SurveyRules] = Field({}, description="Rules of each survey, in any case.")

    @field_validator("translation_rules", mode="before")
    @classmethod
    def _names_are_texts(cls, rules: Any) -> Any:
        if not isinstance(rules, Mapping):
            return rules
        named: dict[str, Any] = {}
        for survey, value in rules.items():
            name = str(survey).strip().upper()
            if name in named:
                message = f"the survey {name} has rules twice"
                raise ValueError(message)
            named[name] = value
        return named

    @classmethod
    def from_yaml(cls, text: str | bytes, name: str = "flags_translation.yaml") -> "FlagsTranslation":
        """Read a file of rules.

        Raises
        ------
        InvalidValueError
            When it is no YAML, has keys that no rule has, or conditions that cannot be read.
        """
        try:
            return cls.model_validate(read_yaml(text, name))
        except ValidationError as error:
            raise InvalidValueError(f"The rules {name} are not valid: {sentences_of(error)}") from error

    @classmethod
    def default(cls) -> "FlagsTranslation":
        """Return the default rules of this server."""
        return _default_rules()

    @classmethod
    def default_text(cls) -> str:
        """Return the text of the default rules of this server."""
        return (files("pipelines.combine") / "flags_translation.yaml").read_text("utf-8")


@cache
def _default_rules() -> FlagsTranslation:
    return FlagsTranslation.from_yaml(FlagsTranslation.default_text())


def sentences_of(error: ValidationError) -> str:
    """Return the errors of a Pydantic validation as sentences with locations."""
    places = [
        f"{'.'.join(str(part) for part in found['loc']) or 'the file'}: {found['msg'].removeprefix('Value error, ')}"
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    more = f" (and {len(places) - 5} more)" if len(places) > 5 else ""
    return "; ".join(places[:5]) + more + "."


def _flag(key: object) -> float | None:
    if isinstance(key, bool):
        return None
    try:
        number = float(key)  # type: ignore[arg-type]  # other values are handled below
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
