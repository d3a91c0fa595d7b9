"""Following how a file is read: by waiting, and by server-sent events."""

import asyncio
import json

import httpx2
import pytest
from fastapi import FastAPI

from core.auth.dependencies import SESSION_COOKIE
from products.models import FileRole, Product, Visibility
from products.service import NewProduct
from server.services import Services
from tests.webui.pages.conftest import TABLE, SignIn

WAITING = 60


@pytest.fixture
def reading(services: Services) -> Product:
    """A private product of alice whose file waits to be read; no worker runs here."""
    identity = services.accounts.service.identity_of_user("alice")
    product = services.products.service.create(identity, NewProduct("Read", 1, visibility=Visibility.PRIVATE))
    with services.products.uploads.stage(identity, product.id, FileRole.MAIN) as staging:
        staging.write(TABLE)
        stored = staging.finish()
    services.products.uploads.add_file(identity, product.id, FileRole.MAIN, "vvds.csv", stored)
    return services.products.uploads.inspect(identity, product.id)


def test_hundreds_may_wait_while_others_are_answered(app: FastAPI, services: Services, reading: Product):
    session = services.accounts.service.open_session(services.accounts.service.identity_of_user("alice")).secret

    async def scene() -> list[dict]:
        transport, cookies = httpx2.ASGITransport(app), {SESSION_COOKIE: session}
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver", cookies=cookies) as client:
            address, params = f"/api/products/{reading.id}/inspection", {"wait": "60"}
            waiting = [asyncio.create_task(client.get(address, params=params, timeout=90)) for _ in range(WAITING)]
            for _ in range(20):
                answer = await asyncio.wait_for(client.get("/api/product-types"), 30)
                assert answer.status_code == 200
            assert not any(task.done() for task in waiting)
            await asyncio.to_thread(services.jobs.abort, reading.inspection_job, owner="alice")
            return [(await task).json() for task in waiting]

    answers = asyncio.run(scene())
    assert {answer["state"] for answer in answers} == {"failed"}


def test_events_tell_phase_and_progress_until_the_end(alice: httpx2.Client, services: Services, reading: Product):
    address = f"/api/products/{reading.id}/inspection/events"
    services.jobs.abort(reading.inspection_job, owner="alice")
    answer = alice.get(address)
    assert answer.headers["content-type"].startswith("text/event-stream")
    (event,) = answer.text.strip().split("\n\n")
    assert event.startswith("event: job\ndata: ")
    assert json.loads(event.removeprefix("event: job\ndata: "))["phase"] == "ABORTED"
    services.jobs.delete(reading.inspection_job, owner="alice")
    assert alice.get(address).text == "event: removed\ndata: {}\n\n"


def test_others_do_not_hear_of_a_private_product(
    sign_in: SignIn, alice: httpx2.Client, services: Services, reading: Product
):
    services.jobs.abort(reading.inspection_job, owner="alice")
    theirs, missing = (
        sign_in("bob").get(f"/api/products/{number}/inspection/events") for number in (reading.id, 987_654)
    )
    assert (theirs.status_code, missing.status_code) == (404, 404)
    assert theirs.text.replace(str(reading.id), "") == missing.text.replace("987654", "")
    assert alice.get(f"/api/products/{reading.id}/inspection/events").status_code == 200
