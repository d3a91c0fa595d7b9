"""Fill a new server with demo data, through the same services that people use."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from core.auth.models import Identity
from core.files import StoredBytes
from pipelines.definitions import VALIDATION
from pipelines.models import RunRequest
from products.models import FileRole, InspectionState, Product, ProductStatus, Visibility
from products.product_types import product_type_by_name
from products.search.queries import ProductQuery
from products.service import NewProduct
from server.demo.baselines import submit_baselines
from server.demo.challenge import DEMO_CHALLENGE, challenge_products, has_challenge, open_challenge
from server.demo.note import remove_note
from server.demo.products import (
    DEMO_ESTIMATES,
    DEMO_REFERENCE,
    DEMO_VALIDATION,
    DemoProduct,
    demo_products,
    write_demo_file,
)
from server.services import Services

__all__ = ["fill_demo"]

_OWNER = "admin"
_SECONDS = 600
_CHUNK = 1 << 20


def fill_demo(services: Services, say: Callable[[str], None]) -> None:
    """Upload and publish every demo product that is not there yet."""
    identity = services.accounts.service.identity_of_user(_OWNER)
    say("Filling in demo data (simulated, see docs/demo-data.md):")
    with tempfile.TemporaryDirectory(dir=services.settings.staging_folder) as folder:
        for demo in demo_products():
            if not _is_there(services, identity, demo):
                product = _publish(services, identity, demo, Path(folder))
                say(f"  {product.display_name}: {demo.table.num_rows:,} rows")
        _validate(services, identity, say)
        _challenge(services, identity, Path(folder), say)
    remove_note(services.settings)


def _is_there(services: Services, identity: Identity, demo: DemoProduct) -> bool:
    """Look for a demo product; what a crash left of it half-way is deleted."""
    return _published(services, identity, demo.display_name) is not None


def _published(services: Services, identity: Identity, display_name: str) -> Product | None:
    """Find a published product; others of its name are deleted."""
    page = services.products.service.list(identity, ProductQuery(display_names=(display_name,)))
    for product in page.products:
        if product.status is ProductStatus.PUBLISHED:
            return product
        services.products.service.delete(identity, product.id)
    return None


def _validate(services: Services, identity: Identity, say: Callable[[str], None]) -> None:
    """Validate the estimates against the training set, by the pipeline."""
    estimates, reference = (_published(services, identity, name) for name in (DEMO_ESTIMATES, DEMO_REFERENCE))
    if estimates is None or reference is None or _published(services, identity, DEMO_VALIDATION) is not None:
        return
    request = RunRequest(
        display_name=DEMO_VALIDATION,
        inputs=(str(estimates.id),),
        objects=str(reference.id),
        visibility=Visibility.PUBLIC,
    )
    run = services.pipelines.service.submit(identity, VALIDATION, request)
    services.jobs.wait(run.job_id, owner=identity.name, seconds=_SECONDS)
    say(f"  {DEMO_VALIDATION}: run {run.id} of {VALIDATION.display_name}")


def _challenge(services: Services, identity: Identity, folder: Path, say: Callable[[str], None]) -> None:
    """Open a challenge of the training set, with a test set of its own and baselines."""
    training = _published(services, identity, DEMO_REFERENCE)
    if training is None:
        return
    if not has_challenge(services, identity):
        test, truth = (
            _published(services, identity, demo.display_name) or _publish(services, identity, demo, folder)
            for demo in challenge_products()
        )
        open_challenge(services, identity, training, test, truth)
    number = submit_baselines(services, identity, training, folder)
    if number:
        say(f"  The challenge {DEMO_CHALLENGE}: {number} baselines")


def _publish(services: Services, identity: Identity, demo: DemoProduct, folder: Path) -> Product:
    uploads = services.products.uploads
    release = services.products.service.ensure_release(demo.release, demo.release.upper()) if demo.release else None
    product = services.products.service.create(
        identity,
        NewProduct(
            display_name=demo.display_name,
            product_type=product_type_by_name(demo.product_type).id,
            release=release.id if release else None,
            description=demo.description,
            pz_code=demo.pz_code,
            official=demo.official,
            attribution=demo.attribution,
            visibility=demo.visibility,
        ),
    )
    path = write_demo_file(demo, folder)
    stored = _store(services, identity, product, path)
    uploads.add_file(identity, product.id, FileRole.MAIN, demo.file_name, stored)
    uploads.inspect(identity, product.id)
    product = uploads.wait_for_inspection(identity, product.id, _SECONDS)
    if product.inspection_state is not InspectionState.DONE:
        message = f"demo data could not be read: {product.inspection_error}"
        raise RuntimeError(message)
    services.products.column_meanings.describe_all(identity, product.id, demo.meanings)
    return uploads.publish(identity, product.id, seconds=_SECONDS)


def _store(services: Services, identity: Identity, product: Product, path: Path) -> StoredBytes:
    with path.open("rb") as file, services.products.uploads.stage(identity, product.id, FileRole.MAIN) as staging:
        while chunk := file.read(_CHUNK):
            staging.write(chunk)
        return staging.finish()
