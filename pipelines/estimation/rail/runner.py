"""Script that runs one algorithm of RAIL in its environment: it trains, or loads a model, and then estimates batches.

It imports nothing of this server. Its standard input has one JSON document a line, and so has its standard output:

- in: ``{"train": "training.npz", …}``, or ``{"load": "model.pkl", …}``; out: ``{"trained": "model.pkl"}``
- in: ``{"estimate": "objects.npz", "result": "densities.npy"}``; out: ``{"estimated": 1000}``
- out, every two seconds while it works: ``{"alive": true}``
- out, if something fails: ``{"error": "…"}``; the traceback goes to standard error

It ends when its standard input does, or when the process that started it has ended.
"""

import importlib
import json
import os
import sys
import threading
import time
import traceback
from typing import Any

__all__ = ["main"]

_SECONDS = 2.0


class _Algorithm:
    """A trained algorithm, with its columns and the grid."""

    def __init__(self, asked: dict[str, Any]) -> None:
        import numpy as np

        module = importlib.import_module(asked["module"])
        informer, estimator = (getattr(module, asked["stem"] + kind) for kind in ("Informer", "Estimator"))
        self._names, self._grid = asked["names"], np.linspace(*asked["grid"])
        is_new = "train" in asked
        known = {**(informer.config_options if is_new else {}), **estimator.config_options}
        if unknown := sorted(asked["param"].keys() - known.keys()):
            raise ValueError(f"there is no parameter '{unknown[0]}'; there are {', '.join(sorted(known))}")
        config = {**self._shared(asked), **asked["param"]}
        model = os.path.abspath("model.pkl")  # noqa: PTH100 - RAIL takes texts
        if is_new:
            stage = informer.make_stage(
                name="inform",
                model=model,
                **{name: value for name, value in config.items() if name in informer.config_options},
            )
            stage.inform(self._table(asked["train"]))
        self._estimator = estimator.make_stage(
            name="estimate", model=model, output_mode="return",
            **{name: value for name, value in config.items() if name in estimator.config_options},
        )  # fmt: skip

    def estimate(self, path: str, result: str) -> int:
        """Estimate the objects of a file, and write their densities on the grid."""
        import numpy as np

        found = self._estimator.estimate(self._table(path))
        densities = np.asarray(getattr(found, "data", found).pdf(self._grid), dtype=np.float32)
        np.save(result, densities)
        return len(densities)

    def _shared(self, asked: dict[str, Any]) -> dict[str, Any]:
        first, last, points = asked["model_grid"]
        magnitudes, errors = self._names["magnitudes"], self._names["errors"]
        return {
            "hdf5_groupname": "", "bands": magnitudes, "err_bands": errors, "redshift_col": self._names["redshift"],
            "ref_band": self._names["reference"], "mag_limits": asked["limits"], "nondetect_val": 99.0,
            "zmin": first, "zmax": last, "nzbins": points, **({} if errors else {"include_mag_err": False}),
        }  # fmt: skip

    def _table(self, path: str) -> dict[str, Any]:
        import numpy as np

        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        table = dict(zip(self._names["magnitudes"], arrays["magnitudes"].T, strict=True))
        if "errors" in arrays:
            table |= dict(zip(self._names["errors"], arrays["errors"].T, strict=True))
        if "redshifts" in arrays:
            table[self._names["redshift"]] = arrays["redshifts"]
        return table


def main() -> None:
    """Answer the documents of standard input."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    lock = threading.Lock()

    def answer(**document: object) -> None:
        with lock:
            output.write(json.dumps(document) + "\n")

    threading.Thread(target=_watch, args=(answer, os.getppid()), daemon=True).start()
    algorithm: _Algorithm | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if "train" in asked or "load" in asked:
                algorithm = _Algorithm(asked)
                answer(trained="model.pkl")
            elif algorithm is not None:
                answer(estimated=algorithm.estimate(asked["estimate"], asked["result"]))
        except Exception as error:  # noqa: BLE001 - the end of a request; the server says it to the user
            traceback.print_exc()
            answer(error=f"{type(error).__name__}: {error}"[:500])
            return


def _watch(answer: Any, parent: int) -> None:
    """Say that this process is alive, until the one that started it is not."""
    while os.getppid() == parent:
        answer(alive=True)
        time.sleep(_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
