"""Public names of a library pzserver, by introspection: see test_names.

The last line of output has in JSON the names of each module, and of each class its attributes and the parameters of its
methods. Attributes of objects are those that methods assign.
"""

import ast
import importlib
import inspect
import json
import sys
import textwrap
import typing
import warnings
from collections.abc import Callable

MODULES = ("", "catalog", "communicate", "core", "pipeline", "process", "product", "upload")


def assigned(kind: type) -> set[str]:
    """Return the public attributes that the methods of a class and of its bases assign."""
    names: set[str] = set()
    for base in kind.__mro__:
        if not base.__module__.startswith("pzserver"):
            continue
        names |= set(getattr(base, "__annotations__", {}))
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(base)))):
            of_object = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
            if of_object and isinstance(node.ctx, ast.Store):
                names.add(node.attr)
    return names


def described(kind: type) -> dict[str, list[str] | None]:
    """Return the public attributes of a class; methods with the names of their parameters."""
    found: dict[str, list[str] | None] = dict.fromkeys(assigned(kind))
    for name in dir(kind):
        value = inspect.getattr_static(kind, name)
        value = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        own = any(name in vars(base) for base in kind.__mro__ if base.__module__.startswith("pzserver"))
        if own:
            found[name] = parameters(value) if inspect.isfunction(value) else None
    return {name: words for name, words in found.items() if not name.startswith("_")}


def parameters(method: Callable[..., object]) -> list[str]:
    """Return the names of the parameters of a method; of one with overloads, those of the first."""
    first = next(iter(typing.get_overloads(method)), method)
    return list(inspect.signature(first).parameters)


def main() -> None:
    """Print the names."""
    warnings.simplefilter("ignore")
    found: dict[str, object] = {}
    for module_name in MODULES:
        module = importlib.import_module(f"pzserver.{module_name}".rstrip("."))
        names = getattr(module, "__all__", None) or [
            name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
        ]
        for name in names:
            value = getattr(module, name)
            found[f"{module_name}.{name}"] = described(value) if inspect.isclass(value) else None
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
