"""The catalogue of products: what may be done with their metadata."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.auth.models import Identity, Scope
from core.database import Database, utc_now
from core.errors import InvalidValueError, PermissionDeniedError
from products.access import release_readable, require_change
from products.models import (
    Product,
    ProductColumn,
    ProductFile,
    ProductStatus,
    ProductTable,
    ProductType,
    Release,
    Visibility,
)
from products.product_types import product_type
from products.schema import ProductRow, ReleaseRow, release_groups
from products.storage import (
    Page,
    ProductQuery,
    ProductSize,
    find_product,
    list_products,
    product_columns,
    product_files,
    product_of_row,
    product_sizes,
    product_table,
    readable_files,
    release_of_row,
)

__all__ = ["NewProduct", "ProductChanges", "ProductDetails", "ProductService"]

_LONGEST_NAME = 255
_LONGEST_PZ_CODE = 55
_LONGEST_DESCRIPTION = 100_000


@dataclass(frozen=True, slots=True)
class NewProduct:
    """What its owner says of a product at the beginning."""

    display_name: str
    product_type: int
    release: int | None = None
    description: str = ""
    pz_code: str | None = None
    official: bool = False
    visibility: Visibility = Visibility.REGISTERED
    release_year: int | None = None


@dataclass(frozen=True, slots=True)
class ProductChanges:
    """What changes of a product; None leaves it as it is."""

    display_name: str | None = None
    description: str | None = None
    release: int | None = None
    pz_code: str | None = None
    official: bool | None = None
    visibility: Visibility | None = None


@dataclass(frozen=True, slots=True)
class ProductDetails:
    """A product with everything that belongs to it."""

    product: Product
    files: tuple[ProductFile, ...]
    columns: tuple[ProductColumn, ...]
    table: ProductTable | None
    inspection: str | None


class ProductService:
    """Find, make, change and delete products."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def releases(self, identity: Identity) -> tuple[Release, ...]:
        """The releases that the identity may see, newest first."""
        with self._database.read() as session:
            rows = session.scalars(
                select(ReleaseRow)
                .where(release_readable(identity))
                .order_by(ReleaseRow.created_at.desc(), ReleaseRow.id.desc())
            )
            return tuple(release_of_row(row) for row in rows)

    def release_groups(self) -> Mapping[int, tuple[int, ...]]:
        """Numbers of the groups to which releases are restricted, by the release's number."""
        with self._database.read() as session:
            found: defaultdict[int, tuple[int, ...]] = defaultdict(tuple)
            for release_id, group_id in session.execute(select(release_groups).order_by(release_groups.c.group_id)):
                found[release_id] += (group_id,)
            return dict(found)

    def ensure_release(self, name: str, display_name: str, description: str = "") -> Release:
        """Give the release of this name, made when there is none; for the operator of the server."""
        with self._database.write() as session:
            row = session.scalar(select(ReleaseRow).where(ReleaseRow.name == name))
            if row is None:
                row = ReleaseRow(
                    name=name,
                    display_name=display_name,
                    description=description,
                    is_public=True,
                    created_at=utc_now(),
                )
                session.add(row)
                session.flush()
            return release_of_row(row)

    def get(self, identity: Identity, key: int | str) -> Product:
        """Find a product by number or internal name, or raise NotFoundError."""
        with self._database.read() as session:
            return product_of_row(find_product(session, identity, key))

    def details(self, identity: Identity, key: int | str) -> ProductDetails:
        """Find a product with its files, columns, rows and inspection, or raise NotFoundError."""
        with self._database.read() as session:
            row = find_product(session, identity, key)
            return ProductDetails(
                product=product_of_row(row),
                files=product_files(session, row.id),
                columns=product_columns(session, [row.id]),
                table=product_table(session, row.id),
                inspection=row.inspection,
            )

    def list(self, identity: Identity, query: ProductQuery) -> Page:
        """List the products that the identity may read."""
        with self._database.read() as session:
            return list_products(session, identity, query)

    def files(self, identity: Identity, file_id: int | None = None) -> tuple[tuple[ProductFile, int], ...]:
        """The files of all products that the identity may read, or one of them, each with its product's owner."""
        with self._database.read() as session:
            return readable_files(session, identity, file_id)

    def sizes(self, page: Page) -> dict[int, ProductSize]:
        """Say how much each product of a page holds, by its number."""
        with self._database.read() as session:
            return product_sizes(session, [product.id for product in page.products])

    def draft(self, identity: Identity) -> Product | None:
        """The caller's newest product that was begun and not yet published, if any."""
        if identity.user_id is None:
            return None
        query = ProductQuery(statuses=(ProductStatus.REGISTERING,), owners=(identity.user_id,), limit=1)
        page = self.list(identity, query)
        return page.products[0] if page.products else None

    def create(self, identity: Identity, new: NewProduct, *, made_by: str | None = None) -> Product:
        """Begin a product: a draft that only its owner sees.

        Parameters
        ----------
        made_by
            What makes the product, when that is no upload: it is in process, rather than a draft.

        Raises
        ------
        InvalidValueError
            A value does not fit the product's type; the field is named.
        PermissionDeniedError
            Only administrators make official products.
        """
        owner = identity.require(Scope.WRITE)
        kind = product_type(new.product_type)
        name = _checked_name(new.display_name)
        _check_type_rules(kind, new.release, new.pz_code or "")
        _check_official(identity, official=new.official)
        now = utc_now()
        with self._database.write() as session:
            _check_release(session, identity, new.release)
            row = ProductRow(
                product_type_id=kind.id,
                release_id=new.release,
                owner_id=owner,
                display_name=name,
                description=_checked_description(new.description),
                pz_code=new.pz_code or None,
                official=new.official,
                visibility=new.visibility,
                status=ProductStatus.REGISTERING if made_by is None else ProductStatus.PROCESSING,
                origin=made_by or "Upload",
                release_year=new.release_year,
                created_at=now,
                updated_at=now,
            )
            session.add(row)
            session.flush()
            row.internal_name = _internal_name(row.id, name)
            session.flush()
            session.refresh(row)
            return product_of_row(row)

    def change(self, identity: Identity, product_id: int, changes: ProductChanges) -> Product:
        """Change a product's metadata; its internal name stays."""
        with self._database.write() as session:
            row = find_product(session, identity, product_id, lock=True)
            require_change(identity, row.owner_id)
            kind = product_type(row.product_type_id)
            _check_type_rules(kind, changes.release, changes.pz_code or "")
            if changes.display_name is not None:
                row.display_name = _checked_name(changes.display_name)
            if changes.description is not None:
                row.description = _checked_description(changes.description)
            if changes.release is not None:
                _check_release(session, identity, changes.release)
                row.release_id = changes.release
            if changes.pz_code is not None:
                row.pz_code = changes.pz_code or None
            if changes.official is not None and changes.official != row.official:
                _check_official(identity, official=True)
                row.official = changes.official
            if changes.visibility is not None:
                row.visibility = changes.visibility
            row.updated_at = utc_now()
            session.flush()
            session.refresh(row)
            return product_of_row(row)

    def delete(self, identity: Identity, product_id: int) -> None:
        """Delete a product: from now on nobody finds it; its files go with the next sweep."""
        with self._database.write() as session:
            row = find_product(session, identity, product_id, lock=True)
            require_change(identity, row.owner_id)
            session.execute(
                update(ProductRow)
                .where(ProductRow.id == row.id)
                .values(status=ProductStatus.DELETED, updated_at=utc_now())
            )


def _checked_name(display_name: str) -> str:
    name = "".join(c for c in display_name if c.isprintable()).strip()
    if not name:
        message = "This field may not be blank."
        raise InvalidValueError(message, field="display_name")
    if len(name) > _LONGEST_NAME:
        message = f"Ensure this field has no more than {_LONGEST_NAME} characters."
        raise InvalidValueError(message, field="display_name")
    return name


def _checked_description(description: str) -> str:
    if len(description) > _LONGEST_DESCRIPTION:
        message = f"The description may have at most {_LONGEST_DESCRIPTION} characters."
        raise InvalidValueError(message, field="description")
    return description.replace("\0", "")


def _check_type_rules(kind: ProductType, release: int | None, pz_code: str) -> None:
    if release is not None and not kind.has_release:
        message = f"Release must be null on {kind.display_name} products."
        raise InvalidValueError(message, field="release")
    if pz_code and kind.name in {"redshift_catalog", "training_set", "training_results"}:
        message = f"Pz Code must be null on {kind.display_name} products. '{pz_code}'"
        raise InvalidValueError(message, field="pz_code")
    if len(pz_code) > _LONGEST_PZ_CODE:
        message = f"Ensure this field has no more than {_LONGEST_PZ_CODE} characters."
        raise InvalidValueError(message, field="pz_code")


def _check_official(identity: Identity, *, official: bool) -> None:
    if official and not identity.acts_as_admin:
        message = "Not allowed. Only users with admin permissions can create official products."
        raise PermissionDeniedError(message, field="official_product")


def _check_release(session: Session, identity: Identity, release: int | None) -> None:
    if release is None:
        return
    found = session.scalar(select(ReleaseRow.id).where(ReleaseRow.id == release, release_readable(identity)))
    if found is None:
        message = f'Invalid pk "{release}" - object does not exist.'
        raise InvalidValueError(message, field="release")


def _internal_name(product_id: int, display_name: str) -> str:
    # The rule that users of the service know: blanks to underscores, letters of any script and digits kept.
    name = display_name.replace(" ", "_").lower()
    return f"{product_id}_" + "".join(c for c in name if c.isalnum() or c == "_")
