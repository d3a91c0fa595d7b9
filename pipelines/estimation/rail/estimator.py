"""Estimator that runs an algorithm of RAIL as a process, which gets its input and returns its results as files."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidValueError, PhotozError
from core.photoz.kernels.gridded import trapezium_weights
from pipelines.estimation.bands import Photometry
from pipelines.estimation.configuration import EstimationParameters
from pipelines.estimation.features import Magnitudes, faintest, with_limits
from pipelines.estimation.rail import runner
from pipelines.estimation.rail.algorithms import ALGORITHMS, checked_parameters
from pipelines.estimation.rail.environment import RailEnvironment
from pipelines.estimation.trained_models import KnownModel
from pipelines.estimation.training import TrainingSet

__all__ = ["RailEstimator", "rail_estimator"]

_LAST_LINES = 400
_REFERENCE_BAND = "i"
_MODEL = "model.pkl"


class RailEstimator:
    """A trained algorithm of RAIL, in a process.

    Parameters
    ----------
    alive
        Called about every two seconds while the process works; raises to stop it.

    Attributes
    ----------
    versions
        Versions of RAIL and qp in the environment.
    model
        The file of the trained model.
    limits
        Magnitude that stands for a missing one, in each band.
    """

    def __init__(
        self, process: "subprocess.Popen[str]", folder: Path, limits: NDArray[np.float64], grid: NDArray[np.float64],
        versions: Mapping[str, str], alive: Callable[[], None],
    ) -> None:  # fmt: skip
        self._process, self._folder, self._limits, self._grid = process, folder, limits, grid
        self._alive = alive
        self.versions = versions
        self.limits = tuple(limits.tolist())
        self.model = folder / _MODEL

    def ask(self, **document: Any) -> Mapping[str, Any]:
        """Send a document and return the answer."""
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe
        try:
            self._process.stdin.write(json.dumps(document) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        for line in self._process.stdout:
            answer: Mapping[str, Any] = json.loads(line)
            if "alive" in answer:
                self._alive()
            elif "error" in answer:
                raise InvalidValueError(f"RAIL could not do it: {answer['error']}", field="rail")
            else:
                return answer
        raise self._ended()

    def densities(self, objects: Magnitudes) -> NDArray[np.float32]:
        """Return densities on the grid, of shape (n, grid); NaN for objects without any magnitude."""
        found = np.full((len(objects), len(self._grid)), np.nan, dtype=np.float32)
        observed = np.flatnonzero(objects.is_observed)
        if not len(observed):
            return found
        errors = None if objects.errors is None else objects.errors[observed]
        chosen = with_limits(Magnitudes(objects.values[observed], errors), self._limits)
        _save(self._folder / "objects.npz", chosen)
        self.ask(estimate="objects.npz", result="densities.npy")
        densities = np.load(self._folder / "densities.npy", allow_pickle=False)
        if densities.shape != (len(observed), len(self._grid)):
            raise PhotozError(f"RAIL returned densities of shape {densities.shape} for {len(observed)} objects.")
        areas = densities @ trapezium_weights(self._grid)
        found[observed] = np.where(areas[:, None] > 0, densities / np.where(areas > 0, areas, 1)[:, None], np.nan)
        return found

    def _ended(self) -> PhotozError:
        code = self._process.wait()
        lines = (self._folder / "rail.log").read_text("utf-8", "replace").strip()[-_LAST_LINES:]
        return PhotozError(f"The process of RAIL ended with the code {code}; its last words: {lines}")


@contextmanager
def rail_estimator(
    known: TrainingSet | KnownModel, param: EstimationParameters, environment: RailEnvironment | None, folder: Path,
    alive: Callable[[], None],
) -> Iterator[RailEstimator]:  # fmt: skip
    """Train an algorithm of RAIL, or load a model of it, in a process that ends with the context.

    The process has the limits of memory of this one, a folder of its own as its home, and none of the settings and
    credentials in the environment of this one.

    Raises
    ------
    InvalidValueError
        The algorithm is not installed, needs errors, or refuses its parameters; or the model is not the file that this
        server wrote.
    """
    algorithm = ALGORITHMS[param.algorithm]
    if environment is None:
        raise InvalidValueError(f"Runs on files have no {param.algorithm}; choose knn.", field="algorithm")
    versions = environment.require(algorithm.package)
    checked_parameters(param.rail)
    if algorithm.needs_errors and not known.photometry.errors:
        raise InvalidValueError(
            f"{param.algorithm} needs errors of the magnitudes, and {known.label} has none for "
            f"{', '.join(known.photometry.magnitudes)}; name them as 'errors'.",
            field="errors",
        )
    folder.mkdir(exist_ok=True)
    limits, task = _loading(known, folder) if isinstance(known, KnownModel) else _training(known, param, folder)
    names = _names(known.photometry)
    with (folder / "rail.log").open("wb") as log, _started(environment.python, folder, log) as process:
        made = RailEstimator(process, folder, limits, np.linspace(*param.grid), versions, alive)
        made.ask(
            **task, module=algorithm.module, stem=algorithm.stem, names=names, grid=list(param.grid),
            param=dict(param.rail), limits=dict(zip(names["magnitudes"], limits.tolist(), strict=True)),
        )  # fmt: skip
        yield made


def _training(
    known: TrainingSet, param: EstimationParameters, folder: Path
) -> tuple[NDArray[np.float64], dict[str, Any]]:
    """Write the training set; return the limits of its magnitudes, and what the process is to do."""
    limits = faintest(known.magnitudes.values)
    _save(folder / "training.npz", with_limits(known.magnitudes, limits), redshifts=known.redshifts)
    return limits, {"train": "training.npz", "model_grid": list(param.grid)}


def _loading(known: KnownModel, folder: Path) -> tuple[NDArray[np.float64], dict[str, Any]]:
    """Copy a model, unless it is not what this server wrote; return its limits, and what the process is to do."""
    target = folder / _MODEL
    shutil.copyfile(known.path, target)
    with target.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != known.file.sha256 or known.file.grid is None:
        raise InvalidValueError(
            f"The model of {known.label} is not the file that this server wrote: its SHA-256 is {digest}.",
            field="inputs",
        )
    return np.array(known.file.limits), {"load": _MODEL, "model_grid": list(known.file.grid)}


@contextmanager
def _started(python: Path, folder: Path, log: Any) -> Iterator["subprocess.Popen[str]"]:
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "MPLCONFIGDIR": str(folder),
        "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "JAX_PLATFORMS": "cpu",
        # One process with one thread: what libraries start themselves would have limits of its own.
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "LOKY_MAX_CPU_COUNT": "1",
    }  # fmt: skip
    with subprocess.Popen(
        [python, "-s", "-P", str(Path(runner.__file__).resolve())],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder, env=environment,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def _names(photometry: Photometry) -> dict[str, Any]:
    """Return the names of columns for RAIL: its own, where the bands are known, so that its defaults fit."""
    bands = photometry.bands
    magnitudes: Sequence[str] = [f"mag_{band}_lsst" for band in bands] or photometry.magnitudes
    errors: Sequence[str] = [f"mag_err_{band}_lsst" for band in bands] if bands else photometry.errors
    middle = magnitudes[(len(magnitudes) - 1) // 2]
    reference = f"mag_{_REFERENCE_BAND}_lsst" if _REFERENCE_BAND in bands else middle
    return {
        "magnitudes": list(magnitudes),
        "errors": list(errors) if photometry.errors else [],
        "redshift": "redshift",
        "reference": reference,
    }


def _save(path: Path, magnitudes: Magnitudes, **others: NDArray[np.float64]) -> None:
    arrays = {"magnitudes": magnitudes.values, **others}
    if magnitudes.errors is not None:
        arrays["errors"] = magnitudes.errors
    np.savez(path, **arrays)  # type: ignore[arg-type]  # numpy's stub has the flag allow_pickle among the arrays
