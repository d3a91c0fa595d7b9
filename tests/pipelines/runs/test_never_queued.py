"""Servers that are killed while they start a run, before its job is queued: the run ends two minutes later."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.auth.models import Identity
from core.database import utc_now
from pipelines.definitions import COMBINE
from pipelines.models import RunRequest
from pipelines.schema import PipelineRunRow
from products.models import Product, ProductStatus
from products.schema import ProductRow
from products.service import ProductService
from tests.pipelines.runs.conftest import Catalogues
from tests.pipelines.runs.published import NoQueue, PipelineSite, service_of
from uws import JobService, Phase

pytestmark = [pytest.mark.slow, pytest.mark.either_database]


class Killed(BaseException):
    """The end of the process: nothing handles it."""


class KilledAfterProduct(ProductService):
    """A process that is killed when the product of a run is there, and the run is not."""

    def create(self, *args: Any, **keywords: Any) -> Product:
        super().create(*args, **keywords)
        raise Killed


class KilledBeforeQueue(JobService):
    """A process that is killed when the run is there, and its job is not queued."""

    def run(self, *_args: Any, **_keywords: Any) -> None:
        raise Killed


class Clock:
    """A time that the test moves."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self):
        return self.now


def killed_run(site: PipelineSite, catalogues: Catalogues, alice: Identity, name: str, killed: type) -> int:
    """Start a run in a process that is killed, and return the number of its product."""
    services = site.app.services
    jobs = (KilledBeforeQueue if killed is KilledBeforeQueue else JobService)(
        services.database, NoQueue(), services.kinds
    )
    products = services.products.service
    if killed is KilledAfterProduct:
        products = KilledAfterProduct.__new__(KilledAfterProduct)
        vars(products).update(vars(services.products.service))
    request = RunRequest(inputs=(str(catalogues.vvds.id),), display_name=name)
    with pytest.raises(Killed):
        service_of(site, jobs, products).submit(alice, COMBINE, request)
    with services.database.read() as session:
        return session.scalars(select(ProductRow.id).where(ProductRow.display_name == name)).one()


@pytest.mark.parametrize("killed", [KilledAfterProduct, KilledBeforeQueue])
def test_a_run_that_was_killed_before_it_was_queued_ends_after_two_minutes(
    site: PipelineSite, catalogues: Catalogues, killed: type
):
    services, clock = site.app.services, Clock()
    alice = services.accounts.service.identity_of_user("alice")
    number = killed_run(site, catalogues, alice, killed.__name__, killed)
    service = service_of(site, services.jobs, services.products.service, clock)

    def status() -> ProductStatus:
        service.reconcile()
        return services.products.service.get(alice, number).status

    assert status() is ProductStatus.PROCESSING
    clock.now += timedelta(seconds=115)
    assert status() is ProductStatus.PROCESSING
    clock.now += timedelta(seconds=10)
    assert status() is ProductStatus.FAILED
    assert "never queued" in (services.products.service.get(alice, number).inspection_error or "")
    with services.database.read() as session:
        run = session.scalar(select(PipelineRunRow.id).where(PipelineRunRow.product_id == number))
    assert (run is None) == (killed is KilledAfterProduct)
    if run is not None:
        ended = service.get(alice, run)
        assert (ended.phase, "never queued" in (ended.error or "")) == (Phase.ERROR, True)


def test_a_run_that_waits_in_the_queue_for_longer_is_not_ended(site: PipelineSite, catalogues: Catalogues):
    services, clock = site.app.services, Clock()
    alice = services.accounts.service.identity_of_user("alice")
    waiting = JobService(services.database, NoQueue(), services.kinds)
    service = service_of(site, waiting, services.products.service, clock)
    request = RunRequest(inputs=(str(catalogues.vvds.id),), display_name="Waits")
    run = service.submit(alice, COMBINE, request)
    clock.now += timedelta(hours=1)
    service.reconcile()
    assert service.get(alice, run.id).phase is Phase.QUEUED
    service.stop(alice, run.id)
