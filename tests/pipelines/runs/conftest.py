"""One server on each database for the tests of runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from core.auth.models import Identity
from products.models import Product, Visibility
from tests.pipelines.runs.published import OBJECT_MEANINGS, PipelineSite, catalogue, objects, people, publish
from tests.server.application import running_application


@dataclass(frozen=True, slots=True)
class Catalogues:
    """What is published: two catalogues of the same objects, one that only bob sees, and objects."""

    vvds: Product
    dfgrs: Product
    secret: Product
    objects: Product


@pytest.fixture(scope="module")
def site(module_database_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineSite]:
    chosen: dict[str, Any] = {"database_url": module_database_url} if module_database_url else {}
    # Two catalogues together are more rows than that, and wait on disk; one alone stays in memory.
    chosen["combination_rows"] = 60
    with running_application(tmp_path_factory.mktemp("runs") / "data", **chosen) as app:
        yield PipelineSite(app, people(app))


@pytest.fixture(scope="module")
def alice(site: PipelineSite) -> Identity:
    return site.app.services.accounts.service.identity_of_user("alice")


@pytest.fixture(scope="module")
def catalogues(site: PipelineSite, alice: Identity) -> Catalogues:
    services = site.app.services
    bob = services.accounts.service.identity_of_user("bob")
    return Catalogues(
        publish(services, alice, "VVDS", catalogue("VVDS")),
        publish(services, alice, "2dFGRS", catalogue("2DFGRS", shift_arcsec=0.3)),
        publish(services, bob, "Secret", catalogue("VVDS"), visibility=Visibility.PRIVATE),
        publish(services, alice, "Objects", objects(), kind="object_catalog", meanings=OBJECT_MEANINGS),
    )
