"""Run the notebooks against a new server with demo data, and write their pages: ``make notebooks``."""

import sys
import tempfile
from pathlib import Path

from tests.clients.notebooks.rendering import page_of
from tests.clients.notebooks.running import NOTEBOOKS, run_notebooks
from tests.support.server import running_server

__all__: list[str] = []


def main() -> int:
    """Write the pages, unless a cell fails; return the exit status."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "notebooks"
        folder.mkdir()
        with running_server(Path(temporary) / "data", env={"PHOTOZ_DEMO": "true"}) as server:
            outputs = run_notebooks(server, folder)
    failed = [
        f"{name}, cell {number}: {cell['error']}"
        for name, cells in outputs.items()
        for number, cell in enumerate(cells, 1)
        if cell["error"]
    ]
    if failed:
        sys.stderr.write("\n".join(failed) + "\n")
        return 1
    for path in NOTEBOOKS:
        path.with_suffix(".html").write_text(page_of(path, outputs[path.stem]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
