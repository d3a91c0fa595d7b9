"""The layout of the project: folders, layers, modules, settings, as docs/architecture.md has them."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from core.settings import Settings

ROOT = Path(__file__).resolve().parents[1]

SERVER_PACKAGES = ("core", "products", "uws", "tap", "vospace", "registry", "pipelines", "webui", "server")
PACKAGES = (*SERVER_PACKAGES, "pzserver")

FOLDERS = {*SERVER_PACKAGES, "clients", "tests", "benchmarks", "docs", ".ci"}
FILES = {
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "pyproject.toml",
}

#: Alembic's scripts have a shape of their own.
_ELSEWHERE = ROOT / "server" / "migrations"

MODULES = [
    path
    for folder in (*(ROOT / name for name in SERVER_PACKAGES), ROOT / "clients" / "src" / "pzserver")
    for path in sorted(folder.rglob("*.py"))
    if not path.is_relative_to(_ELSEWHERE)
]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@dataclass(frozen=True)
class Module:
    """What the tests ask of a module: its docstring, whether it says what it offers, its calls and its functions."""

    docstring: str | None
    offers: bool
    calls: frozenset[str]
    lengths: tuple[tuple[str, int], ...]


@cache
def parsed(path: Path) -> Module:
    """Parse a module once for all tests; its tree would be large to keep."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    calls = (node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    functions = (node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    lengths = ((node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in functions)
    return Module(ast.get_docstring(tree), _offers(path, tree.body), frozenset(calls), tuple(lengths))


def _offers(path: Path, body: list[ast.stmt]) -> bool:
    """Tell whether a module has ``__all__``, or is a folder that only says what it is for."""
    assigned = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    named = any(isinstance(target, ast.Name) and target.id == "__all__" for target in assigned)
    return named or (path.name == "__init__.py" and len(body) <= 1)


def test_no_other_distribution_owns_one_of_our_package_names():
    owners = importlib.metadata.packages_distributions()
    ours = {"photoz-server", "pzserver"}
    assert {name: owners[name] for name in PACKAGES if set(owners.get(name, [])) - ours} == {}


def test_the_top_level_is_as_the_architecture_has_it():
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 - git is on the PATH of who has a checkout
    if done.returncode != 0:
        pytest.skip("this is not a git checkout, so what belongs to the project is not known")
    parts = [Path(line).parts for line in done.stdout.splitlines()]
    assert {names[0] for names in parts if len(names) > 1} <= FOLDERS
    assert {names[0] for names in parts if len(names) == 1} <= FILES


def test_packages_import_only_from_below():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


#: Services that are constructed outside the assemblies and the root: `docs/architecture.md` says why.
_APART = {
    ("server/cli/context.py", "AccountServices"),
    ("server/operations/doctor.py", "DuckDBEngine"),
    ("tap/async_queries/jobs.py", "TapService"),
    ("tap/async_queries/warm_engine.py", "DuckDBEngine"),
    ("server/broker/worker.py", "ProcessQueue"),
}
_SERVICES = (
    "Service",
    "Services",
    "Store",
    "Catalog",
    "Engine",
    "Queue",
    "Administration",
    "Jobs",
    "Uploads",
    "Inspector",
)


def test_only_assemblies_and_the_composition_root_construct_services():
    roots = [path for path in MODULES if path.name == "assembly.py" or name_of(path) == "server/services.py"]
    services = {name for path in roots for name in parsed(path).calls if name.endswith(_SERVICES)}
    services -= {"Services"}  # the root itself, which each process constructs
    assert len(services) > 20
    elsewhere = {
        (name_of(path), name) for path in MODULES if path not in roots for name in parsed(path).calls & services
    }
    assert elsewhere == _APART


def test_every_module_says_what_it_is_for_and_what_it_offers():
    assert [name_of(path) for path in MODULES if not parsed(path).docstring] == [], "without a docstring"
    assert [name_of(path) for path in MODULES if not parsed(path).offers] == [], "without __all__"


def test_no_folder_has_more_than_twenty_entries():
    folders = {path.parent for path in MODULES}
    entries = {
        name_of(folder): {
            path.name for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
        }
        for folder in folders
    }
    crowded = {name: len(found - {"__init__.py"}) for name, found in entries.items()}
    assert {name: count for name, count in crowded.items() if count > 20} == {}


def test_no_function_is_longer_than_sixty_lines():
    functions = [(name_of(path), function, lines) for path in MODULES for function, lines in parsed(path).lengths]
    assert [(name, function, lines) for name, function, lines in functions if lines > 60] == []


def paths_named_in(document: str) -> set[str]:
    """Find the paths below packages that a document names in backquotes, and their folders."""
    text = (ROOT / document).read_text(encoding="utf-8")
    tops = "|".join((*SERVER_PACKAGES, "clients", "tests", "benchmarks", "docs"))
    return set(re.findall(rf"`((?:{tops})/[\w./-]*)", text))


@pytest.mark.parametrize("document", ["docs/architecture.md", "CONTRIBUTING.md", "README.md", "docs/glossary.md"])
def test_every_path_that_is_named_exists(document: str):
    paths = paths_named_in(document)
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_no_file_is_longer_than_four_hundred_lines():
    files = [*MODULES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_every_folder_of_tests_is_a_package():
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    assert [name_of(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_every_setting_is_described_and_documented_with_its_default():
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(PHOTOZ_\w+)` \| (.*?) \| (.*) \|$", text, re.MULTILINE)
    documented = {name: (default, described) for name, default, described in rows}
    settings = {f"PHOTOZ_{name.upper()}": field for name, field in Settings.model_fields.items()}
    assert list(documented) == list(settings)
    for name, field in settings.items():
        default, described = documented[name]
        assert field.description
        assert described == field.description
        assert default.strip() == ("" if field.default is None else f"`{field.default}`")
