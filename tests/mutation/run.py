"""Run the tests of access decisions against mutants of the modules that decide: ``python -m tests.mutation.run``.

A mutant replaces its module in a forked process alone; nothing in the checkout changes.
"""

import ast
import importlib
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.targets import TARGETS, Target

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[2]
#: Processor time after which the tests of a mutant hang, and the time for those that wait for something.
_PROCESSOR_SECONDS, _SECONDS = 300, 3600
#: What the tests import, imported once for all processes.
_PRELOADED = (
    "server.services",
    "vospace.handlers.routes",
    "registry.handlers",
    "hypothesis",
    "httpx2",
    "pzserver.sessions",
)


def _replace(path: str, source: str) -> None:
    """Execute another source of a module, and let all modules that imported something from it have the new one."""
    name = path.removesuffix(".py").replace("/", ".")
    module = importlib.import_module(name)
    before = dict(vars(module))
    exec(compile(source, str(ROOT / path), "exec"), vars(module))  # noqa: S102 - the source is ours
    replaced = {
        id(value): vars(module)[key]
        for key, value in before.items()
        if getattr(value, "__module__", None) == name and vars(module)[key] is not value
    }
    for key, value in before.items():
        if id(value) in replaced and isinstance(value, type) and value.__subclasses__():
            for name_of_part, part in vars(vars(module)[key]).items():  # subclasses keep the old class
                if name_of_part not in {"__dict__", "__weakref__"}:
                    setattr(value, name_of_part, part)
    for other in list(sys.modules.values()):
        known = vars(other) if other is not module and isinstance(other, ModuleType) else {}
        for key, value in list(known.items()):
            if id(value) in replaced:
                known[key] = replaced[id(value)]


def main(paths: Sequence[str]) -> int:
    """Try all mutants of some modules, print those that no test notices, and return their number."""
    os.environ["ALL_DATABASES"] = "1"  # the cases that else run on PostgreSQL alone run on SQLite
    for name in _PRELOADED:
        importlib.import_module(name)
    survivors = 0
    for path in paths or tuple(TARGETS):
        target = TARGETS[path]
        source = (ROOT / path).read_text()
        if _is_noticed(path, source, target):
            print(f"{path}: its tests fail without any change")
            return 1
        tried = [mutant for mutant in mutants(source) if _counts(mutant, source, target)]
        for mutant in tried:
            if not _is_noticed(path, mutant.source, target):
                survivors += 1
                print(f"{path}:{mutant.name}", flush=True)
        print(f"{path}: {len(tried)} mutants", flush=True)
    return survivors


def _counts(mutant: Mutant, source: str, target: Target) -> bool:
    line, _, change = mutant.name.partition(": ")
    if any(change.startswith(known) for known in target.equivalent):
        return False
    spans = [
        range(node.lineno, (node.end_lineno or 0) + 1)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name in target.functions
    ]
    return not target.functions or any(int(line) in span for span in spans)


def _is_noticed(path: str, source: str, target: Target) -> bool:
    """Return whether a test fails, or does not end, when the module has another source."""
    child = os.fork()
    if child == 0:
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, _PROCESSOR_SECONDS))
        signal.alarm(_SECONDS)
        _replace(path, source)
        os.chdir(ROOT)
        options = [
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
            "-k",
            "not postgresql",  # a decision that SQLite does not notice is made by no database
        ]
        code = pytest.main([*options, *target.tests])
        os._exit(int(code != pytest.ExitCode.OK))
    return os.waitpid(child, 0)[1] != 0


if __name__ == "__main__":
    sys.exit(int(main(sys.argv[1:]) > 0))
