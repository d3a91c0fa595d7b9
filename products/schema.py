"""Tables of the catalogue: releases, products with their files and columns, links, counters, and tables of users."""

import secrets
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from core import columns
from core.auth.schema import GroupRow, UserRow
from core.database import Base, UtcDateTime
from products.models import ColumnSummary

__all__ = [
    "STORED_LAYOUT",
    "ProductChangeRow",
    "ProductColumnRow",
    "ProductFileRow",
    "ProductRow",
    "ProductTableRow",
    "ProductTypeRow",
    "ProductUploadRow",
    "ReleaseRow",
    "UserSchemaRow",
    "UserTablePartRow",
    "UserTableRow",
    "hidden_product_readers",
    "product_co_owners",
    "product_groups",
    "release_groups",
]

#: Layout of the Parquet files that are written today: columns are named by their position. In layout 0 they had the
#: names of the table.
STORED_LAYOUT = 1

release_groups = Table(
    "release_groups",
    Base.metadata,
    Column("release_id", Integer, ForeignKey("releases.id", ondelete="CASCADE"), primary_key=True),
    # A group that restricts a release cannot be deleted: without it everybody could read the release's products.
    Column("group_id", Integer, ForeignKey("groups.id", ondelete="RESTRICT"), primary_key=True),
)


def _pairs(name: str, first: str, second: str) -> Table:
    """Return a table of pairs, such as of products and groups; a pair ends with either."""
    keys = [
        Column(f"{kind}_id", Integer, ForeignKey(f"{kind}s.id", ondelete="CASCADE"), primary_key=True, index=indexed)
        for kind, indexed in ((first, None), (second, True))
    ]
    return Table(name, Base.metadata, *keys)


product_groups = _pairs("product_groups", "product", "group")

product_co_owners = _pairs("product_co_owners", "product", "user")

#: Users who read a hidden product beside its owner.
hidden_product_readers = _pairs("hidden_product_readers", "product", "user")


class ReleaseRow(Base):
    """A data release; without access groups every registered user has access to its products."""

    __tablename__ = "releases"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    display_name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")
    indexing_column: Mapped[str] = mapped_column(String(255), default="objectId")
    has_mag_hats: Mapped[bool] = mapped_column(default=False)
    has_flux_hats: Mapped[bool] = mapped_column(default=True)
    dereddening: Mapped[list[dict[str, object]] | None] = mapped_column(JSON)
    fluxes: Mapped[list[dict[str, object]] | None] = mapped_column(JSON)
    is_public: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    access_groups: Mapped[list[GroupRow]] = relationship(secondary=release_groups)


class ProductTypeRow(Base):
    """Changes that administrators made to a product type; NULL keeps the value of the code.

    ``version`` grows with every change.
    """

    __tablename__ = "product_types"

    type_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    display_name: Mapped[str | None] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    sort_order: Mapped[int | None]
    is_open: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int]


class ProductRow(Base):
    """A product; ``internal_name`` is set once, in the transaction that creates the row.

    ``deleted_from`` is the status before deletion, to which a product is restored until ``purged_at``;
    ``previous_id`` is the product of which this one is a new version.
    """

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    product_type_id: Mapped[int] = mapped_column(index=True)
    release_id: Mapped[int | None] = mapped_column(ForeignKey("releases.id"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    internal_name: Mapped[str | None] = mapped_column(String(300), unique=True)
    display_name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")
    pz_code: Mapped[str | None] = mapped_column(String(55))
    official: Mapped[bool] = mapped_column(default=False)
    visibility: Mapped[str] = mapped_column(String(10))
    status: Mapped[int] = mapped_column(index=True)
    origin: Mapped[str] = mapped_column(String(255), default="Upload")
    release_year: Mapped[int | None]
    previous_id: Mapped[int | None] = mapped_column(index=True)
    inspection_state: Mapped[str] = mapped_column(String(12), default="none")
    inspection_job: Mapped[str | None] = mapped_column(String(64))
    inspection_error: Mapped[str | None] = mapped_column(Text)
    inspection: Mapped[str | None] = mapped_column(Text, deferred=True)
    # How the table is taken from the main file: see products.adjustments.options.TableOptions.
    table_options: Mapped[dict[str, object]] = mapped_column(JSON, default=dict, server_default="{}")
    # Names of the columns of its table, one a line, used by searches only.
    column_names: Mapped[str] = mapped_column(Text, default="", server_default="", deferred=True)
    # products.attribution.models.Attribution
    attribution: Mapped[dict[str, object]] = mapped_column(JSON, default=dict, server_default="{}")
    # The day (UTC) at which the product becomes public, whatever its visibility is.
    embargo_date: Mapped[date | None]
    # Whether only its owner, `hidden_product_readers` and administrators read it, whatever its visibility is.
    is_hidden: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_from: Mapped[int | None]
    purged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    owner: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)
    release: Mapped[ReleaseRow | None] = relationship(lazy="joined")
    type_changes: Mapped[ProductTypeRow | None] = relationship(
        primaryjoin=lambda: foreign(ProductRow.product_type_id) == ProductTypeRow.type_id, viewonly=True, lazy="joined"
    )
    groups: Mapped[list[GroupRow]] = relationship(secondary=product_groups, order_by=GroupRow.name, lazy="selectin")
    co_owners: Mapped[list[UserRow]] = relationship(secondary=product_co_owners, order_by=UserRow.name, lazy="selectin")

    @property
    def co_owner_ids(self) -> frozenset[int]:
        """Numbers of the users who may change the product beside its owner."""
        return frozenset(user.id for user in self.co_owners)


class ProductFileRow(Base):
    """A file of a product: one main file at most, and no two of one name."""

    __tablename__ = "product_files"
    __table_args__ = (
        UniqueConstraint("product_id", "name", name="uq_product_files_product_id_name"),
        Index(
            "uq_product_files_main",
            "product_id",
            unique=True,
            sqlite_where=text("role = 0"),
            postgresql_where=text("role = 0"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)
    role: Mapped[int]
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(128))
    size: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int | None] = mapped_column(BigInteger)
    extension: Mapped[str] = mapped_column(String(10))
    details: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    md5: Mapped[str] = mapped_column(String(32))
    sha256: Mapped[str] = mapped_column(String(64))
    stored_id: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProductUploadRow(Base):
    """An upload of a file of a product in parts that is not complete; its bytes are a staged file."""

    __tablename__ = "product_uploads"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    role: Mapped[int]
    name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)
    fingerprint: Mapped[str] = mapped_column(String(100))
    staged_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    product: Mapped[ProductRow] = relationship()


class ProductColumnRow(Base):
    """A column of a product's table: the attributes of a VOTable FIELD, and the alias given by the owner."""

    __tablename__ = "product_columns"
    __table_args__ = (UniqueConstraint("product_id", "position", name="uq_product_columns_product_id_position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    datatype: Mapped[str] = mapped_column(String(16))
    arraysize: Mapped[str | None] = mapped_column(String(32))
    xtype: Mapped[str | None] = mapped_column(String(64))
    unit: Mapped[str | None] = mapped_column(Text)
    ucd: Mapped[str | None] = mapped_column(Text)
    utype: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    alias: Mapped[str | None] = mapped_column(Text)
    frame: Mapped[str | None] = mapped_column(String(64))
    density: Mapped[str | None] = mapped_column(Text)
    min_value: Mapped[float | None] = mapped_column(Double)
    max_value: Mapped[float | None] = mapped_column(Double)
    null_count: Mapped[int | None] = mapped_column(BigInteger)
    distinct_count: Mapped[int | None] = mapped_column(BigInteger)
    # Unit, UCD and description as far as the owner stated them; they replace those of the file.
    stated: Mapped[dict[str, str | None]] = mapped_column(JSON, default=dict)

    @classmethod
    def of(
        cls,
        product_id: int,
        position: int,
        column: columns.Column,
        *,
        ucd: str | None,
        alias: str | None,
        stated: Mapping[str, str | None] | None = None,
        summary: ColumnSummary | None = None,
    ) -> "ProductColumnRow":
        """Return the row of a column with what the owner gave and stated, and its statistics."""
        return cls(
            product_id=product_id,
            position=position,
            name=column.name,
            datatype=column.datatype,
            arraysize=column.arraysize,
            xtype=column.xtype,
            unit=column.unit,
            ucd=ucd,
            utype=column.utype,
            description=column.description,
            alias=alias,
            frame=column.frame,
            density=column.density,
            min_value=None if summary is None else summary.minimum,
            max_value=None if summary is None else summary.maximum,
            null_count=None if summary is None else summary.nulls,
            distinct_count=None if summary is None else summary.distinct,
            stated=dict(stated or {}),
        )


class ProductTableRow(Base):
    """The derived rows of a product: a Parquet file sorted by HEALPix."""

    __tablename__ = "product_tables"
    __table_args__ = (Index("ix_product_tables_name", "table_schema", "table_name"),)

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    table_schema: Mapped[str] = mapped_column(String(64))
    table_name: Mapped[str] = mapped_column(String(300))
    stored_id: Mapped[str] = mapped_column(String(64), unique=True)
    rows: Mapped[int] = mapped_column(BigInteger)
    ra: Mapped[str | None] = mapped_column(Text)
    dec: Mapped[str | None] = mapped_column(Text)
    z: Mapped[str | None] = mapped_column(Text)
    area_deg2: Mapped[float | None]
    footprint: Mapped[str | None] = mapped_column(Text)
    layout: Mapped[int] = mapped_column(default=STORED_LAYOUT)
    # Of the file; NULL when it was written before they were stored.
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    # The options by which the rows were taken from the file, with what was decided by the file.
    options: Mapped[dict[str, object]] = mapped_column(JSON, default=dict, server_default="{}")


class ProductChangeRow(Base):
    """The version of a product, which changes whenever what is shown of it changes, or to whom.

    Triggers raise it: see `products.lifecycle.change_log`. There is no foreign key: that a product was deleted is a
    change as well.
    """

    __tablename__ = "product_changes"

    product_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger, index=True)


class UserSchemaRow(Base):
    """The ADQL schema of a user, which outlasts a new name of the account; its permissions hold for all its tables."""

    __tablename__ = "user_schemas"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    is_public: Mapped[bool] = mapped_column(default=False)
    read_group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id", ondelete="SET NULL"))
    write_group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id", ondelete="SET NULL"))
    read_group: Mapped[GroupRow | None] = relationship(lazy="joined", foreign_keys=[read_group_id])
    write_group: Mapped[GroupRow | None] = relationship(lazy="joined", foreign_keys=[write_group_id])


class UserTableRow(Base):
    """A table of a user.

    ``version`` starts at a random number and grows with every change, so that caches notice changes, also when a
    removed table had the same number.
    """

    __tablename__ = "user_tables"
    __table_args__ = (UniqueConstraint("owner_id", "name", name="uq_user_tables_owner_id_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str] = mapped_column(Text, default="")
    columns: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    indexed: Mapped[list[str]] = mapped_column(JSON, default=list)
    unique_columns: Mapped[list[str]] = mapped_column(JSON, default=list)
    is_public: Mapped[bool] = mapped_column(default=False)
    read_group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id", ondelete="SET NULL"))
    write_group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id", ondelete="SET NULL"))
    version: Mapped[int] = mapped_column(BigInteger, default=lambda: secrets.randbits(48))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    owner: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)
    read_group: Mapped[GroupRow | None] = relationship(lazy="joined", foreign_keys=[read_group_id])
    write_group: Mapped[GroupRow | None] = relationship(lazy="joined", foreign_keys=[write_group_id])
    parts: Mapped[list["UserTablePartRow"]] = relationship(
        lazy="selectin", order_by="UserTablePartRow.id", cascade="all, delete-orphan", passive_deletes=True
    )


class UserTablePartRow(Base):
    """Rows of a user table from one load; a job that runs twice stores them once.

    ``statistics`` has the attributes of a `products.models.ColumnSummary` by the names of columns; those of rows that
    were loaded by earlier versions are not known.
    """

    __tablename__ = "user_table_parts"

    id: Mapped[int] = mapped_column(primary_key=True)
    table_id: Mapped[int] = mapped_column(ForeignKey("user_tables.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[str] = mapped_column(String(64), unique=True)
    stored_id: Mapped[str] = mapped_column(String(64), unique=True)
    rows: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    statistics: Mapped[dict[str, dict[str, float | None]] | None] = mapped_column(JSON)
    layout: Mapped[int] = mapped_column(default=STORED_LAYOUT)
