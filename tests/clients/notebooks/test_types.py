"""The code of the notebooks and the example under ``mypy --strict``: no errors, and all results have types."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from mypy.build import BuildResult, build
from mypy.main import process_options
from mypy.nodes import CallExpr, Expression, IndexExpr, MemberExpr, Node
from mypy.types import AnyType, Instance, Type, get_proper_type

from tests.clients.notebooks.execution import cells_of, source_of
from tests.clients.notebooks.running import EXAMPLE, NOTEBOOKS

_LIBRARY = Path(__file__).parents[3] / "clients" / "src"
#: Classes of libraries without types, or with types that take long to read: names that accept everything.
_CLASSES = {
    "astropy.coordinates": ("Angle", "SkyCoord"),
    "astropy.table": ("Column", "Table"),
    "astropy.units": ("Quantity",),
    "lsdb": ("Catalog",),
    "matplotlib.axes": ("Axes",),
    "nested_pandas": ("NestedFrame",),
    "pandas": ("DataFrame", "Series"),
    "polars": ("DataFrame",),
    "pyarrow": ("Table", "Schema"),
    "pyvo.dal": ("SCSService", "TAPResults"),
    "pyvo.dal.adhoc": ("DatalinkResults",),
    "pyvo.registry.regtap": ("RegistryResults",),
    "qp": ("Ensemble",),
}
#: Attributes of mypy's nodes that hold other nodes.
_PARTS = (
    "defs", "body", "else_body", "finally_body", "handlers", "expr", "rvalue", "lvalues", "callee", "args", "base",
    "index", "left", "right", "operands", "cond", "if_expr", "else_expr", "items", "left_expr", "sequences",
    "condlists", "generator", "key", "value", "func",
)  # fmt: skip
_HEAD = "# mypy: disallow_subclassing_any=False\nfrom typing import Any\ndef __getattr__(name: str) -> Any: ...\n"
_SETTINGS = """
[mypy]
strict = True
python_version = 3.11
mypy_path = {path}
ignore_missing_imports = True
[mypy-numpy.*,pyarrow.*,matplotlib.*,IPython.*]
follow_imports = skip
"""


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    folder = tmp_path_factory.mktemp("types")
    modules = dict(_modules())
    for name, code in modules.items():
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
    stubs = folder / "stubs"
    for module, names in _CLASSES.items():
        path = stubs.joinpath(*module.split("."))
        path.mkdir(parents=True, exist_ok=True)
        for package in [path, *path.parents][: module.count(".") + 1]:
            (package / "__init__.pyi").touch()
        (path / "__init__.pyi").write_text("".join(f"class {name}(Any): ...\n" for name in names))
    for path in stubs.rglob("__init__.pyi"):
        path.write_text(_HEAD + path.read_text())
    settings = folder / "mypy.ini"
    settings.write_text(_SETTINGS.format(path=f"{stubs}:{_LIBRARY}"))
    arguments = [f"--config-file={settings}", "--cache-dir", str(folder / "cache")]
    sources, options = process_options([*arguments, *(str(folder / f"{name}.py") for name in modules)])
    options.export_types = True
    options.preserve_asts = True
    return build(sources, options=options)


def test_mypy_strict_finds_no_errors(checked: BuildResult):
    assert checked.errors == []


@pytest.mark.parametrize("name", [path.stem.replace("-", "_") for path in (*NOTEBOOKS, EXAMPLE)])
def test_all_results_of_the_library_have_types(checked: BuildResult, name: str):
    kinds = list(_results(checked.files[name], checked.types))
    assert [line for line, kind in kinds if isinstance(kind, AnyType)] == []
    assert len(kinds) > 10 or name == "topcat_and_pyvo"  # which does without the library


def _results(tree: Node, types: Mapping[Expression, Type]) -> Iterator[tuple[int, Type]]:
    """Yield lines and types of what objects of the library give: attributes, results of calls, and elements."""
    for node in _nodes(tree):
        owner: Expression | None = None
        if isinstance(node, MemberExpr):
            owner = node.expr
        elif isinstance(node, IndexExpr):
            owner = node.base
        elif isinstance(node, CallExpr) and isinstance(node.callee, MemberExpr):
            owner = node.callee.expr
        kind = None if owner is None else get_proper_type(types.get(owner))
        if isinstance(kind, Instance) and kind.type.fullname.startswith("pzserver."):
            yield node.line, get_proper_type(types[node])


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
        for name in _PARTS:
            yield from _nodes(getattr(value, name, None))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _nodes(each)


def _modules() -> Iterator[tuple[str, str]]:
    """Yield the names and the code of the notebooks as modules, and the example."""
    for path in NOTEBOOKS:
        cells = [source_of(cell) for cell in cells_of(path) if cell["cell_type"] == "code"]
        assert not re.search(r"(?m)^[%!]", "\n".join(cells)), "magic commands are no Python"
        yield path.stem.replace("-", "_"), "\n\n".join(cells) + "\n"
    yield EXAMPLE.stem, EXAMPLE.read_text(encoding="utf-8")
