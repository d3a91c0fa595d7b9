"""Benchmark of ``import pzserver``: processor time and time that passes, against the library of the public server.

The claim, measured in one run in alternation, with the same interpreter and packages: the import of this library takes
at most a third of the processor time of version 0.3.7, which comes from PyPI once.

Run with ``python -m benchmarks.library_import [--repeats 15]``.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.support.pypi_client import UnavailableError, pypi_client

MOST = 1 / 3
_OURS = Path(__file__).parents[1] / "clients" / "src"
_CACHE = Path(__file__).parents[1] / ".cache"


def _measured(python: Path, code: str, *, ours: bool) -> tuple[float, float]:
    """Return the processor time and the elapsed time of a fresh interpreter that runs a statement, in seconds."""
    environment = {**os.environ, "PYTHONPATH": str(_OURS)} if ours else os.environ
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([python, "-c", code], check=True, env=environment)
    elapsed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, elapsed


def main() -> int:
    """Print the medians; 1 if the claim does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--cache", type=Path, default=_CACHE, help="where version 0.3.7 is installed once")
    options = parser.parse_args()
    try:
        python = pypi_client(options.cache).python
    except UnavailableError as error:
        sys.stdout.write(f"skipped: {error}\n")
        return 0
    cases = {
        "an interpreter": ("pass", False),
        "import pzserver 0.3.7": ("import pzserver; pzserver.PzServer", False),
        "import pzserver": ("import pzserver; pzserver.PzServer", True),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for repeat in range(options.repeats + 1):  # the first round compiles
        for name, (code, ours) in cases.items():
            once = _measured(python, code, ours=ours)
            if repeat:
                found[name].append(once)
    medians = {name: [statistics.median(each) for each in zip(*times, strict=True)] for name, times in found.items()}
    for name, (processor, elapsed) in medians.items():
        sys.stdout.write(f"{name:<24} {processor:6.3f} s of processor time, {elapsed:6.3f} s\n")
    ratio = medians["import pzserver"][0] / medians["import pzserver 0.3.7"][0]
    sys.stdout.write(f"ratio of processor time: {ratio:.2f}, at most {MOST:.2f}\n")
    return int(ratio > MOST)


if __name__ == "__main__":
    sys.exit(main())
