"""Configuration of the Training Set Maker: every parameter, with its unit, bounds and default.

A ``config.yaml`` of the pipeline that the public Photo-z Server runs is accepted as it is.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.expressions import Conditions
from pipelines.inputs.configuration import PipelineConfiguration, TableInput, read_configuration
from pipelines.photometry import PhotometryConfiguration

__all__ = [
    "CrossMatch",
    "ObjectInput",
    "RedshiftColumns",
    "RedshiftInput",
    "TrainingSetConfiguration",
    "TrainingSetInputs",
    "TrainingSetParameters",
    "load_configuration",
    "parse_configuration",
]

_MODEL = ConfigDict(extra="forbid", frozen=True)


class RedshiftColumns(BaseModel):
    """Columns of the redshift catalogue by their meaning; null where it has no such column."""

    model_config = _MODEL

    ra: str = Field("ra", description="Right ascension (ICRS), in degrees.")
    dec: str = Field("dec", description="Declination (ICRS), in degrees.")
    z: str = Field("z", description="Redshift.")
    id: str | None = Field(None, description="Identifier of the object.")
    z_flag: str | None = Field(None, description="Quality flag of the redshift.")
    z_err: str | None = Field(None, description="Error of the redshift.")
    survey: str | None = Field(None, description="Name of the survey of each row, by which the report counts.")
    instrument_type: str | None = Field(None, description="Kind of instrument.")


class RedshiftInput(TableInput):
    """The redshift catalogue."""

    format: str | None = Field(None, description="Accepted and not used: the format of a file is found out.")
    columns: RedshiftColumns = Field(RedshiftColumns(), description="Columns by their meaning.")


class ObjectColumns(BaseModel):
    """Columns of the object catalogue by their meaning; null means those that a HATS catalogue declares, or ra, dec."""

    model_config = _MODEL

    id: str | None = Field(
        None, description="Identifier of the object, by which objects at one place are ordered; ignored where missing."
    )
    ra: str | None = Field(None, description="Right ascension (ICRS), in degrees.")
    dec: str | None = Field(None, description="Declination (ICRS), in degrees.")


class ObjectInput(TableInput):
    """The object catalogue: a HATS folder, the folder of a release with several, or Parquet files."""

    path: str = Field(
        "", description="The folder or file, relative to the configuration file, or an address with s3, http or https."
    )
    columns: ObjectColumns = Field(ObjectColumns(), description="Columns by their meaning.")


class TrainingSetInputs(BaseModel):
    """The inputs of the pipeline."""

    model_config = _MODEL

    dataset: ObjectInput = Field(ObjectInput(), description="The object catalogue.")
    specz: tuple[RedshiftInput, ...] = Field(
        (RedshiftInput(),), min_length=1, description="The redshift catalogue; of several the last is used."
    )


class CrossMatch(BaseModel):
    """Parameters of the cross-match."""

    model_config = _MODEL

    radius_arcsec: float = Field(
        1.0, gt=0, le=3600, description="Objects strictly closer than this match, in arcseconds."
    )
    n_neighbors: int = Field(1, ge=1, le=1000, description="Maximum number of objects per redshift.")


class TrainingSetParameters(BaseModel):
    """Parameters of the Training Set Maker."""

    model_config = _MODEL

    crossmatch: CrossMatch = Field(CrossMatch(), description="Parameters of the cross-match.")
    flux_type: str = Field(
        "auto",
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Kind of flux measurement, such as auto, cModel or psf. The columns of an "
        "object catalogue have it in their names, as in i_cModelFlux; a release has a catalogue for each kind.",
    )
    dereddening: str = Field(
        "sfd",
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Correction for dust of the Milky Way: 'sfd' uses the map of Schlegel, Finkbeiner and Davis, for "
        "object catalogues of users their column ebv (E(B-V)); 'none' makes no correction.",
    )
    convert_flux_to_mag: bool = Field(
        default=True,
        description="Whether the result has AB magnitudes: those of the release, or magnitudes computed from the "
        "fluxes of another object catalogue. Otherwise the fluxes stay.",
    )
    use_absolute_lsdb_path: bool = Field(default=False, description="Whether the path is that of a HATS catalogue.")
    selected_cols: tuple[str, ...] = Field(
        (), description="Columns of objects to keep, besides their positions; none keeps all."
    )
    photometry: PhotometryConfiguration | None = Field(
        None,
        description="Magnitudes to be computed from the columns of the objects, as in {bands: [g, r], column: "
        "'{band}_psfFlux', error_column: null}, where {band} is replaced by the name of each band; without it those of "
        "the flux type are computed.",
    )
    object_cuts: Conditions = Field(
        (), description="Conditions on columns of the objects; those that fail one are not matched."
    )
    cuts: Conditions = Field(
        (), description="Conditions on columns of the result, such as computed magnitudes; other rows are left out."
    )
    unique: Literal["none", "objects", "redshifts", "both"] = Field(
        "none", description="Whether an object, a redshift, or each of both may be in the result only once."
    )
    prefer: str | None = Field(
        None,
        description="Column of the redshift catalogue whose largest value wins in 'unique', before the closest pair.",
    )
    flag_multiple_matches: bool = Field(
        default=True,
        description="Whether to add columns with the numbers of redshifts per object, and of objects per redshift.",
    )
    split_method: Literal["random", "hash"] = Field(
        "hash",
        description="hash decides by the position of the object, so that rows of one object stay together and other "
        "rows do not matter; random draws for each row in HEALPix order, as the public server does, so that rows of "
        "one object may come on both sides.",
    )
    train_fraction: float = Field(0.7, gt=0, lt=1, description="Expected fraction of rows for training.")
    random_seed: int | None = Field(
        None, ge=0, lt=2**63, description="Seed of the split; when none is given one is drawn and reported."
    )


class TrainingSetConfiguration(PipelineConfiguration):
    """The whole configuration file."""

    inputs: TrainingSetInputs = Field(TrainingSetInputs(), description="The catalogues.")
    output_name: str = Field("tsm", pattern=r"^[^/\\\x00]+$", description="Name of the result, without its suffix.")
    output_format: str | None = Field(
        None, description="Format of the result; null or 'specz' is that of the redshift catalogue."
    )
    param: TrainingSetParameters = Field(TrainingSetParameters(), description="Parameters of the pipeline.")

    @property
    def redshifts(self) -> RedshiftInput:
        """The redshift catalogue that is used."""
        return self.inputs.specz[-1]


def parse_configuration(text: bytes, name: str = "config.yaml") -> TrainingSetConfiguration:
    """Read the text of a configuration file.

    Raises
    ------
    InvalidValueError
        When the text is no YAML, or has a key or a value that no configuration has.
    """
    return read_configuration(TrainingSetConfiguration, text, name)


def load_configuration(path: Path) -> TrainingSetConfiguration:
    """Read a configuration file; raises as `parse_configuration` does."""
    return parse_configuration(path.read_bytes(), path.name)
