"""What the command does before it knows what it is to do."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.database import Database
from core.settings import Settings
from server.data_folder import prepare_data_folder
from server.migrations.upgrade import migrate


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    """A migrated database in a data folder."""
    prepare_data_folder(Settings(data=tmp_path))
    database = Database(f"sqlite:///{tmp_path / 'photoz.sqlite'}")
    migrate(database)
    database.close()
    return tmp_path / "photoz.sqlite"


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("server.cli.main", ["server.app", "server.services", "uvicorn", "fastapi", "numpy", "pyarrow", "duckdb"]),
        ("server.services", ["server.app", "uvicorn", "fastapi", "starlette", "astropy", "pandas", "scipy"]),
        ("server.app", ["astropy", "pandas", "scipy"]),
    ],
)
def test_who_starts_loads_only_what_is_needed_at_once(module: str, without: list[str]) -> None:
    code = f"import sys, {module}; print(*sorted(set({without}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "\n"


def test_commands_on_accounts_load_no_arrays_when_the_database_is_of_this_version(sqlite_file: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from server.cli.context import open_accounts\n"
        f"with open_accounts(Path({str(sqlite_file.parent)!r})) as accounts: print(accounts.service.users())\n"
        "print(*sorted({'numpy', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "()\n\n"


def test_a_data_folder_is_made_whole_and_nothing_is_left_of_the_probe(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    prepare_data_folder(settings)
    assert settings.tables_folder.is_dir()
    assert list(settings.data.glob(".probe*")) == []
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        prepare_data_folder(Settings(data=tmp_path / "file"))
