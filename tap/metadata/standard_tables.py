"""Columns and keys of TAP_SCHEMA (TAP 1.1 §4) and ``photoz``, the metadata of products and challenges as tables."""

from collections.abc import Callable, Iterable, Mapping

from core.columns import Column
from tap.adql import CatalogTable
from tap.models import ForeignKey, RowFiles, TapTable

__all__ = [
    "CHALLENGE_COLUMNS",
    "CHALLENGE_KEYS",
    "PHOTOZ_COLUMNS",
    "PHOTOZ_KEYS",
    "PRODUCT_UTYPE",
    "TABLE_DESCRIPTIONS",
    "TAP_SCHEMA_COLUMNS",
    "TAP_SCHEMA_KEYS",
    "standard_table",
]


def _text(name: str, description: str, *, ucd: str | None = None, utype: str | None = None) -> Column:
    return Column(name, "unicodeChar", "*", ucd=ucd, utype=utype, description=description)


def _name(name: str, description: str, *, ucd: str | None = None) -> Column:
    return Column(name, "char", "*", ucd=ucd, description=description)


def _int(name: str, description: str, *, ucd: str | None = None) -> Column:
    return Column(name, "int", ucd=ucd, description=description)


def _long(name: str, description: str, *, ucd: str | None = None, unit: str | None = None) -> Column:
    return Column(name, "long", ucd=ucd, unit=unit, description=description)


def _double(name: str, description: str, *, ucd: str) -> Column:
    return Column(name, "double", ucd=ucd, description=description)


def _time(name: str, description: str) -> Column:
    return Column(name, "char", "*", xtype="timestamp", ucd="time", description=description)


#: Columns of the tables of TAP_SCHEMA, in the order of the standard.
TAP_SCHEMA_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "schemas": (
        _name("schema_name", "Name of the schema, for use in queries"),
        _name("utype", "UType of the schema, when it follows a data model"),
        _text("description", "What the schema holds"),
        _int("schema_index", "Recommended order of schemas"),
    ),
    "tables": (
        _name("schema_name", "Name of the schema to which the table belongs"),
        _name("table_name", "Full name of the table, for use in queries"),
        _name("table_type", "Either table or view"),
        _name("utype", "UType of the table, when it follows a data model"),
        _text("description", "What the table holds"),
        _int("table_index", "Recommended order of tables"),
    ),
    "columns": (
        _name("table_name", "Full name of the table to which the column belongs"),
        _text("column_name", "Name of the column, quoted where a query needs quotes"),
        _name("datatype", "VOTable datatype of the values"),
        _name("arraysize", "VOTable arraysize of the values"),
        _name("xtype", "Extended type of the values (DALI)"),
        _int("size", "Length of arrays of fixed length"),
        _text("description", "What the column holds"),
        _name("utype", "UType of the column, when it follows a data model"),
        _name("unit", "Unit of the values, in VOUnits syntax"),
        _name("ucd", "UCD of the values"),
        _int("indexed", "1 when conditions on the column are fast"),
        _int("principal", "1 when the column is one of the principal columns"),
        _int("std", "1 when a standard defines the column"),
        _int("column_index", "Recommended order of columns"),
        _text("density", "Form and shared grid of a column of probability densities, as JSON; an extension"),
        _double("min_value", "Lowest finite number in the column; an extension", ucd="stat.min"),
        _double("max_value", "Highest finite number in the column; an extension", ucd="stat.max"),
        _double("fill_factor", "Fraction of the rows with a value; an extension", ucd="stat.filling"),
        _long("null_count", "Rows without a value; an extension", ucd="meta.number"),
        _long("distinct_count", "Different values, estimated when above 64; an extension", ucd="meta.number"),
    ),
    "keys": (
        _name("key_id", "Name of the key"),
        _name("from_table", "Full name of the table that refers"),
        _name("target_table", "Full name of the table that is referred to"),
        _text("description", "What the key means"),
        _name("utype", "UType of the key"),
    ),
    "key_columns": (
        _name("key_id", "Name of the key"),
        _name("from_column", "Column of the table that refers"),
        _name("target_column", "Column of the table that is referred to"),
    ),
}

#: Keys among the tables of TAP_SCHEMA.
TAP_SCHEMA_KEYS: tuple[ForeignKey, ...] = (
    ForeignKey(
        "tap_schema_1",
        "tap_schema.tables",
        "tap_schema.schemas",
        (("schema_name", "schema_name"),),
        "Schema of a table",
    ),
    ForeignKey(
        "tap_schema_2", "tap_schema.columns", "tap_schema.tables", (("table_name", "table_name"),), "Table of a column"
    ),
    ForeignKey(
        "tap_schema_3", "tap_schema.keys", "tap_schema.tables", (("from_table", "table_name"),), "Table that refers"
    ),
    ForeignKey(
        "tap_schema_4",
        "tap_schema.keys",
        "tap_schema.tables",
        (("target_table", "table_name"),),
        "Table that is referred to",
    ),
    ForeignKey("tap_schema_5", "tap_schema.key_columns", "tap_schema.keys", (("key_id", "key_id"),), "Key of columns"),
)

#: UType of columns with names of products, which columns of results keep.
PRODUCT_UTYPE = "photoz:product.internal_name"

#: Columns of the tables of ``photoz``.
PHOTOZ_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "products": (
        _long("product_id", "Number of the product", ucd="meta.id;meta.main"),
        _text("internal_name", "Unique name of the product, part of its address", ucd="meta.id", utype=PRODUCT_UTYPE),
        _text("display_name", "Display name of the product", ucd="meta.title"),
        _name("product_type", "Type of the product; see photoz.product_types", ucd="meta.code.class"),
        _text("product_type_name", "Display name of the product type", ucd="meta.code.class"),
        _text("release_name", "Release that the product refers to; see photoz.releases", ucd="meta.dataset"),
        _text("owner", "Account that uploaded or made the product", ucd="meta.curation"),
        _text("description", "Description in Markdown", ucd="meta.note"),
        _text("pz_code", "Photo-z code that produced the results or estimates", ucd="meta.software"),
        _int("official", "1 for products of the project, 0 for those of users", ucd="meta.code"),
        _name("visibility", "Who may read the product: private, groups, registered or public", ucd="meta.code"),
        _text("origin", "Upload, or the pipeline that made the product", ucd="meta.note"),
        _time("created_at", "Time (UTC) at which the product was created"),
        _time("updated_at", "Time (UTC) of the last change to its metadata"),
        _time("published_at", "Time (UTC) at which the product was published"),
        _name("table_name", "Table with the rows of the product, for use in queries", ucd="meta.id;meta.table"),
        _long("row_count", "Rows in that table", ucd="meta.number"),
        _text("ra_column", "Column of right ascension", ucd="meta.id"),
        _text("dec_column", "Column of declination", ucd="meta.id"),
        _text("z_column", "Column of redshift", ucd="meta.id"),
        Column(
            "footprint",
            "char",
            "*",
            xtype="moc",
            ucd="pos.outline;obs.field",
            description="Coverage of the rows on the sky, as an ASCII MOC, for CONTAINS and INTERSECTS",
        ),
        _text(
            "authors",
            "Authors, separated by semicolons; without them the owner is cited",
            ucd="meta.bib.author",
        ),
        _text("license", "Licence, as an SPDX expression", ucd="meta.note"),
        _text("doi", "DOI of the product", ucd="meta.ref.doi"),
        _text("keywords", "Keywords, separated by semicolons", ucd="meta.note"),
    ),
    "product_columns": (
        _long("product_id", "Number of the product", ucd="meta.id"),
        _text("internal_name", "Unique name of the product", ucd="meta.id", utype=PRODUCT_UTYPE),
        _name("table_name", "Table with the rows of the product", ucd="meta.id;meta.table"),
        _text("column_name", "Name of the column", ucd="meta.id"),
        _int("column_index", "Position of the column in the table, from 0", ucd="meta.number"),
        _name("datatype", "VOTable datatype", ucd="meta.code"),
        _name("arraysize", "VOTable arraysize", ucd="meta.code"),
        _text("unit", "Unit of the values", ucd="meta.unit"),
        _name("ucd", "UCD of the values", ucd="meta.ucd"),
        _text("alias", "Meaning that the owner gave the column: RA, Dec, z, z_err, z_flag, survey, ID", ucd="meta.id"),
        _text("description", "What the column holds", ucd="meta.note"),
    ),
    "product_files": (
        _long("product_id", "Number of the product", ucd="meta.id"),
        _text("internal_name", "Unique name of the product", ucd="meta.id", utype=PRODUCT_UTYPE),
        _text("file_name", "Name of the file", ucd="meta.id;meta.file"),
        _name("role", "main, description or auxiliary", ucd="meta.code"),
        _name("content_type", "Media type", ucd="meta.code.mime"),
        _long("content_length", "Length of the file", ucd="phys.size;meta.file", unit="byte"),
        _name("md5", "MD5 checksum, hexadecimal", ucd="meta.checksum"),
        _name("sha256", "SHA-256 checksum, hexadecimal", ucd="meta.checksum"),
        _text("access_url", "URL of the file", ucd="meta.ref.url"),
    ),
    "product_types": (
        _name("name", "Internal name of the type", ucd="meta.id;meta.main"),
        _text("display_name", "Display name", ucd="meta.title"),
        _text("description", "Description of the type", ucd="meta.note"),
        _int("sort_order", "Order in which pages show the types", ucd="meta.number"),
    ),
    "releases": (
        _text("name", "Internal name of the release", ucd="meta.id;meta.main"),
        _text("display_name", "Display name", ucd="meta.title"),
        _text("description", "Description of the release", ucd="meta.note"),
    ),
}

#: Keys among the tables of ``photoz``.
PHOTOZ_KEYS: tuple[ForeignKey, ...] = tuple(
    ForeignKey(key_id, f"photoz.{table}", f"photoz.{target}", (columns,), description)
    for key_id, table, target, columns, description in (
        ("photoz_1", "product_columns", "products", ("product_id", "product_id"), "Product of a column"),
        ("photoz_2", "product_files", "products", ("product_id", "product_id"), "Product of a file"),
        ("photoz_3", "products", "product_types", ("product_type", "name"), "Type of a product"),
        ("photoz_4", "products", "releases", ("release_name", "name"), "Release of a product"),
    )
)

_CHALLENGE = _text("challenge", "Name of the challenge", ucd="meta.id.parent")
_TASK_SET = _text("task_set", "Name of the task set", ucd="meta.id")

#: Columns of the tables of ``photoz`` about challenges.
CHALLENGE_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "challenges": (
        _text("name", "Name of the challenge", ucd="meta.id;meta.main"),
        _text("title", "Display name", ucd="meta.title"),
        _text("description", "What the challenge is about", ucd="meta.note"),
        _text("state", "open, closed or published; draft for its organisers", ucd="meta.code.status"),
        _text("task_sets", "Names of the task sets, separated by commas"),
        _text("primary_metric", "Metric of the ranking"),
        _time("opens_at", "Time (UTC) from which submissions are accepted"),
        _time("closes_at", "Time (UTC) from which the challenge is closed"),
    ),
    "submissions": (
        _long("submission_id", "Number of the submission", ucd="meta.id;meta.main"),
        _CHALLENGE,
        _TASK_SET,
        _text("method", "Name of the method", ucd="meta.title"),
        _text("authors", "Authors, separated by semicolons", ucd="meta.bib.author"),
        _text("submitted_by", "Account of who submitted it"),
        _text(
            "state",
            "scored; of submissions of your own also queued, rejected, failed or withdrawn",
            ucd="meta.code.status",
        ),
        _text("code", "Address of the code", ucd="meta.ref.url"),
        _double("seconds", "Time that the estimation took, in seconds, as stated", ucd="time.duration"),
        _time("submitted_at", "Time (UTC) of the submission"),
        _time("scored_at", "Time (UTC) of its scores"),
    ),
    "scores": (
        _CHALLENGE,
        _TASK_SET,
        _long("submission_id", "Number of the submission", ucd="meta.id"),
        _text("metric", "Name of the metric", ucd="meta.id"),
        _text("subset", "Part of the truth, public, private or all, or a bin of a part", ucd="meta.id"),
        _double("value", "Value of the metric", ucd="stat.value"),
        _double("uncertainty", "Standard error, by bootstrap", ucd="stat.error"),
        _long("objects", "Objects of the subset", ucd="meta.number"),
    ),
}
CHALLENGE_KEYS: tuple[ForeignKey, ...] = (
    ForeignKey("photoz_5", "photoz.submissions", "photoz.challenges", (("challenge", "name"),), "Its challenge"),
    ForeignKey(
        "photoz_6", "photoz.scores", "photoz.submissions", (("submission_id", "submission_id"),), "Its submission"
    ),
)

#: Descriptions of the tables.
TABLE_DESCRIPTIONS: Mapping[str, str] = {
    "tap_schema.schemas": "Schemas of this service",
    "tap_schema.tables": "Tables of this service",
    "tap_schema.columns": "Columns of the tables of this service",
    "tap_schema.keys": "References from table to table",
    "tap_schema.key_columns": "Columns of the references from table to table",
    "photoz.products": "Published data products that you may read",
    "photoz.product_columns": "Columns of their tables, with the meaning of each",
    "photoz.product_files": "Their files, with checksums and addresses",
    "photoz.product_types": "Types of data products",
    "photoz.releases": "Data releases that products refer to",
    "photoz.challenges": "Challenges that you may see",
    "photoz.submissions": "Submissions to challenges: those on boards, and your own",
    "photoz.scores": "Scores of submissions to challenges that you may see now",
}


def standard_table(
    schema: str,
    name: str,
    columns: tuple[Column, ...],
    keys: Iterable[ForeignKey],
    located: Callable[[], RowFiles],
    order: int,
) -> TapTable:
    """Return a table of TAP_SCHEMA or ``photoz``; its rows are made when a query reads them, as far as they changed."""
    full_name = f"{schema}.{name}"
    entry = CatalogTable(
        name=full_name,
        columns=columns,
        position=None,
        sorted_by_healpix=False,
        engine_schema=schema,
        engine_table=name,
    )
    return TapTable(
        schema=schema,
        entry=entry,
        description=TABLE_DESCRIPTIONS[full_name],
        principal=frozenset(column.name for column in columns),
        located=located,
        order=order,
        standard=schema == "tap_schema",
        foreign_keys=tuple(key for key in keys if key.from_table == full_name),
    )
