"""The process that forks the commands of the client ``vos``; run as a script by ``WarmStarter``.

The client itself is imported by each command anew, because it reads where the home folder is when it is imported.
"""

import importlib
import sys
import warnings
from pathlib import Path

__all__: list[str] = []

_CLIENT = ("vos", "cadcutils")


def _command() -> None:
    """Run the command that ``sys.argv`` names, as its entry point does."""
    sys.exit(getattr(importlib.import_module("vos.commands"), sys.argv[0])())


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[2]))
    from tests.support.warm_process import serve

    warnings.simplefilter("ignore")
    importlib.import_module("vos.commands")
    for name in [name for name in sys.modules if name.split(".")[0] in _CLIENT]:
        del sys.modules[name]
    serve(_command)
