"""The tutorial notebook of pzserver 0.3.7, run cell by cell in IPython: see test_whole_path.

Arguments: the notebook, the address of the API, a token, and JSON with texts to be replaced by others. The current
folder is that of the notebook. The last line of output says in JSON what the cells showed and left behind.
"""

import json
import sys
import time
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

_PAUSE_SECONDS = 0.2
_MOST_WAITS = 600
#: What a cell must not follow at once: the notebook says to go on when the run has ended.
_AFTER_RUN = "get_product(catalog_name)"
#: Tables are shown in loops, and before the last line of a cell.
_LOOP = """
for kind in ("Training Set", "Objects Catalog"):
    pz_server.display_products_list(filters={"product_type": kind, "official_product": kind == "Objects Catalog"})
pz_server.display_product_metadata(2)
last = 1
"""


def cells(path: Path) -> list[tuple[int, str]]:
    """Return the cells of code with their numbers."""
    read = json.loads(path.read_text())["cells"]
    return [(number, "".join(cell["source"])) for number, cell in enumerate(read) if cell["cell_type"] == "code"]


def main(notebook: str, host: str, token: str, replacements: str) -> None:
    """Run the notebook."""
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(seconds, _PAUSE_SECONDS))
    shell = InteractiveShell.instance()
    replaced = {'token="<your token here>"': f"token={token!r}, host={host!r}", **json.loads(replacements)}
    shown: dict[int, str] = {}
    failed: dict[int, str] = {}
    for number, source in cells(Path(notebook)):
        code = source
        for old, new in replaced.items():
            code = code.replace(old, new)
        if _AFTER_RUN in code:
            _wait_for(shell.user_ns["crc"])
        with capture_output() as captured:
            result = shell.run_cell(code)
        shown[number] = "\n".join([captured.stdout, *_pages(captured.outputs)])
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            failed[number] = f"{type(error).__name__}: {error}\n{captured.stdout[-2000:]}"
    with capture_output() as captured:
        failed |= {} if shell.run_cell(_LOOP).success else {len(shown): captured.stdout}
    left = shell.user_ns
    found = {
        "version": left["PzServer"].__module__ + " " + sys.modules["pzserver"].__version__,
        "cells": len(shown),
        "shown": shown,
        "failed": failed,
        "crc": left["crc"].process,
        "tsm": left["tsm"].process,
        "catalogue": sorted(left["my_new_specz_catalog_df"].columns),
        "training set": sorted(left["my_new_training_set_df"].columns),
        "rows": [len(left["my_new_specz_catalog_df"]), len(left["my_new_training_set_df"])],
        "figures": len(left["plt"].get_fignums()),
        "looped": _pages(captured.outputs),
    }
    sys.stdout.write(f"\n{json.dumps(found)}\n")


def _pages(outputs: list) -> list[str]:
    return [output.data.get("text/html", "") for output in outputs]


def _wait_for(process: object) -> None:
    for _ in range(_MOST_WAITS):
        if process.check_status() not in {"Pending", "Queued", "Running"}:
            return
        time.sleep(_PAUSE_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
