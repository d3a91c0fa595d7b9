"""Service of product metadata: find, list, create, change and delete products."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.auth.models import Identity, Scope, User
from core.database import Database, utc_now
from products.access import release_readable, require_change, require_manage
from products.adjustments.options import TableOptions
from products.attribution.models import AttributionChanges
from products.inspection.inspection import Inspection
from products.models import (
    InspectionState,
    Product,
    ProductColumn,
    ProductFile,
    ProductStatus,
    ProductTable,
    ProductType,
    Release,
    Visibility,
)
from products.product_types import all_types, open_type, product_type
from products.schema import ProductFileRow, ProductRow, ReleaseRow, release_groups
from products.search.queries import Page, ProductQuery, list_products, product_names
from products.sharing.attribution import set_attribution
from products.sharing.embargoes import end_embargo, set_embargo
from products.sharing.service import share_with
from products.sharing.visible_accounts import visible_accounts
from products.storage import (
    ProductSize,
    find_product,
    product_columns,
    product_files,
    product_of_row,
    product_sizes,
    product_table,
    readable_files,
    record_changes,
    record_product,
    release_of_row,
)
from products.validation import (
    check_data_elsewhere,
    check_official,
    check_release,
    check_type_rules,
    checked_description,
    checked_name,
    internal_name,
)

__all__ = ["NewProduct", "ProductChanges", "ProductDetails", "ProductService"]


_NO_CHANGES = AttributionChanges()


@dataclass(frozen=True, slots=True)
class NewProduct:
    """Metadata of a product that is to be created."""

    display_name: str
    product_type: int
    release: int | None = None
    description: str = ""
    pz_code: str | None = None
    official: bool = False
    visibility: Visibility = Visibility.REGISTERED
    groups: tuple[str, ...] = ()
    release_year: int | None = None
    attribution: AttributionChanges = _NO_CHANGES
    embargo_date: date | None = None


@dataclass(frozen=True, slots=True)
class ProductChanges:
    """Changes to a product's metadata; None leaves a value as it is.

    Parameters
    ----------
    without_release, without_embargo
        Whether to remove the release, and the embargo date.
    groups
        Names of all groups with which the product is shared.
    """

    display_name: str | None = None
    description: str | None = None
    release: int | None = None
    without_release: bool = False
    pz_code: str | None = None
    official: bool | None = None
    visibility: Visibility | None = None
    groups: tuple[str, ...] | None = None
    release_year: int | None = None
    attribution: AttributionChanges = _NO_CHANGES
    embargo_date: date | None = None
    without_embargo: bool = False


@dataclass(frozen=True)
class ProductDetails:
    """A product with its files, columns, rows and inspection, and how its table is taken from its file."""

    product: Product
    files: tuple[ProductFile, ...]
    columns: tuple[ProductColumn, ...]
    table: ProductTable | None
    inspection: str | None
    options: TableOptions = field(default_factory=TableOptions)

    @cached_property
    def found(self) -> Inspection | None:
        """The result of the inspection, parsed once."""
        return None if self.inspection is None else Inspection.from_json(self.inspection)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about the data: the notes of the inspection, or why the main file is no table."""
        product = self.product
        if product.inspection_state is InspectionState.NOT_A_TABLE and product.inspection_error:
            return (f"The main file is not read as a table. {product.inspection_error}",)
        return () if self.found is None else self.found.notes


class ProductService:
    """Find, list, create, change and delete products."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def has_stored_file(self, stored_id: str) -> bool:
        """Return whether a stored file is still one of a product."""
        with self._database.read() as session:
            query = select(ProductFileRow.id).where(ProductFileRow.stored_id == stored_id)
            return session.scalar(query) is not None

    def types(self) -> tuple[ProductType, ...]:
        """Return the product types, in their order."""
        with self._database.read() as session:
            return all_types(session)

    def releases(self, identity: Identity) -> tuple[Release, ...]:
        """Return the releases that the identity may see, newest first."""
        with self._database.read() as session:
            rows = session.scalars(
                select(ReleaseRow)
                .where(release_readable(identity))
                .order_by(ReleaseRow.created_at.desc(), ReleaseRow.id.desc())
            )
            return tuple(release_of_row(row) for row in rows)

    def release_groups(self) -> Mapping[int, tuple[int, ...]]:
        """Return the numbers of the groups to which releases are restricted, by the release's number."""
        with self._database.read() as session:
            found: defaultdict[int, tuple[int, ...]] = defaultdict(tuple)
            for release_id, group_id in session.execute(select(release_groups).order_by(release_groups.c.group_id)):
                found[release_id] += (group_id,)
            return dict(found)

    def ensure_release(self, name: str, display_name: str, description: str = "") -> Release:
        """Return the release of this name, which is created when there is none; for the operator of the server."""
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
                options=TableOptions.from_object(row.table_options),
            )

    def list(self, identity: Identity, query: ProductQuery) -> Page:
        """List the products that the identity may read."""
        with self._database.read() as session:
            return list_products(session, identity, query)

    def internal_names(self, identity: Identity, query: ProductQuery) -> dict[int, str]:
        """Return number and internal name of the products that a query finds, in its order."""
        with self._database.read() as session:
            return product_names(session, identity, query)

    def visible_accounts(self, identity: Identity) -> tuple[User, ...]:
        """Return the accounts that the caller may see, by name: the caller's own, and those of collaborators."""
        return visible_accounts(self._database, identity)

    def files(self, identity: Identity, file_id: int | None = None) -> tuple[tuple[ProductFile, Product], ...]:
        """Return the files of all products that the identity may read, or one of them, each with its product."""
        with self._database.read() as session:
            return readable_files(session, identity, file_id)

    def sizes(self, page: Page) -> dict[int, ProductSize]:
        """Return the size of each product of a page, by its number."""
        with self._database.read() as session:
            return product_sizes(session, [product.id for product in page.products])

    def draft(self, identity: Identity) -> Product | None:
        """Return the caller's newest draft, or None."""
        if identity.user_id is None:
            return None
        query = ProductQuery(statuses=(ProductStatus.REGISTERING,), owners=(identity.user_id,), limit=1)
        page = self.list(identity, query)
        return page.products[0] if page.products else None

    def create(self, identity: Identity, new: NewProduct, *, made_by: str | None = None) -> Product:
        """Create a product as a draft that only its owner can see.

        Parameters
        ----------
        made_by
            Name of the pipeline that makes the product; its status is then *Processing*. None for uploads.

        Raises
        ------
        InvalidValueError
            A value does not fit the product's type; the field is named.
        PermissionDeniedError
            Only administrators make official products.
        """
        owner = identity.require(Scope.WRITE)
        kind = product_type(new.product_type)
        name = checked_name(new.display_name)
        check_type_rules(kind, new.release, new.pz_code or "")
        check_official(identity, official=new.official)
        now = utc_now()
        with self._database.write() as session:
            open_type(session, kind.id)
            check_release(session, identity, new.release)
            row = ProductRow(
                product_type_id=kind.id,
                release_id=new.release,
                owner_id=owner,
                display_name=name,
                description=checked_description(new.description),
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
            share_with(session, identity, row, new.visibility, new.groups)
            set_embargo(row, new.embargo_date)
            session.flush()
            set_attribution(session, identity, row, new.attribution)
            row.internal_name = internal_name(row.id, name)
            session.flush()
            session.refresh(row)
            record_product(session, identity, "create", row, product_type=kind.name)
            return product_of_row(row)

    def change(self, identity: Identity, product_id: int, changes: ProductChanges) -> Product:
        """Change a product's metadata; its internal name stays.

        Raises
        ------
        InvalidValueError
            A value does not fit the product's type; the field is named.
        PermissionDeniedError
            The product belongs to another user, or is official.
        """
        with self._database.write() as session:
            row = find_product(session, identity, product_id, lock=True)
            require_change(identity, row)
            before = product_of_row(row)
            _apply(session, identity, row, changes)
            row.updated_at = utc_now()
            session.flush()
            session.refresh(row)
            check_data_elsewhere(session, row)
            record_changes(session, identity, before, row)
            return product_of_row(row)

    def delete(self, identity: Identity, product_id: int) -> None:
        """Delete a product, which can be restored during the grace time."""
        with self._database.write() as session:
            row = find_product(session, identity, product_id, lock=True)
            require_manage(identity, row)
            now = utc_now()
            session.execute(
                update(ProductRow)
                .where(ProductRow.id == row.id)
                .values(status=ProductStatus.DELETED, deleted_from=row.status, deleted_at=now, updated_at=now)
            )
            record_product(session, identity, "delete", row)


def _apply(session: Session, identity: Identity, row: ProductRow, changes: ProductChanges) -> None:
    check_type_rules(product_type(row.product_type_id), changes.release, changes.pz_code or "")
    if changes.display_name is not None:
        row.display_name = checked_name(changes.display_name)
    if changes.description is not None:
        row.description = checked_description(changes.description)
    if changes.release is not None and changes.release != row.release_id:
        check_release(session, identity, changes.release)
        row.release_id = changes.release
    if changes.without_release:
        row.release_id = None
    if changes.pz_code is not None:
        row.pz_code = changes.pz_code or None
    if changes.official is not None and changes.official != row.official:
        check_official(identity, official=True)
        row.official = changes.official
    if changes.release_year is not None:
        row.release_year = changes.release_year
    end_embargo(row)
    if changes.visibility is not None or changes.groups is not None:
        share_with(session, identity, row, changes.visibility or Visibility(row.visibility), changes.groups)
    if changes.embargo_date is not None:
        set_embargo(row, changes.embargo_date)
    if changes.without_embargo or row.visibility == Visibility.PUBLIC:
        row.embargo_date = None
    set_attribution(session, identity, row, changes.attribution)
