"""Configuration of Combine Redshift Catalogs: every parameter, with its unit, bounds and default.

A ``config.yaml`` of the pipeline that the public Photo-z Server runs is accepted as it is.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import InvalidValueError
from pipelines.combine.rules import FlagsTranslation, sentences_of
from pipelines.inputs.configuration import PipelineConfiguration
from pipelines.inputs.yaml_documents import read_yaml
from pipelines.outputs import OUTPUT_LABELS, checked_output_name

__all__ = [
    "RESERVED",
    "CatalogueColumns",
    "CatalogueInput",
    "CombineConfiguration",
    "CombineParameters",
    "ExtraColumn",
    "load_configuration",
    "load_rules",
    "rules_text",
]

_MODEL = ConfigDict(extra="forbid", frozen=True)

_TYPES: Mapping[str, str] = {"int64": "int", "float64": "float", "double": "float", "string": "str", "boolean": "bool"}

_DEFAULT_RULES = "flags_translation.yaml"
#: Columns of the result, which extra columns cannot replace.
RESERVED = frozenset(
    {
        "CRD_ID", "id", "ra", "dec", "z", "z_flag", "z_err", "instrument_type", "survey", "source", "tie_result",
        "tie_reason", "is_in_DP1_fields", "is_in_rubin_footprint", "compared_to", "z_flag_homogenized",
        "instrument_type_homogenized", "group_id",
    }
)  # fmt: skip


class CatalogueColumns(BaseModel):
    """Columns of a catalogue by their meaning; None where the catalogue has no such column."""

    model_config = _MODEL

    id: str | None = Field(None, description="Identifier of the object in its catalogue.")
    ra: str | None = Field(None, description="Right ascension (ICRS), in degrees.")
    dec: str | None = Field(None, description="Declination (ICRS), in degrees.")
    z: str | None = Field(None, description="Redshift.")
    z_flag: str | None = Field(None, description="Quality flag of the redshift, in the survey's own system.")
    z_err: str | None = Field(None, description="Error of the redshift.")
    survey: str | None = Field(None, description="Name of the survey of each row, which selects its rules.")
    instrument_type: str | None = Field(None, description="Kind of instrument: s, g or p.")
    z_flag_homogenized: str | None = Field(None, description="Quality flag in the homogenised system.")
    instrument_type_homogenized: str | None = Field(None, description="Kind of instrument, homogenised.")


class CatalogueInput(BaseModel):
    """One redshift catalogue."""

    model_config = _MODEL

    path: str = Field("", description="The file, relative to the configuration file.")
    internal_name: str = Field(
        pattern=r"^\d+_.+", description="Internal name of the product; its number becomes part of each CRD_ID."
    )
    format: str | None = Field(None, description="Accepted and not used: the format of a file is found out.")
    columns: CatalogueColumns = Field(description="Columns by their meaning.")

    @property
    def number(self) -> str:
        """The leading digits of the internal name."""
        return self.internal_name.partition("_")[0]


class CatalogueInputs(BaseModel):
    """The inputs of the pipeline."""

    model_config = _MODEL

    specz: tuple[CatalogueInput, ...] = Field(min_length=1, description="Redshift catalogues, in any order.")

    @field_validator("specz")
    @classmethod
    def _numbers_differ(cls, catalogues: tuple[CatalogueInput, ...]) -> tuple[CatalogueInput, ...]:
        seen: dict[str, str] = {}
        for catalogue in catalogues:
            other = seen.setdefault(catalogue.number, catalogue.internal_name)
            if other is not catalogue.internal_name:
                message = f"{other} and {catalogue.internal_name} begin with the same number; CRD_ID would repeat"
                raise ValueError(message)
        return catalogues


class ExtraColumn(BaseModel):
    """An extra column to copy to the result."""

    model_config = _MODEL

    type: Literal["str", "float", "int", "bool"] = Field(description="Type of the column in the result.")
    source: str | None = Field(None, description="Column of the catalogues; by default the one of the same name.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        data = {"type": data} if isinstance(data, str) else data
        if isinstance(data, dict) and isinstance(data.get("type"), str):
            return {**data, "type": _TYPES.get(data["type"].lower(), data["type"].lower())}
        return data


class CombineParameters(BaseModel):
    """Parameters of the combination."""

    model_config = _MODEL

    combine_type: Literal["concatenate", "concatenate_and_mark_duplicates", "concatenate_and_remove_duplicates"] = (
        Field("concatenate", description="Whether duplicates are ignored, marked, or removed.")
    )
    tie_treatment_option: Literal["remove_all", "keep_all", "draw_one"] = Field(
        "remove_all",
        description="If duplicates are removed and no rule decides between some: keep none, all, or one at random.",
    )
    random_seed: int = Field(0, ge=0, lt=2**63, description="Random seed of draw_one.")
    z_flag_homogenized_value_to_cut: float | None = Field(
        None,
        description="Minimum homogenised quality flag, from 1 to 6; 0 or none keeps all. Stars (6) pass.",
    )
    extra_columns: Mapping[str, ExtraColumn] = Field(
        {}, description="Columns to copy to the result: name: type, or name: {source: column, type: type}."
    )
    flags_translation_file: str | None = Field(
        None, description="Rules file, relative to the configuration; by default the rules of this server."
    )
    insert_DP1_footprint_flag: bool = Field(  # noqa: N815 - the name that users' files have
        default=False, description="Whether to add the column is_in_DP1_fields, for the fields of Data Preview 1."
    )
    insert_rubin_footprint_flag: bool = Field(
        default=True, description="Whether to add the column is_in_rubin_footprint, for the footprint of the LSST."
    )
    crossmatch_radius_arcsec: float | None = Field(
        None,
        gt=0,
        le=3600,
        description="Rows closer than this are one object, in arcseconds; by default as in the rules.",
    )
    delta_z_threshold: float | None = Field(
        None, ge=0, description="Redshifts of duplicates closer than this agree; by default as in the rules."
    )
    tiebreaking_priority: tuple[str, ...] | None = Field(
        None, description="Columns that decide between duplicates; by default as in the rules."
    )
    drop_empty_columns: bool = Field(
        default=False, description="Whether columns without any value are left out, as the public server does."
    )
    prepare_max_inflight: int = Field(5, ge=1, description="Accepted but not used.")
    auto_cross_max_inflight: int = Field(2, ge=1, description="Accepted but not used.")
    cross_max_inflight: int = Field(2, ge=1, description="Accepted but not used.")

    @field_validator("z_flag_homogenized_value_to_cut")
    @classmethod
    def _cut_is_a_flag(cls, cut: float | None) -> float | None:
        if cut is not None and cut != 0 and not 1 <= cut <= 6:
            message = f"must be from 1 to 6, or 0 or none for no cut, not {cut:g}"
            raise ValueError(message)
        return cut or None

    @field_validator("extra_columns")
    @classmethod
    def _not_reserved(cls, columns: Mapping[str, ExtraColumn]) -> Mapping[str, ExtraColumn]:
        taken = sorted(RESERVED.intersection(columns))
        if taken:
            message = f"{taken[0]} is a column of every result; give the extra column another name"
            raise ValueError(message)
        return columns


class CombineConfiguration(PipelineConfiguration):
    """The whole configuration file."""

    inputs: CatalogueInputs = Field(description="The redshift catalogues.")
    output_name: str = Field("crd", pattern=r"^[\w. +-]+$", description="Name of the result, without its suffix.")
    output_format: Annotated[str, AfterValidator(checked_output_name)] = Field(
        "parquet", description="Format of the result.", json_schema_extra={"enum": [*OUTPUT_LABELS]}
    )
    param: CombineParameters = Field(CombineParameters(), description="Parameters of the pipeline.")


def load_configuration(path: Path) -> CombineConfiguration:
    """Read a configuration file.

    Raises
    ------
    InvalidValueError
        When the file is no YAML, or has a key or a value that no configuration has.
    """
    try:
        return CombineConfiguration.model_validate(read_yaml(path.read_bytes(), path.name))
    except ValidationError as error:
        raise InvalidValueError(f"The configuration {path.name} is not valid: {sentences_of(error)}") from error


def load_rules(configuration: CombineConfiguration, folder: Path) -> FlagsTranslation:
    """Read the rules file of a configuration, relative to its folder; by default the rules of this server.

    Raises
    ------
    InvalidValueError
        When the file is not there, or is no file of rules.
    """
    text = rules_text(configuration, lambda name: (folder / name).read_bytes())
    return FlagsTranslation.from_yaml(text, configuration.param.flags_translation_file or _DEFAULT_RULES)


def rules_text(configuration: CombineConfiguration, read: Callable[[str], str | bytes]) -> str:
    """Read the text of the rules of a configuration with a given function; by default the rules of this server.

    Raises
    ------
    InvalidValueError
        When the file is not there, or is no UTF-8 text.
    """
    name = configuration.param.flags_translation_file
    if name is None:
        return FlagsTranslation.default_text()
    try:
        found = read(name)
        return found if isinstance(found, str) else found.decode("utf-8-sig")
    except OSError as error:
        raise InvalidValueError(
            f"The rules file {name} cannot be read: {error.strerror}.", field="flags_translation_file"
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidValueError(f"The rules file {name} is not UTF-8 text.", field="flags_translation_file") from error
