"""The code of the notebooks and of the scientist's day under ``mypy --strict``: no errors, and all results have types."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from mypy.build import BuildResult, build
from mypy.main import process_options
from mypy.nodes import CallExpr, Expression, IndexExpr, MemberExpr
from mypy.traverser import TraverserVisitor
from mypy.types import AnyType, Instance, Type, get_proper_type

from tests.clients.notebooks.execution import cells_of, source_of
from tests.clients.notebooks.running import EXAMPLE, NOTEBOOKS

_LIBRARY = Path(__file__).parents[3] / "clients" / "src"
#: Classes of libraries without types, or with types that take long to read. Here they have names, and accept everything.
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


@dataclass
class _Results(TraverserVisitor):
    """Types of what the library's objects give: attributes, results of calls, and elements."""

    types: dict[Expression, Type]
    found: list[tuple[int, Type]] = field(default_factory=list)

    def visit_member_expr(self, o: MemberExpr, /) -> None:
        super().visit_member_expr(o)
        self._note(o, o.expr)

    def visit_index_expr(self, o: IndexExpr, /) -> None:
        super().visit_index_expr(o)
        self._note(o, o.base)

    def visit_call_expr(self, o: CallExpr, /) -> None:
        super().visit_call_expr(o)
        if isinstance(o.callee, MemberExpr):
            self._note(o, o.callee.expr)

    def _note(self, expression: Expression, owner: Expression) -> None:
        kind = get_proper_type(self.types.get(owner))
        if isinstance(kind, Instance) and kind.type.fullname.startswith("pzserver."):
            self.found.append((expression.line, get_proper_type(self.types[expression])))


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
    results = _Results(checked.types)
    checked.files[name].accept(results)
    assert [line for line, kind in results.found if isinstance(kind, AnyType)] == []
    assert len(results.found) > 10 or name == "topcat_and_pyvo"  # which does without the library


def _modules() -> Iterator[tuple[str, str]]:
    """Yield the names and the code of the notebooks as modules, and the example."""
    for path in NOTEBOOKS:
        cells = [source_of(cell) for cell in cells_of(path) if cell["cell_type"] == "code"]
        assert not re.search(r"(?m)^[%!]", "\n".join(cells)), "magic commands are no Python"
        yield path.stem.replace("-", "_"), "\n\n".join(cells) + "\n"
    yield EXAMPLE.stem, EXAMPLE.read_text(encoding="utf-8")
