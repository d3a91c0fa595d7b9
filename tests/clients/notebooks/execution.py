"""The notebooks of the documentation, run cell by cell in one IPython, each in a fresh namespace.

Arguments: the address of the server, a file for the outputs, and the notebooks. The token is in the environment. The
outputs are JSON: for each notebook a list with an `Output` for each cell, which is empty for cells of text.
"""

import json
import os
import re
import sys
import warnings
from base64 import b64encode
from pathlib import Path
from typing import TypedDict

__all__ = ["ADDRESS", "Output", "cells_of", "source_of"]

#: Address of the server in the notebooks, which is replaced by that of the server that runs.
ADDRESS = "http://127.0.0.1:8000"
_KINDS = ("text/html", "image/png", "text/plain")
#: Lines of progress, which end differently each time.
_PROGRESS = re.compile(r"Building task graph\.\.\.\n|[^\r\n]*\d+%\|[^\r\n]*\]\r?\n?|\r")
_SHELL = {"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}}


class Output(TypedDict):
    """What one cell showed: printed texts, values as pairs of a media type and a text, and an error."""

    printed: str
    warned: str
    shown: list[tuple[str, str]]
    error: str


def cells_of(path: Path) -> list[dict]:
    """Return the cells of a notebook."""
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def source_of(cell: dict) -> str:
    """Return the text of a cell."""
    return "".join(cell["source"])


def main(address: str, result: str, *paths: str) -> None:
    """Run the notebooks."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import display
    from traitlets.config import Config

    class Shell(InteractiveShell):
        def enable_gui(self, gui: str | None = None) -> None:
            """Leave figures to the cell that draws them."""

    shell = Shell.instance(config=Config(_SHELL))
    shell.enable_matplotlib("inline")
    shell.display_formatter.active_types = shell.display_formatter.format_types
    shell.display_trap.hook = lambda value: None if value is None else display(value)
    warnings.filterwarnings("ignore", module="upath")  # of Python 3.11 alone
    outputs, known = {}, list(warnings.filters)
    for path in map(Path, paths):
        shell.reset(new_session=True, aggressive=False)
        warnings.filters[:] = known
        outputs[path.stem] = [
            _run(shell, source_of(cell).replace(ADDRESS, address), address)
            if cell["cell_type"] == "code"
            else Output(printed="", warned="", shown=[], error="")
            for cell in cells_of(path)
        ]
    Path(result).write_text(json.dumps(outputs), encoding="utf-8")


def _run(shell: object, code: str, address: str) -> Output:
    from IPython.utils.capture import capture_output

    with capture_output() as captured:
        done = shell.run_cell(code)
    error = done.error_before_exec or done.error_in_exec
    replaced = {address: ADDRESS, os.environ["PZSERVER_TOKEN"]: "…", str(Path.cwd()): "."}

    def cleaned(text: str) -> str:
        for old, new in replaced.items():
            text = text.replace(old, new)
        return text

    return Output(
        printed="" if error else cleaned(captured.stdout),
        warned=_PROGRESS.sub("", cleaned(captured.stderr)),
        shown=[(kind, cleaned(text)) for kind, text in map(_best, captured.outputs)],
        error="" if error is None else f"{type(error).__name__}: {error}\n{captured.stdout[-3000:]}",
    )


def _best(output: object) -> tuple[str, str]:
    kind = next(kind for kind in _KINDS if kind in output.data)
    value = output.data[kind]
    return kind, b64encode(value).decode() if isinstance(value, bytes) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
