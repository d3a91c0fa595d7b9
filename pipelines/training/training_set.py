"""Main function of the Training Set Maker: redshifts and an object catalogue to a table and a report."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.columns import HEALPIX_COLUMN
from core.errors import InvalidValueError
from core.sky.healpix import nested_indices
from pipelines.crossmatch import SkyPositions
from pipelines.crossmatch.objects import ObjectSource
from pipelines.crossmatch.reach import reach_around
from pipelines.inputs.catalogue_folders import Address
from pipelines.photometry import BandSummary, PhotometryConfiguration, add_magnitudes, photometry_columns
from pipelines.training.configuration import TrainingSetConfiguration, TrainingSetParameters
from pipelines.training.cuts import Cuts
from pipelines.training.effects import parameters_without_effect
from pipelines.training.hats import open_objects, release_catalog
from pipelines.training.joining import (
    INDEX,
    IS_TRAINING,
    OBJECTS_OF_REDSHIFT,
    REDSHIFTS_OF_OBJECT,
    RESERVED,
    append,
    columns_of_objects,
    joined,
    result_names,
)
from pipelines.training.matching import Matches, NearestObjects, row_ranks
from pipelines.training.number_columns import numbers_of, require_columns
from pipelines.training.objects import BatchObjects
from pipelines.training.photometry_choice import choose_photometry
from pipelines.training.redshifts import Redshifts, hours_hint, read_redshifts
from pipelines.training.report import TrainingSetReport
from pipelines.training.reporting import Work, report_of
from pipelines.training.split import number_on_both_sides, split_by_position, split_by_stream
from pipelines.training.uniqueness import unique_pairs

__all__ = ["Progress", "TrainingSet", "make_training_set"]

#: Told the fraction that is done and a sentence; may raise to stop the work.
Progress = Callable[[float, str], None]

_OBJECTS = "object catalogue"


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """The rows of a training set, and its report.

    Parameters
    ----------
    columns
        What the columns mean to a catalogue of redshifts: ``ra``, ``dec``, ``z``, and ``id``, ``z_flag``, ``z_err``,
        ``survey`` where the configuration names them, each with the name that the column has in the result.
    configuration
        The configuration with what was decided in the run, its seed and its magnitudes; it gives the same rows again.
    """

    table: pa.Table
    report: TrainingSetReport
    columns: Mapping[str, str]
    configuration: TrainingSetConfiguration


def make_training_set(
    redshifts: pa.Table,
    objects: ObjectSource | pa.Table | Iterable[pa.RecordBatch] | Address,
    configuration: TrainingSetConfiguration | None = None,
    *,
    progress: Progress | None = None,
    opener: Callable[[Address], ObjectSource] = open_objects,
    is_selected: bool = False,
) -> TrainingSet:
    """Match each redshift with its nearest objects, and split the rows into training and validation.

    Parameters
    ----------
    redshifts
        The redshift catalogue; its columns are named in ``configuration.redshifts.columns``.
    objects
        The object catalogue, which is read once and never held: batches, a HATS folder, the folder of a release,
        a Parquet file or a folder of them.
    configuration
        Paths and formats in it are not looked at here.
    opener
        Opens an object catalogue that is given by its path; another one than the default may read with many machines.
    is_selected
        Whether flux type and dereddening selected the objects among the catalogues of a release, so that both are
        done; of a path that is found out.

    Returns
    -------
    TrainingSet
        Rows are in the order of the HEALPix cell of the redshift, then of the redshift catalogue, then by separation.

    Raises
    ------
    InvalidValueError
        When a column is missing or holds no numbers, a catalogue is empty, nothing matches, or magnitudes are requested
        that cannot be computed.
    """
    settings = configuration or TrainingSetConfiguration()
    report_progress = progress or _silent
    checked = read_redshifts(redshifts, settings.redshifts.columns)
    if settings.param.prefer is not None:
        require_columns(redshifts.column_names, [settings.param.prefer], "redshift catalogue", "param.prefer")
    has_path = isinstance(objects, Path | str)
    if isinstance(objects, Path | str):
        path = _selected(objects, settings.param)
        is_selected = path != objects
        objects = opener(path)
    source = _source_of(objects)
    choice = choose_photometry(settings.param, source.schema.names, is_selected=is_selected)
    without_effect = parameters_without_effect(settings.param, choice.configuration, has_path=has_path or is_selected)
    work = Work(warnings=(*choice.warnings, *without_effect))
    return _Making(checked, source, _decided(settings, choice.configuration), report_progress, work).run()


def _selected(path: Address, param: TrainingSetParameters) -> Address:
    if param.use_absolute_lsdb_path:
        return path
    return release_catalog(
        path, magnitudes=param.convert_flux_to_mag, flux_type=param.flux_type, dereddening=param.dereddening
    )


def _source_of(objects: ObjectSource | pa.Table | Iterable[pa.RecordBatch]) -> ObjectSource:
    # A pa.Table is no iterable of batches, but has them.
    if isinstance(objects, pa.Table):
        return BatchObjects(objects.to_batches() or [pa.RecordBatch.from_pylist([], schema=objects.schema)])
    return objects if isinstance(objects, ObjectSource) else BatchObjects(objects)


def _decided(
    settings: TrainingSetConfiguration, photometry: PhotometryConfiguration | None
) -> TrainingSetConfiguration:
    """Return the configuration with its magnitudes and its seed."""
    seed = secrets.randbits(32) if settings.param.random_seed is None else settings.param.random_seed
    param = settings.param.model_copy(update={"photometry": photometry, "random_seed": seed})
    return settings.model_copy(update={"param": param})


def _silent(fraction: float, message: str) -> None:
    """Ignore progress."""


@dataclass
class _Making:
    """State of one run that its steps share: catalogues and counters."""

    redshifts: Redshifts
    source: ObjectSource
    settings: TrainingSetConfiguration
    report_progress: Progress
    work: Work

    def run(self) -> TrainingSet:
        param = self.settings.param
        position = self._position()
        kept = columns_of_objects(self.source.schema.names, param.selected_cols, position)
        replaced = [name for name in self.source.schema.names if name in RESERVED and name != HEALPIX_COLUMN]
        self.work.replaced = tuple(replaced)
        cells = nested_indices(self.redshifts.ra, self.redshifts.dec)
        matches = self._matched(cells, position, self._needed(kept, position))
        if not len(matches.redshift):
            raise self._no_overlap()
        self.report_progress(0.85, f"{len(matches.redshift)} pairs found, joining them")
        objects, bands = self._photometry(matches.objects, kept)
        pairs = self._chosen_pairs(matches, cells)
        table = joined(self.redshifts.table, objects, matches.redshift[pairs], matches.object[pairs],
                       matches.separation[pairs])  # fmt: skip
        table, pairs = self._cut(table, pairs)
        table, training = self._split(table, matches, pairs, position)
        if param.flag_multiple_matches:
            of_redshift = matches.objects_of_redshift[matches.redshift[pairs]]
            table = append(table, OBJECTS_OF_REDSHIFT, of_redshift)
            table = append(table, REDSHIFTS_OF_OBJECT, matches.redshifts_of_object[matches.object[pairs]])
        table = append(table, INDEX, cells[matches.redshift[pairs]])
        self.report_progress(0.95, "Writing the report")
        report = report_of(self.redshifts, table, matches, pairs, training, bands, self.settings, self.work)
        return TrainingSet(table, report, self._meanings(objects.column_names), self.settings)

    def _meanings(self, object_columns: list[str]) -> Mapping[str, str]:
        names = [name for name in self.redshifts.table.column_names if name != HEALPIX_COLUMN]
        renamed = dict(zip(names, result_names(names, object_columns), strict=True))
        declared = self.settings.redshifts.columns.model_dump(exclude_none=True)
        return {meaning: renamed[name] for meaning, name in declared.items() if name in renamed}

    def _position(self) -> tuple[str, str]:
        columns = self.settings.inputs.dataset.columns
        own = self.source.position or ("ra", "dec")
        position = (columns.ra or own[0], columns.dec or own[1])
        require_columns(self.source.schema.names, position, _OBJECTS, "inputs.dataset.columns")
        return position

    def _identifier(self) -> str | None:
        """Return the column of identifiers of the objects, if the configuration names one that is there."""
        name = self.settings.inputs.dataset.columns.id
        return name if name in self.source.schema.names else None

    def _needed(self, kept: list[str], position: tuple[str, str]) -> list[str]:
        """Return the columns to read: those of the result, of the cuts and of the magnitudes."""
        param, available = self.settings.param, self.source.schema.names
        require_columns(available, param.selected_cols, _OBJECTS, "param.selected_cols")
        wanted = {*kept, *position}
        if (identifier := self._identifier()) is not None:
            wanted.add(identifier)
        if param.photometry is not None:
            fluxes = photometry_columns(param.photometry, param.flux_type)
            require_columns(available, fluxes, _OBJECTS, "param.photometry")
            wanted.update(fluxes)
        cuts = Cuts(param.object_cuts, _OBJECTS, "param.object_cuts")
        require_columns(available, cuts.columns, _OBJECTS, "param.object_cuts")
        wanted.update(cuts.columns)
        return [name for name in available if name in wanted]

    def _matched(self, cells: npt.NDArray[np.int64], position: tuple[str, str], columns: list[str]) -> Matches:
        param, work, total = self.settings.param, self.work, self.source.rows
        reach = reach_around(cells, param.crossmatch.radius_arcsec)
        places = SkyPositions(self.redshifts.ra, self.redshifts.dec)
        nearest = NearestObjects(
            places,
            param.crossmatch.radius_arcsec,
            param.crossmatch.n_neighbors,
            position=position,
            identifier=self._identifier(),
        )
        cuts = Cuts(param.object_cuts, _OBJECTS, "param.object_cuts")
        for near in self.source.near(reach, position, columns):
            work.objects_passed += near.passed
            if near.batch is not None:
                work.objects_near += near.batch.num_rows
                rows = cuts.kept(near.batch)
                batch = near.batch if rows is None else near.batch.take(pa.array(rows))
                ra, dec = (numbers_of(batch, name, _OBJECTS) for name in position)
                nearest.add(batch, ra, dec)
            fraction = 0.8 * min(work.objects_passed / total, 1.0) if total else 0.4
            self.report_progress(
                fraction, f"{work.objects_passed} objects passed, {work.objects_near} of them near redshifts"
            )
        work.object_cuts = tuple(zip(param.object_cuts, cuts.left_out, strict=True))
        if not work.objects_passed:
            raise InvalidValueError("The object catalogue has no rows. Choose another one.", field="inputs.dataset")
        return nearest.matches(pa.schema([self.source.schema.field(name) for name in columns]))

    def _no_overlap(self) -> InvalidValueError:
        ra, dec = self.redshifts.ra, self.redshifts.dec
        radius = self.settings.param.crossmatch.radius_arcsec
        left_out = sum(count for _, count in self.work.object_cuts)
        return InvalidValueError(
            f"None of {int(self.redshifts.placed.sum())} redshifts, between RA {np.nanmin(ra):.3f} and "
            f"{np.nanmax(ra):.3f} and Dec {np.nanmin(dec):.3f} and {np.nanmax(dec):.3f}, has one of "
            f"{self.work.objects_passed} objects closer than {radius:g} arcseconds. Check that both catalogues cover "
            "the same part of the sky, in degrees. "
            + (f"The cuts left out {left_out} objects near redshifts. " if left_out else "")
            + hours_hint(ra),
            field="inputs",
        )

    def _photometry(self, objects: pa.Table, kept: list[str]) -> tuple[pa.Table, list[BandSummary]]:
        param, bands = self.settings.param, list[BandSummary]()
        if param.photometry is None:
            return objects.select(kept), bands
        before = objects.column_names
        objects, bands = add_magnitudes(objects, param.photometry, param.flux_type)
        fluxes = set() if param.photometry.keep_sources else set(photometry_columns(param.photometry, param.flux_type))
        fluxes -= set(param.selected_cols)
        computed = [name for name in objects.column_names if name not in before]
        return objects.select([*(name for name in kept if name not in fluxes), *computed]), bands

    def _chosen_pairs(self, matches: Matches, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the numbers of the pairs to keep, in the order of the result."""
        param = self.settings.param
        preference = None
        if param.prefer is not None:
            preference = numbers_of(self.redshifts.table, param.prefer, "redshift catalogue")[matches.redshift]
        left, right = self._ranks(matches)
        stay = unique_pairs(left, right, matches.separation, param.unique, preference)
        self.work.pairs_not_unique = int(np.count_nonzero(~stay))
        pairs = np.flatnonzero(stay)
        # Stable, so that pairs of one cell keep the order of the redshift catalogue.
        order: npt.NDArray[np.int64] = pairs[np.argsort(cells[matches.redshift[pairs]], kind="stable")]
        return order

    def _ranks(self, matches: Matches) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the place of the redshift and of the object of each pair, in orders that no file decides."""
        names, table = self.settings.redshifts.columns, self.redshifts.table
        own = [name for name in (names.id, names.survey) if name is not None]
        left = row_ranks([table[name] for name in (names.ra, names.dec, names.z, *own)])
        identifier = self._identifier()
        others = [*self._position(), *(() if identifier is None else (identifier,))]
        right = row_ranks([matches.objects[name] for name in others])
        return left[matches.redshift], right[matches.object]

    def _cut(self, table: pa.Table, pairs: npt.NDArray[np.int64]) -> tuple[pa.Table, npt.NDArray[np.int64]]:
        conditions = self.settings.param.cuts
        cuts = Cuts(conditions, "result", "param.cuts")
        rows = cuts.kept(table)
        self.work.cuts = tuple(zip(conditions, cuts.left_out, strict=True))
        if rows is None:
            return table, pairs
        if not len(rows):
            raise InvalidValueError(
                f"The cuts {', '.join(conditions)} leave none of {table.num_rows} matched rows.", field="param.cuts"
            )
        return table.take(pa.array(rows)), pairs[rows]

    def _split(
        self, table: pa.Table, matches: Matches, pairs: npt.NDArray[np.int64], position: tuple[str, str]
    ) -> tuple[pa.Table, npt.NDArray[np.bool_]]:
        param, seed = self.settings.param, self.settings.param.random_seed or 0
        redshift, objects = matches.redshift[pairs], matches.object[pairs]
        if param.split_method == "random":
            training = split_by_stream(table.num_rows, param.train_fraction, seed)
        else:
            ra, dec = (numbers_of(matches.objects, name, _OBJECTS)[objects] for name in position)
            training = split_by_position(redshift, objects, ra, dec, param.train_fraction, seed)
        self.work.objects_on_both_sides = number_on_both_sides(objects, training)
        self.work.redshifts_on_both_sides = number_on_both_sides(redshift, training)
        return append(table, IS_TRAINING, training.astype(np.int64)), training
