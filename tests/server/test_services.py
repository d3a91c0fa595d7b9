"""The composition root: what one process constructs, and how often."""

import gc
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from core.database import Database
from core.files import FolderStore
from core.parts import part
from core.settings import Settings
from server.app import create_app
from server.data_folder import prepare_data_folder
from server.migrations.upgrade import migrate
from server.services import Services, worker_kinds

#: Packages whose objects are counted, and the ends of the names of classes that are parts of a process.
PACKAGES = ("core", "products", "uws", "tap", "vospace", "pipelines", "webui", "server")
PARTS = ("Service", "Services", "Database", "Store", "Catalog", "Administration", "Engine", "Queue", "Counts", "Loader")

#: Two folders of the same kind: the files of products and homes, and what comes with queries until it was read.
FOLDERS = {FolderStore: 2}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data=tmp_path / "data", base_url="http://testserver", min_free_bytes=0)
    prepare_data_folder(settings)
    return settings


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    services = Services(settings)
    migrate(services.database)
    yield services
    services.close()


def is_part(kind: type) -> bool:
    return str(kind.__module__).partition(".")[0] in PACKAGES and kind.__name__.endswith(PARTS)


@pytest.fixture
def count_new() -> Callable[[], Counter[type]]:
    """Counter of the parts by class that were not there before the test.

    The garbage collector does not look at what was there, which late in a run takes a minute.
    """
    gc.freeze()

    def count() -> Counter[type]:
        gc.collect()
        return Counter(kind for kind in map(type, gc.get_objects()) if is_part(kind))

    return count


def use_everything(holder: object) -> None:
    """Construct each part of an object, and the parts of its parts."""
    names = [name for name, value in vars(type(holder)).items() if isinstance(value, part)]
    for name in names:
        thing = getattr(holder, name)
        if type(thing).__name__.endswith("Services"):
            use_everything(thing)


def test_a_web_process_constructs_each_part_once(settings: Settings, count_new: Callable[[], Counter[type]]):
    services = Services(settings)
    migrate(services.database)
    app = create_app(services)
    use_everything(services)
    with TestClient(app) as client:
        assert client.get("/").status_code == 200
        assert client.get("/tap/sync?LANG=ADQL&QUERY=SELECT+1+AS+a+FROM+photoz.releases").status_code == 200
        made = count_new()
    assert len(made) > 30
    assert {kind: count for kind, count in made.items() if count > FOLDERS.get(kind, 1)} == {}


def test_a_worker_process_constructs_each_part_once_and_no_queue(
    settings: Settings, count_new: Callable[[], Counter[type]]
):
    kinds = worker_kinds(settings)
    made = count_new()
    assert len(kinds) > 5
    assert {kind: count for kind, count in made.items() if count > FOLDERS.get(kind, 1)} == {}
    assert not {"JobService", "ProcessQueue", "CeleryQueue", "DuckDBEngine"} & {kind.__name__ for kind in made}


def test_parts_are_made_when_they_are_first_used(settings: Settings):
    services = Services(settings)
    assert set(vars(services)) == {"settings", "definitions"}
    assert services.products.service is services.products.service
    assert "queue" not in vars(services)
    services.close()


def test_a_part_can_be_replaced_before_its_first_use(settings: Settings, tmp_path: Path):
    services = Services(settings)
    services.database = Database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    migrate(services.database)
    assert services.accounts.service.count_users() == 0
    services.close()
    assert not (settings.data / "photoz.sqlite").exists()


def test_threads_that_ask_at_once_get_the_same_part():
    class Slow:
        made = 0

        @part
        def thing(self) -> object:
            Slow.made += 1
            return object()

    barrier, slow, found = threading.Barrier(8), Slow(), []

    def ask() -> None:
        barrier.wait()
        found.append(slow.thing)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Slow.made, len(set(map(id, found)))) == (1, 1)
