"""`PipelineConfiguration`: the common fields of configuration files, and their values in a run on the server."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.errors import InvalidValueError
from pipelines.inputs.yaml_documents import read_yaml
from pipelines.outputs import output_format_of, output_name_for

if TYPE_CHECKING:  # the look-up of inputs loads the database, which runs on files do not need
    from pipelines.inputs.lookup import RunInput

__all__ = [
    "PipelineConfiguration",
    "TableColumns",
    "TableInput",
    "configuration_document",
    "entry_of",
    "format_of",
    "read_configuration",
    "read_model",
    "refuse_meanings",
]


class TableInput(BaseModel):
    """A table that a configuration names; pipelines add what its columns mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field("", description="The file, relative to the configuration file.")
    internal_name: str | None = Field(None, description="Internal name of the product.")

    @property
    def label(self) -> str:
        """Name in sentences."""
        return self.internal_name or Path(self.path).name


class TableColumns(BaseModel):
    """Columns of a table by their meaning; null where they are to be found out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str | None = Field(None, description="Identifier of the object.")
    ra: str | None = Field(None, description="Right ascension (ICRS), in degrees.")
    dec: str | None = Field(None, description="Declination (ICRS), in degrees.")


class PipelineConfiguration(BaseModel):
    """The configuration file of a run (``config.yaml``).

    Each pipeline has a subclass that gives ``inputs`` and ``param`` models of their own, and may narrow the others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    executor: Mapping[str, Any] | None = Field(
        None, description="Accepted and not used: how the public server starts its Dask workers."
    )
    inputs: BaseModel = Field(description="The catalogues.")
    output_root_dir: str = Field(".", description="Folder of the output folder.")
    output_dir: str = Field("outputs", description="Folder of the result.")
    output_name: str = Field("result", pattern=r"^[^/\\\x00]+$", description="Name of the result, without its suffix.")
    output_format: str | None = Field(
        None, description="Format of the result; null or 'specz' is that of the first input."
    )
    param: BaseModel = Field(description="What is done to the catalogues.")

    @field_validator("output_format")
    @classmethod
    def _format_is_known(cls, name: str | None) -> str | None:
        if name not in {None, "specz", "hats"}:
            try:
                output_format_of(str(name))
            except InvalidValueError as error:
                raise ValueError(error.message) from error
        return name


ConfigurationT = TypeVar("ConfigurationT", bound=PipelineConfiguration)
_ModelT = TypeVar("_ModelT", bound=BaseModel)


def read_configuration(model: type[ConfigurationT], text: bytes, name: str) -> ConfigurationT:
    """Read the text of a configuration file of a pipeline, as `read_model` does."""
    return read_model(model, text, name)


def read_model(model: type[_ModelT], text: bytes, name: str) -> _ModelT:
    """Read the text of a configuration file.

    Raises
    ------
    InvalidValueError
        The text is not YAML, or has an unknown key or an invalid value.
    """
    try:
        return model.model_validate(read_yaml(text, name))
    except ValidationError as error:
        raise InvalidValueError(f"The configuration {name} is not valid: {_sentences_of(error)}") from error


def configuration_document(configuration: BaseModel) -> dict[str, Any]:
    """Return a configuration as JSON that reads back as the same: nulls that are defaults are left out."""
    return _without_default_nulls(configuration, configuration.model_dump(mode="json"))


def entry_of(each: "RunInput", meanings: Sequence[str]) -> dict[str, Any]:
    """Return the entry of an input in a configuration, with the columns that have some meanings."""
    columns = {key: each.columns[key] for key in meanings if key in each.columns}
    path = each.address or str(Path(each.name) / each.file_name)
    return {"path": path, "internal_name": each.name, "columns": columns}


def refuse_meanings(
    columns: Mapping[str, Mapping[str, str | None]], names: Collection[str], known: Sequence[str]
) -> None:
    """Check that the columns that a request gives for some inputs have meanings that the pipeline reads.

    Parameters
    ----------
    names
        Names and addresses of the inputs.

    Raises
    ------
    InvalidValueError
        A meaning is unknown; the sentence names the nearest one.
    """
    for name, given in columns.items():
        unknown = [key for key in given if key not in known]
        if name in names and unknown:
            near = difflib.get_close_matches(unknown[0], known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"columns are read for {', '.join(known)}."
            raise InvalidValueError(f"COLUMNS gives {name} a column for '{unknown[0]}'; {hint}", field="columns")


def format_of(output_format: str | None, inputs: "Sequence[RunInput]") -> str:
    """Return the format of a result: the one requested, or with ``specz`` that of the first input."""
    if output_format == "specz":
        return output_name_for(inputs[0].format)
    name = output_format or "parquet"
    return name if name == "hats" else output_format_of(name).name


def _without_default_nulls(model: BaseModel, document: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            kept[name] = _without_default_nulls(value, document[name])
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            kept[name] = [_without_default_nulls(one, each) for one, each in zip(value, document[name], strict=True)]
        elif value is not None or field.is_required() or field.default is not None:
            kept[name] = document[name]
    return kept


def _sentences_of(error: ValidationError) -> str:
    found = []
    for fault in error.errors(include_url=False):
        place = ".".join(str(part) for part in fault["loc"]) or "it"
        what = "there is no such key" if fault["type"] == "extra_forbidden" else fault["msg"]
        found.append(f"{place}: {what} (found {str(fault['input'])[:80]!r})")
    return "; ".join(found) + "."
