"""Many who do one thing to one product at the same moment: one of them wins, the others are told, nothing breaks."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator

import httpx2
import pytest
from sqlalchemy import select

from core.auth.administration import AccountChanges
from core.auth.schema import group_members
from products.models import ProductStatus
from tests.server.application import Application, running_application

pytestmark = pytest.mark.slow

TABLE = b"objid,RAJ2000,DEJ2000,zspec\n1,10.5,-5.25,0.31\n2,10.6,-5.5,0.42\n"
MANY = 8


@pytest.fixture(scope="module")
def running(module_database_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(
        tmp_path_factory.mktemp("races") / "data", database_url=module_database_url
    ) as application:
        yield application


@pytest.fixture(scope="module")
def owner(running: Application) -> httpx2.Client:
    running.services.accounts.service.add_user("owner", None)
    running.client.headers["Authorization"] = f"Bearer {running.token('owner')}"
    return running.client


@pytest.fixture
def draft(owner: httpx2.Client) -> dict:
    """A draft without a file."""
    return owner.post("/api/products", json={"display_name": "raced", "product_type": 1}).json()


@pytest.fixture
def read(owner: httpx2.Client, draft: dict) -> dict:
    """A draft whose table was looked into, and whose position is not that which was guessed."""
    owner.put(f"/api/products/{draft['id']}/files/t.csv", content=TABLE)
    owner.post(f"/api/products/{draft['id']}/inspect")
    assert owner.get(f"/api/products/{draft['id']}/inspection?wait=60").json()["state"] == "done"
    meanings = {"RAJ2000": "dec", "DEJ2000": "ra", "zspec": "z"}
    assert owner.put(f"/api/products/{draft['id']}/columns", json=meanings).status_code == 200
    return draft


def _at_once(*requests: Callable[[int], httpx2.Response]) -> Counter[int]:
    """Send requests at the same moment, and count the statuses."""
    barrier, statuses = threading.Barrier(len(requests)), Counter[int]()

    def send(number: int, request: Callable[[int], httpx2.Response]) -> None:
        barrier.wait()
        statuses[request(number).status_code] += 1

    threads = [threading.Thread(target=send, args=item) for item in enumerate(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return statuses


def test_one_main_file_wins(running: Application, owner: httpx2.Client, draft: dict):
    address = f"/api/products/{draft['id']}/files"
    statuses = _at_once(*[lambda n: owner.put(f"{address}/t{n}.csv", content=TABLE)] * MANY)
    assert statuses == {201: 1, 409: MANY - 1}
    stored = list(running.services.settings.files_folder.glob("??/*"))
    files = owner.get("/api/product-files").json()["results"]
    assert len(stored) == len(files)


def test_one_file_of_a_name_wins(owner: httpx2.Client, draft: dict):
    address = f"/api/products/{draft['id']}/files/same.txt?role=auxiliary"
    assert _at_once(*[lambda _: owner.put(address, content=b"x")] * MANY) == {201: 1, 409: MANY - 1}


def test_a_quota_holds_though_many_files_come_at_once(running: Application, owner: httpx2.Client):
    services = running.services
    services.accounts.service.add_user("admin", None, is_admin=True)
    used = services.products.versions.usage(services.accounts.service.identity_of_user("owner")).used
    quota = AccountChanges(quota_bytes=used + 3 * len(TABLE) + 1)
    services.accounts.administration.change(services.accounts.service.identity_of_user("admin"), "owner", quota)
    drafts = [
        owner.post("/api/products", json={"display_name": f"q{n}", "product_type": 7}).json() for n in range(MANY)
    ]
    addresses = [f"/api/products/{draft['id']}/files/t.csv" for draft in drafts]
    statuses = _at_once(*[lambda n: owner.put(addresses[n], content=TABLE)] * MANY)
    assert statuses == {201: 3, 413: MANY - 3}
    assert services.products.versions.usage(services.accounts.service.identity_of_user("owner")).used == used + 3 * len(
        TABLE
    )
    usual = AccountChanges(without_quota=True)
    services.accounts.administration.change(services.accounts.service.identity_of_user("admin"), "owner", usual)
    stored = list(services.settings.files_folder.glob("??/*"))
    assert len(stored) == len(owner.get("/api/product-files").json()["results"])


def test_of_two_managers_who_leave_at_once_one_stays(running: Application):
    services = running.services
    for name in ("ann", "ben"):
        services.accounts.service.add_user(name, None)
    ann = services.accounts.service.identity_of_user("ann")
    for number in range(5):
        group = services.accounts.groups.create(ann, f"pair{number}")
        services.accounts.groups.add_member(ann, group.id, "ben", manager=True)
        tokens = {name: running.token(name) for name in ("ann", "ben")}

        def leave(name: str, number: int = group.id, tokens: dict[str, str] = tokens) -> httpx2.Response:
            headers = {"Authorization": f"Bearer {tokens[name]}"}
            return running.client.delete(f"/api/groups/{number}/members/{name}", headers=headers)

        assert _at_once(lambda _: leave("ann"), lambda _: leave("ben")) == {204: 1, 409: 1}
        with services.database.read() as session:
            members = select(group_members.c.user_id).where(group_members.c.group_id == group.id)
            assert len(session.scalars(members).all()) == 1


def test_inspections_asked_for_at_once_are_one(owner: httpx2.Client, draft: dict):
    owner.put(f"/api/products/{draft['id']}/files/t.csv", content=TABLE)
    statuses = _at_once(*[lambda _: owner.post(f"/api/products/{draft['id']}/inspect")] * MANY)
    assert statuses == {202: MANY}
    found = owner.get(f"/api/products/{draft['id']}/inspection?wait=60").json()
    assert found["state"] == "done", found


def test_publications_at_once_are_one(owner: httpx2.Client, read: dict):
    address = f"/api/products/{read['id']}"
    statuses = _at_once(*[lambda _: owner.post(f"{address}/publish")] * MANY)
    assert set(statuses) <= {200, 202, 409}
    assert statuses[200] + statuses[202] >= 1
    owner.get(f"{address}/inspection?wait=60")
    assert owner.get(address).json()["status"] == ProductStatus.PUBLISHED


def test_a_product_that_is_deleted_while_it_is_published_stays_deleted(owner: httpx2.Client, read: dict):
    address = f"/api/products/{read['id']}"
    statuses = _at_once(*[lambda _: owner.post(f"{address}/publish")] * 4, *[lambda _: owner.delete(address)] * 4)
    assert set(statuses) <= {200, 202, 204, 404, 409}
    assert statuses[204] >= 1
    assert owner.get(address).status_code == 404


def test_everything_at_once_breaks_nothing(owner: httpx2.Client, read: dict):
    address = f"/api/products/{read['id']}"
    file = owner.get(f"/api/product-files?product_id={read['id']}").json()["results"][0]["id"]
    statuses = _at_once(
        lambda _: owner.post(f"{address}/publish"),
        lambda _: owner.post(f"{address}/inspect"),
        lambda _: owner.delete(f"/api/product-files/{file}"),
        lambda n: owner.put(f"{address}/files/n{n}.csv", content=TABLE),
        lambda _: owner.put(f"{address}/columns", json={"zspec": "z"}),
        lambda _: owner.patch(address, json={"visibility": "public"}),
        lambda _: owner.get(f"{address}/zip"),
        lambda _: owner.get("/tap/tables"),
    )
    assert max(statuses) < 500, statuses
    owner.get(f"{address}/inspection?wait=60")
    assert owner.get(address).json()["status"] in {ProductStatus.REGISTERING, ProductStatus.PUBLISHED}
