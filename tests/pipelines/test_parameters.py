"""Every parameter of every pipeline changes the result, is refused, or is named in the warnings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

import numpy as np
import pyarrow as pa
import pytest
from pydantic import BaseModel

from core.errors import InvalidValueError
from core.photoz.forms import DensityForm
from pipelines.combine import combine_redshifts
from pipelines.combine.configuration import CombineConfiguration, CombineParameters, ExtraColumn
from pipelines.combine.rules import FlagsTranslation
from pipelines.definitions import PIPELINES
from pipelines.training import TrainingSetConfiguration, make_training_set
from pipelines.training.configuration import TrainingSetParameters
from pipelines.validation.configuration import EstimatesInput, ReferenceInput, ValidationParameters
from pipelines.validation.report import ValidationReport
from pipelines.validation.validation import NamedTable, validate_estimates
from products.readers.memory import MemoryReader
from tests.pipelines.estimation.small import estimated

_SECOND = 1 / 3600


@dataclass(frozen=True)
class Case:
    """A value of a parameter, the others that it needs, and a word of the warning if it has no effect."""

    value: Any
    beside: Mapping[str, Any]
    warned: str | None = None


def effect(value: Any, **beside: Any) -> Case:
    return Case(value, beside)


def warned(value: Any, word: str, **beside: Any) -> Case:
    return Case(value, beside, word)


_PHOTOMETRY = {"bands": ["g", "r"], "keep_sources": True}
_MARK, _REMOVE = "concatenate_and_mark_duplicates", "concatenate_and_remove_duplicates"

TRAINING: Mapping[str, list[Case]] = {
    "crossmatch.radius_arcsec": [effect(0.3)],
    "crossmatch.n_neighbors": [effect(2)],
    "flux_type": [
        effect("cModel"),
        warned("kron", "no column such as i_kronFlux, but fluxes of the types cModel, psf"),
        warned("cModel", "no effect", photometry={"bands": ["g"], "column": "{band}_psfFlux", "error_column": None}),
    ],
    "dereddening": [effect("none"), warned("sfd", "no effect", convert_flux_to_mag=False)],
    "convert_flux_to_mag": [effect(value=False), warned(False, "convert_flux_to_mag", photometry=_PHOTOMETRY)],
    "use_absolute_lsdb_path": [warned(True, "use_absolute_lsdb_path")],
    "selected_cols": [effect(["extended"])],
    "photometry": [effect({"bands": ["g"]})],
    "photometry.bands": [effect(["g"])],
    "photometry.quantity": [effect("magnitude", photometry={"bands": ["g"]})],
    "photometry.column": [effect("{band}_cModelFlux")],
    "photometry.error_column": [effect(None), effect("{band}_cModelFlux")],
    "photometry.unit": [effect("uJy")],
    "photometry.magnitude_column": [effect("m_{band}")],
    "photometry.magnitude_error_column": [effect("e_{band}")],
    "photometry.dereddening": [effect({"coefficients": "hsc"})],
    "photometry.dereddening.ebv_column": [effect("other_ebv")],
    "photometry.dereddening.coefficients": [effect({"g": 1.0, "r": 2.0}), effect("hsc")],
    "photometry.keep_sources": [
        effect(value=False),
        warned(False, "keep_sources", selected_cols=["g_psfFlux"]),
    ],
    "object_cuts": [effect(["extended == 1"])],
    "cuts": [effect(["z < 0.15"])],
    "unique": [effect("objects", crossmatch={"radius_arcsec": 3})],
    "prefer": [effect("quality", unique="objects"), warned("quality", "prefer")],
    "flag_multiple_matches": [effect(value=False)],
    "split_method": [effect("random")],
    "train_fraction": [effect(0.1)],
    "random_seed": [effect(8)],
}
COMBINE: Mapping[str, list[Case]] = {
    "combine_type": [effect(_MARK), effect(_REMOVE)],
    "tie_treatment_option": [
        effect("keep_all", combine_type=_REMOVE),
        effect("draw_one", combine_type=_REMOVE),
        warned("keep_all", "tie_treatment_option", combine_type=_MARK),
    ],
    "random_seed": [
        effect(3, combine_type=_REMOVE, tie_treatment_option="draw_one"),
        warned(3, "random_seed", combine_type=_REMOVE),
    ],
    "z_flag_homogenized_value_to_cut": [effect(4)],
    "extra_columns": [effect({"note": "str"}), effect({"n": {"source": "note", "type": "str"}})],
    "extra_columns.type": [effect({"number": "str"}, extra_columns={"number": "int"})],
    "extra_columns.source": [
        effect({"note": {"source": "number", "type": "str"}}, extra_columns={"note": "str"}),
        warned({"note": {"source": "nothing", "type": "str"}}, "nothing, which no catalogue has"),
    ],
    # Without a file of rules beside it, it is refused: see test_rules_that_a_configuration_names.
    "flags_translation_file": [],
    "insert_DP1_footprint_flag": [effect(value=True)],
    "insert_rubin_footprint_flag": [effect(value=False)],
    "crossmatch_radius_arcsec": [effect(0.1, combine_type=_MARK), warned(0.1, "crossmatch_radius_arcsec")],
    "delta_z_threshold": [effect(0.5, combine_type=_MARK), warned(0.5, "delta_z_threshold")],
    "tiebreaking_priority": [
        effect(["number"], combine_type=_MARK),
        effect([], combine_type=_MARK),
        warned(["number"], "tiebreaking_priority"),
    ],
    "drop_empty_columns": [effect(value=True)],
    "prepare_max_inflight": [warned(6, "prepare_max_inflight")],
    "auto_cross_max_inflight": [warned(6, "auto_cross_max_inflight")],
    "cross_max_inflight": [warned(6, "cross_max_inflight")],
}
VALIDATION: Mapping[str, list[Case]] = {
    "match": [effect("order")],
    "match_radius_arcsec": [effect(0.1, match="position"), warned(0.1, "match_radius_arcsec")],
    "point": [effect("mean")],
    "grid": [effect((0.0, 2.0, 101))],
    "cuts": [effect(["mag_i < 22"])],
    "estimate_cuts": [effect(["odds > 0.5"])],
    "magnitude": [effect("mag_r")],
    "z_edges": [effect([0.0, 1.0, 3.0])],
    "magnitude_edges": [effect([20.0, 22.0, 25.0])],
    "tomographic_edges": [effect([0.0, 1.0, 3.0])],
    "pit_bins": [effect(7)],
    "bootstrap": [effect(0), effect(11)],
    "random_seed": [effect(3), warned(3, "random_seed", bootstrap=0)],
    "requirements.bias": [effect(1e-9)],
    "requirements.sigma": [effect(1e-9)],
    "requirements.outlier_rate": [effect(None)],
}
ESTIMATION: Mapping[str, list[Case]] = {
    "algorithm": [effect("training_nz")],
    "knn.neighbours": [effect(3), warned(300, "knn.neighbours")],
    "knn.bandwidth": [effect(0.05), effect(0.05, algorithm="training_nz")],
    "knn.features": [
        effect("colours"),
        effect("magnitudes"),
        warned("colours", "knn.features", algorithm="training_nz"),
    ],
    "knn.weights": [effect("uniform"), effect("distance"), warned("uniform", "knn.weights", algorithm="training_nz")],
    "rail": [warned({"nneigh_max": 3}, "'rail'")],
    "magnitudes": [effect(["mag_g", "mag_i"])],
    "errors": [effect(["mag_g_err", "mag_i_err"], magnitudes=["mag_g", "mag_r"])],
    "object_magnitudes": [
        effect(["mag_g", "mag_i", "mag_r"]),
        warned(["mag_g", "mag_i", "mag_r"], "object_magnitudes", algorithm="training_nz"),
    ],
    "object_errors": [
        effect(["mag_i_err", "mag_g_err", "mag_r_err"]),
        warned(["mag_i_err", "mag_g_err", "mag_r_err"], "object_errors", algorithm="training_nz"),
    ],
    "cuts": [effect(["mag_i < 22"])],
    "training_rows": [effect("all")],
    "grid": [effect((0.0, 2.0, 101))],
}


def _names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the parameters of a model with those of the models inside."""
    for name, field in model.model_fields.items():
        inner = list(_models(field.annotation))
        # A group of parameters that is always there is no parameter itself.
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            yield prefix + name
        for each in inner:
            yield from _names(each, f"{prefix}{name}.")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in {Union, UnionType, tuple, Mapping, dict} or get_args(annotation):
        for each in get_args(annotation):
            yield from _models(each)


def test_no_parameter_is_forgotten() -> None:
    tables = {
        "training_set_maker": TRAINING,
        "combine_redshift_dedup": COMBINE,
        "validate_estimates": VALIDATION,
        "estimate": ESTIMATION,
    }
    assert set(tables) == set(PIPELINES)
    for name, pipeline in PIPELINES.items():
        assert sorted(tables[name]) == sorted(_names(pipeline.parameters))
    assert {*_names(TrainingSetParameters)} > {"photometry.dereddening.ebv_column"}
    assert {f"extra_columns.{name}" for name in ExtraColumn.model_fields} < {*_names(CombineParameters)}


def _nested(path: str, value: Any, beside: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    first, *rest = path.split(".")
    param = {**defaults, **beside}
    if not rest or first == "extra_columns":
        return {**param, first: value}
    return {**param, first: _nested(".".join(rest), value, param.get(first) or {}, {})}


def _outcome(made: Any) -> tuple[Any, ...]:
    table: pa.Table = made.table
    return table.schema, table.to_pydict().__repr__()


def _train(param: Mapping[str, Any]) -> Any:
    number = np.arange(24)
    ra, dec = 10 + (number // 2) / 100, np.zeros(24)
    redshifts = pa.table(
        {"ra": ra, "dec": dec + (number % 2) * 0.2 * _SECOND, "z": 0.1 + 0.01 * number, "quality": -number}
    )
    places = np.arange(24)
    flux = 1000.0 + places
    objects = pa.table(
        {
            "objectId": places,
            "ra": 10 + (places // 2) / 100,
            "dec": np.where(places % 2, 0.8, 0.4) * _SECOND,
            "extended": places // 2 % 2,
            "ebv": np.full(24, 0.1),
            "other_ebv": np.full(24, 0.2),
            **{f"{band}_{kind}Flux": flux * (2 if kind == "psf" else 3) for band in "gr" for kind in ("psf", "cModel")},
            **{f"{band}_{kind}FluxErr": flux / 10 for band in "gr" for kind in ("psf", "cModel")},
        }
    )
    return make_training_set(redshifts, objects, TrainingSetConfiguration.model_validate({"param": param}))


def _combine(param: Mapping[str, Any]) -> Any:
    columns = {"ra": "ra", "dec": "dec", "z": "z", "z_flag": "q", "survey": "s", "id": "id"}
    tables = {
        name: pa.table(
            {
                "id": [f"{name}{row}" for row in range(6)],
                "ra": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0],
                "dec": [shift * _SECOND] * 6,
                "z": [0.1, 0.2 + shift / 10, 0.3, 0.4 + shift, 0.5, 0.6],
                "q": [4, 4, quality, 3, 4, 4],
                "s": ["OZDES"] * 6,
                "note": ["a"] * 6,
                "number": [7, 8, 9 + quality, 10, 11, 12],
            }
        )
        for name, shift, quality in (("1_a", 0.0, 3), ("2_b", 0.2, 4))
    }
    inputs = {"specz": [{"internal_name": name, "columns": columns} for name in tables]}
    configuration = CombineConfiguration.model_validate({"inputs": inputs, "param": param})
    return combine_redshifts(tables, configuration, rules=FlagsTranslation.default())


@dataclass(frozen=True)
class _Validated:
    """The report of a validation, whole."""

    report: ValidationReport

    @property
    def table(self) -> pa.Table:
        return pa.table({"report": [self.report.model_dump_json(exclude={"warnings"})]})


def _validate(param: Mapping[str, Any]) -> _Validated:
    random, count = np.random.default_rng(3), 60
    z_true = random.uniform(0.1, 1.5, count)
    reference = {
        "object_id": np.arange(count)[::-1],
        "ra": 10 + np.arange(count)[::-1] / 100,
        "dec": np.zeros(count),
        "redshift": z_true[::-1],
        "mag_i": np.linspace(20, 24, count),
        "mag_r": np.linspace(21, 26, count),
    }
    scale = random.uniform(0.03, 0.2, count)
    form = DensityForm("norm", 2)
    densities = pa.FixedSizeListArray.from_arrays(np.column_stack([z_true + 0.02, scale]).reshape(-1), 2)
    estimates = pa.table(
        {
            "object_id": np.arange(count),
            "ra": 10 + np.arange(count) / 100,
            "dec": np.where(np.arange(count) % 2, 0.5, 0.05) * _SECOND,
            "zmode": z_true + random.normal(0, 0.05, count),
            "odds": np.linspace(0, 1, count),
            "pz": densities,
        }
    )
    field = estimates.schema.field("pz").with_metadata({"density": form.to_json()})
    tables = {
        "estimates": estimates.cast(estimates.schema.set(5, field)),
        "reference": pa.table(reference),
    }

    def named(name: str) -> NamedTable:
        return NamedTable(name, name, lambda: MemoryReader(tables[name], "memory"))

    return _Validated(
        validate_estimates(
            [(EstimatesInput(), named("estimates"))],
            (ReferenceInput(), named("reference")),
            ValidationParameters.model_validate(param),
            lambda *_: None,
        )
    )


_MAKERS: Mapping[str, tuple[Callable[[Mapping[str, Any]], Any], Mapping[str, list[Case]], Mapping[str, Any]]] = {
    "training": (_train, TRAINING, {"flux_type": "psf", "random_seed": 7}),
    "combine": (_combine, COMBINE, {}),
    "validation": (_validate, VALIDATION, {"bootstrap": 5}),
    "estimation": (estimated, ESTIMATION, {}),
}


@pytest.mark.parametrize(
    ("pipeline", "path", "case"),
    [
        pytest.param(pipeline, path, case, id=f"{pipeline}-{path}-{number}")
        for pipeline, (_, cases, _) in _MAKERS.items()
        for path, each in cases.items()
        for number, case in enumerate(each)
    ],
)
def test_a_parameter_has_an_effect_or_is_named_in_the_warnings(pipeline: str, path: str, case: Case) -> None:
    make, _, defaults = _MAKERS[pipeline]
    beside = dict(case.beside)
    if path.startswith("photometry."):
        beside = {"photometry": _PHOTOMETRY | dict(beside.get("photometry", {})), **beside}
    without, made = make({**defaults, **beside}), make(_nested(path, case.value, beside, defaults))
    if case.warned is None:
        assert _outcome(made) != _outcome(without)
        assert not [warning for warning in made.report.warnings if f"'{path}' has no effect" in warning]
    else:
        assert any(case.warned in warning for warning in made.report.warnings), made.report.warnings


@pytest.mark.parametrize(
    ("param", "words"),
    [
        ({"dereddening": "csfd"}, r"cannot be dereddened by 'csfd'; choose 'sfd' \(by the column ebv\) or 'none'"),
        ({"dereddening": "csfd", "convert_flux_to_mag": False}, "csfd"),
        ({"dereddening": "none", "photometry": {"bands": ["g"], "dereddening": {}}}, "leave out one of them"),
        ({"photometry": {"bands": ["J"], "column": "g_psfFlux", "error_column": None}}, "coefficient for the bands J"),
    ],
)
def test_what_contradicts_itself_or_does_not_exist_is_refused(param: Mapping[str, Any], words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        _train({"flux_type": "psf", **param})


def test_magnitudes_of_named_bands_are_dereddened_as_the_parameter_says() -> None:
    ours = _train({"flux_type": "psf", "photometry": {"bands": ["g"]}, "random_seed": 1}).table
    flux = ours["g_psfFlux"].to_numpy()
    # 3.66056 is A_g / E(B-V) of obs_lsst, and E(B-V) is 0.1.
    np.testing.assert_allclose(ours["mag_g"].to_numpy(), 31.4 - 2.5 * np.log10(flux) - 0.366056, rtol=0, atol=1e-12)


def test_what_is_missing_of_the_photometry_is_told_with_what_is_there() -> None:
    redshifts = pa.table({"ra": [10.0], "dec": [0.0], "z": [0.1]})
    plain = pa.table({"ra": [10.0], "dec": [0.0], "g_psfFlux": [1e3], "r_psfFlux": [1e3], "r_psfFluxErr": [1.0]})

    def warnings_of(**param: Any) -> list[str]:
        made = make_training_set(redshifts, plain, TrainingSetConfiguration.model_validate({"param": param}))
        return list(made.report.warnings)

    assert "column such as i_autoFlux, but fluxes of the types psf: choose one" in warnings_of()[0]
    without_ebv, without_error = warnings_of(flux_type="psf")
    assert without_ebv.startswith("Magnitudes are not dereddened: the object catalogue has no column ebv")
    assert "no column g_psfFluxErr" in without_error
    assert "no column ebv" in warnings_of(photometry={"bands": ["r"]}, flux_type="psf")[0]
    assert not warnings_of(photometry={"bands": ["r"]}, flux_type="psf", dereddening="none")


def test_a_split_by_rows_tells_what_it_tears_apart() -> None:
    rows = _train({"flux_type": "psf", "random_seed": 1, "split_method": "random"})
    sides: dict[int, set[int]] = {}
    for identifier, side in zip(
        rows.table["objectId"].to_pylist(), rows.table["is_training_set"].to_pylist(), strict=True
    ):
        sides.setdefault(identifier, set()).add(side)
    torn = sum(len(found) == 2 for found in sides.values())
    assert torn
    assert any(f"Rows of {torn} objects are both for training and for validation" in w for w in rows.report.warnings)
    assert not any("both for training" in warning for warning in _train({"random_seed": 1}).report.warnings)
