"""Groups of routes of the server: each has its own paths alone, and the server begins without their modules."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.routing import BaseRoute

from core.database import utc_now
from core.settings import Settings
from core.vosi import present_availability
from core.web.lazy_routes import LazyRoute
from server.data_folder import prepare_data_folder
from server.migrations.upgrade import migrate
from server.route_groups import route_groups
from server.services import Services

#: Large libraries and packages that a server does not need to begin.
LATER = (
    "alembic",
    "h5py",
    "httpx2",
    "joserfc",
    "duckdb",
    "astropy",
    "pandas",
    "webui.pages.routes",
    "webui.api.routes",
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


def _path(route: BaseRoute) -> str:
    path: str = getattr(route, "path", "")
    return path


def test_each_route_is_below_a_path_of_its_group_and_in_no_group_before(settings: Settings):
    prepare_data_folder(settings)
    services = Services(settings)
    migrate(services.database)
    groups = route_groups(services, lambda: present_availability(services.database, utc_now()))
    wrong = [
        path
        for number, group in enumerate(groups)
        for path in map(_path, group.routes)
        if not group.is_for(path) or any(path in map(_path, before.routes) for before in groups[:number])
    ]
    assert wrong == []
    assert sum(len(group.routes) for group in groups) > 400
    # While a group is constructed, requests are answered by others: nothing that holds those up is done then.
    assert [_path(route) for group in groups for route in group.routes if not isinstance(route, LazyRoute)] == []
    services.close()


def test_a_server_begins_without_what_it_needs_later():
    script = f"import json, sys, server.serve; print(json.dumps([name for name in {LATER!r} if name in sys.modules]))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == []
