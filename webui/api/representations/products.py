"""JSON representations of products, files, columns, releases and accounts."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.auth.models import Identity, SignIn, Token, User
from pipelines.models import Run
from products.access import changeable, manageable
from products.attribution import Attribution
from products.inspection.guesses import Guess, best_assignment
from products.models import FileRole, Product, ProductColumn, ProductFile, ProductStatus, ProductType, Release
from products.search.facets import Facet
from products.service import ProductDetails
from uws import Phase
from webui.addresses import file_address
from webui.services import WebServices

__all__ = [
    "STATUSES",
    "Json",
    "attribution_json",
    "column_json",
    "facet_json",
    "file_json",
    "inspection_json",
    "iso",
    "main_file_json",
    "product_json",
    "product_type_json",
    "release_json",
    "sign_in_json",
    "token_json",
    "user_json",
]

#: UWS phases as status words of today's API, whose clients do not know "Queued".
STATUSES: Mapping[Phase, str] = {
    Phase.PENDING: "Pending",
    Phase.QUEUED: "Pending",
    Phase.HELD: "Pending",
    Phase.SUSPENDED: "Pending",
    Phase.EXECUTING: "Running",
    Phase.COMPLETED: "Successful",
    Phase.ARCHIVED: "Successful",
    Phase.ERROR: "Failed",
    Phase.UNKNOWN: "Failed",
    Phase.ABORTED: "Stopped",
}

Json = dict[str, Any]  # JSON of any shape


def iso(time: datetime | None) -> str | None:
    """Format an instant with microseconds and Z, as clients of this API expect it."""
    return None if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def product_type_json(kind: ProductType) -> Json:
    """Return a product type."""
    return {
        "id": kind.id,
        "name": kind.name,
        "display_name": kind.display_name,
        "order": kind.order,
        "description": kind.description,
        "mandatory_columns": list(kind.mandatory),
        "created_at": None,
    }


def release_json(release: Release, access_groups: Sequence[int]) -> Json:
    """Return a release; ``access_groups`` are the ids of the groups to which it is restricted."""
    return {
        "id": release.id,
        "name": release.name,
        "display_name": release.display_name,
        "description": release.description,
        "created_at": iso(release.created_at),
        "indexing_column": release.indexing_column,
        "has_mag_hats": release.has_magnitudes,
        "has_flux_hats": release.has_fluxes,
        "dereddening": release.dereddening,
        "fluxes": release.fluxes,
        "is_public": release.is_public,
        "access_groups": list(access_groups),
    }


def user_json(user: User) -> Json:
    """Return an account as other users see it: without e-mail address."""
    return {
        "id": user.id,
        "username": user.name,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "display_name": user.display_name,
    }


def token_json(token: Token) -> Json:
    """Return a token without its secret."""
    return {
        "id": token.id,
        "name": token.name,
        "scope": token.scope,
        "created_at": iso(token.created_at),
        "expires_at": iso(token.expires_at),
        "last_used_at": iso(token.last_used_at),
        "parent": token.parent_id,
        "parent_sign_in": token.parent_session_id,
    }


def sign_in_json(sign_in: SignIn) -> Json:
    """Return a session without the value of its cookie."""
    return {
        "id": sign_in.id,
        "for_browser": sign_in.for_browser,
        "scope": sign_in.scope,
        "created_at": iso(sign_in.created_at),
        "expires_at": iso(sign_in.expires_at),
        "parent": sign_in.parent_id,
    }


def product_json(product: Product, identity: Identity, run: Run | None = None) -> Json:
    """Return a product as the identity may see it, with the run that made it."""
    return {
        "id": product.id,
        "release": product.release.id if product.release else None,
        "release_name": product.release.display_name if product.release else None,
        "product_type": product.product_type.id,
        "product_type_name": product.product_type.display_name,
        "product_type_internal_name": product.product_type.name,
        "uploaded_by": product.owner,
        "is_owner": identity.user_id == product.owner_id,
        "origin": product.origin,
        "process_status": None if run is None else STATUSES[run.phase],
        "process_id": None if run is None else run.id,
        "product_status": product.status.label,
        "can_delete": manageable(identity, product),
        "can_update": changeable(identity, product),
        "internal_name": product.internal_name,
        "display_name": product.display_name,
        "official_product": product.official,
        "pz_code": product.pz_code,
        "description": product.description,
        "created_at": iso(product.created_at),
        "updated_at": iso(product.updated_at),
        "status": int(product.status),
        "release_year": product.release_year,
        "visibility": product.visibility,
        "groups": list(product.groups) if changeable(identity, product) else [],
        "co_owners": list(product.co_owners),
        "previous_version": product.previous_id,
        **attribution_json(product.attribution),
        "embargo_date": None if product.embargo_date is None else product.embargo_date.isoformat(),
    }


def attribution_json(attribution: Attribution) -> Json:
    """Return an attribution without relations, of which not everyone may see all."""
    return attribution.model_dump(mode="json", exclude={"related"})


def facet_json(facet: Facet) -> list[Json]:
    """Return the values of a facet with their counts of products."""
    return [{"value": value.key, "label": value.label, "count": value.count} for value in facet.values]


def file_json(services: WebServices, file: ProductFile, product: Product, identity: Identity) -> Json:
    """Return a file of a product, as the identity may see it."""
    return {
        "id": file.id,
        "product": file.product_id,
        "file": services.settings.public_url + file_address(file.product_id, file.name),
        "can_delete": changeable(identity, product),
        "role_name": file.role.label,
        "role": int(file.role),
        **_stored_file(file),
        "created": iso(file.created_at),
        "updated": iso(file.updated_at),
    }


def column_json(item: ProductColumn) -> Json:
    """Return a column with its meaning."""
    return {
        "id": item.id,
        "product": item.product_id,
        **item.association(),
        "order": item.order,
        "datatype": item.column.datatype,
        "arraysize": item.column.arraysize,
        "unit": item.column.unit,
        "description": item.column.description,
    }


def main_file_json(details: ProductDetails) -> Json:
    """Return what clients need to read the main file; an object without a name when there is none."""
    main = next((file for file in details.files if file.role is FileRole.MAIN), None)
    if main is None:
        return {"name": None, "type": None, "extension": "", "size": 0, "n_rows": None, "is_directory": False}
    found = _stored_file(main)
    if details.columns:
        found["columns"] = [item.column.name for item in details.columns]
        found["associated_columns"] = [item.association() for item in details.columns]
    found.update({key: main.details[key] for key in ("delimiter", "has_header", "layout") if key in main.details})
    return found


def inspection_json(details: ProductDetails, progress: Mapping[str, Any]) -> Json:
    """Return the state of the inspection, and its results."""
    product = details.product
    found: Json = {} if details.inspection is None else json.loads(details.inspection)
    if "guesses" in found:
        found["proposed"] = best_assignment([Guess(**each) for each in found["guesses"]])
    return {
        "product": product.id,
        "state": product.inspection_state,
        "error": product.inspection_error,
        "job": product.inspection_job,
        "published": product.status is ProductStatus.PUBLISHED,
        "tap_table": details.table.full_name if details.table else None,
        "options": details.options.to_object(),
        **progress,
        "found": found,
    }


def _stored_file(file: ProductFile) -> Json:
    return {
        "name": file.name,
        "type": file.media_type,
        "n_rows": file.rows,
        "size": file.size,
        "extension": file.extension,
        "is_directory": False,
        "md5": file.md5,
        "sha256": file.sha256,
    }
