"""DALI examples: a page of queries for users and clients (DALI 1.1 §2.3, TAP 1.1 §2.4.3).

The queries are valid ADQL 2.0, because many clients check examples before they send them and do not know ADQL 2.1.
They name only tables that the identity may read: the metadata of products, and suitable published products.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from core.columns import Column
from core.photoz.forms import DensityForm
from core.web.frames import PageFrame
from products.product_types import PRODUCT_TYPES
from tap.identifiers import identifier
from tap.metadata.catalog import TableSet
from tap.models import TapTable
from tap.pages.layout import Page
from tap.pages.sample_position import sample_position

__all__ = ["Example", "examples_document", "examples_of"]

_VOCABULARY = "http://www.ivoa.net/rdf/examples#"
_MAX_COLUMNS = 12
_MATCH_DEGREES = "0.000277778"  # 1 arcsecond

#: Product types with positions, whose names are the schemas of their tables: redshift and object catalogues.
_WITH_POSITIONS = tuple(kind for kind in PRODUCT_TYPES.values() if kind.has_positions)
_REDSHIFT_CATALOGUES = tuple(kind.name for kind in _WITH_POSITIONS if kind.has_spectroscopic_redshifts)
_OBJECT_CATALOGUES = tuple(kind.name for kind in _WITH_POSITIONS if not kind.has_spectroscopic_redshifts)


@dataclass(frozen=True, slots=True)
class Example:
    """An example: a question, its query, and the tables that the query reads.

    Parameters
    ----------
    id
        XML name, unique on the page.
    """

    id: str
    name: str
    text: str
    query: str
    tables: tuple[str, ...]


_METADATA_EXAMPLES = (
    Example(
        "products",
        "Which products are there?",
        "The catalogue of data products: newest first, with the table that holds the rows of each one.",
        "SELECT display_name, product_type, release_name, owner, table_name, row_count\n"
        "FROM photoz.products\nORDER BY published_at DESC",
        ("photoz.products",),
    ),
    Example(
        "products-by-type",
        "How many products are there of each type?",
        "Products and rows counted by type of product. Types without products are included.",
        "SELECT t.display_name AS type_name, COUNT(p.product_id) AS products, SUM(p.row_count) AS all_rows\n"
        "FROM photoz.product_types AS t\nLEFT OUTER JOIN photoz.products AS p ON p.product_type = t.name\n"
        "GROUP BY t.display_name\nORDER BY type_name",
        ("photoz.product_types", "photoz.products"),
    ),
    Example(
        "training-ready",
        "Which catalogues can train a photo-z code?",
        "Tables whose owners declared the columns of right ascension, declination and redshift, the largest first.",
        "SELECT table_name, ra_column, dec_column, z_column, row_count\nFROM photoz.products\n"
        "WHERE ra_column IS NOT NULL AND dec_column IS NOT NULL AND z_column IS NOT NULL\nORDER BY row_count DESC",
        ("photoz.products",),
    ),
    Example(
        "covering",
        "Which products cover a field?",
        "Products with rows within half a degree of a position, found by their footprints, the widest first.",
        "SELECT display_name, table_name, AREA(footprint) AS square_degrees\nFROM photoz.products\n"
        "WHERE 1 = INTERSECTS(CIRCLE('ICRS', 53.13, -28.1, 0.5), footprint)\nORDER BY square_degrees DESC",
        ("photoz.products",),
    ),
    Example(
        "redshift-columns",
        "Which columns are redshifts?",
        "UCDs give the meaning of columns, whatever their names are. This finds redshifts, but not their errors.",
        "SELECT table_name, column_name, unit, description\nFROM tap_schema.columns\n"
        "WHERE ucd LIKE 'src.redshift%'\nORDER BY table_name, column_name",
        ("tap_schema.columns",),
    ),
    Example(
        "files",
        "Where are the files, and what are their checksums?",
        "Addresses of the files of all redshift catalogues, with their lengths and checksums.",
        "SELECT p.display_name AS product, f.file_name, f.role, f.content_length, f.md5, f.access_url\n"
        "FROM photoz.product_files AS f\nJOIN photoz.products AS p ON p.product_id = f.product_id\n"
        f"WHERE p.product_type = '{_REDSHIFT_CATALOGUES[0]}'\nORDER BY product, file_name",
        ("photoz.product_files", "photoz.products"),
    ),
    Example(
        "magnitude-columns",
        "Which tables have magnitudes in the i band?",
        "Columns by UCD and product, to choose the photometry for a training set.",
        "SELECT p.display_name AS product, c.table_name, c.column_name, c.ucd\nFROM photoz.product_columns AS c\n"
        "JOIN photoz.products AS p ON p.product_id = c.product_id\n"
        "WHERE c.ucd LIKE 'phot.mag%em.opt.I%'\nORDER BY product, column_name",
        ("photoz.product_columns", "photoz.products"),
    ),
)


def examples_of(tables: TableSet) -> tuple[Example, ...]:
    """Return the examples for these tables."""
    with_position = [
        table for table in tables.tables.values() if table.entry.position and table.files and table.row_count
    ]
    with_redshift = [(table, found[0]) for table in with_position if (found := _columns(table, "src.redshift"))]
    with_density = next((item for table in tables.tables.values() if (item := _density(table)) is not None), None)
    examples = (*_METADATA_EXAMPLES, *_product_examples(with_position, with_redshift))
    return examples if with_density is None else (*examples, *_density_examples(*with_density))


def examples_document(examples: Iterable[Example], frame: PageFrame) -> bytes:
    """Return the page of examples, as XHTML with RDFa."""
    page = Page(frame, vocab=_VOCABULARY)
    main = page.main
    etree.SubElement(main, "h1").text = "Examples of queries"
    for example in examples:
        item = etree.SubElement(main, "div", {"id": example.id, "resource": f"#{example.id}", "typeof": "example"})
        etree.SubElement(item, "h2", {"property": "name"}).text = example.name
        etree.SubElement(item, "p").text = example.text
        etree.SubElement(item, "pre", {"property": "query", "tabindex": "0"}).text = example.query
        names = etree.SubElement(item, "p")
        names.text = "Tables: "
        for number, table in enumerate(example.tables, start=1):
            name = etree.SubElement(names, "code", {"property": "table"})
            name.text = table
            name.tail = ", " if number < len(example.tables) else "."
    return page.document()


def _product_examples(with_position: list[TapTable], with_redshift: list[tuple[TapTable, Column]]) -> Iterator[Example]:
    if with_position:
        yield _cone(with_position[0])
    if with_redshift:
        yield _histogram(*with_redshift[0])
    catalogues = [item for item in with_redshift if item[0].schema in _REDSHIFT_CATALOGUES]
    if len(catalogues) > 1:
        yield _comparison(catalogues[0], catalogues[1])
    photometric = max(with_position, key=_photometry, default=None)
    spectroscopic = next((item for item in catalogues if item[0] is not photometric), None)
    if photometric is not None and spectroscopic is not None and _columns(photometric, "phot.mag"):
        yield _training_set(photometric, *spectroscopic)


def _cone(table: TapTable) -> Example:
    ra, dec = _position(table)
    shown = [column for column in table.columns if column.name in table.principal][:_MAX_COLUMNS]
    names = [identifier(column.name) for column in shown]
    point = f"POINT('ICRS', {ra}, {dec})"
    centre = "'ICRS', {:.4f}, {:.4f}".format(*sample_position(table))
    return Example(
        "cone",
        "Which objects are around a position?",
        "A cone of 0.05 degrees around a position in the table, found by the index on positions; the nearest first.",
        "\n".join(
            (
                f"SELECT TOP 100 {', '.join(names)},",
                f"  DISTANCE({point}, POINT({centre})) AS separation",
                f"FROM {table.name}",
                f"WHERE 1 = CONTAINS({point}, CIRCLE({centre}, 0.05))",
                "ORDER BY separation",
            )
        ),
        (table.name,),
    )


def _histogram(table: TapTable, redshift: Column) -> Example:
    z = identifier(redshift.name)
    return Example(
        "nz",
        "What is the redshift distribution?",
        "The histogram N(z) in steps of 0.1; the result has one row for each step, however many objects there are.",
        "\n".join(
            (
                "SELECT bin / 10.0 AS z_low, (bin + 1) / 10.0 AS z_high, COUNT(*) AS objects",
                "FROM (",
                f"  SELECT FLOOR({z} * 10) AS bin",
                f"  FROM {table.name}",
                f"  WHERE {z} IS NOT NULL",
                ") AS steps",
                "GROUP BY bin",
                "ORDER BY bin",
            )
        ),
        (table.name,),
    )


def _comparison(first: tuple[TapTable, Column], second: tuple[TapTable, Column]) -> Example:
    (a, z_a), (b, z_b) = first, second
    first_z, second_z = f"a.{identifier(z_a.name)}", f"b.{identifier(z_b.name)}"
    return Example(
        "cross-match",
        "Do two redshift catalogues agree?",
        "Objects of two catalogues within one arcsecond of each other, and the difference of their redshifts.",
        "\n".join(
            (
                f"SELECT TOP 1000 {first_z} AS z_a, {second_z} AS z_b,",
                f"  ({first_z} - {second_z}) / (1 + {first_z}) AS difference",
                f"FROM {a.name} AS a",
                f"JOIN {b.name} AS b",
                f"  ON {_match(a, b)}",
            )
        ),
        (a.name, b.name),
    )


def _training_set(photometric: TapTable, spectroscopic: TapTable, redshift: Column) -> Example:
    magnitudes = _columns(photometric, "phot.mag")[:6]
    columns = ", ".join(f"a.{identifier(column.name)}" for column in magnitudes)
    return Example(
        "training-set",
        "What would a small training set look like?",
        "Magnitudes of objects that have a spectroscopic redshift within one arcsecond.",
        "\n".join(
            (
                f"SELECT TOP 1000 b.{identifier(redshift.name)} AS spectroscopic_redshift, {columns}",
                f"FROM {photometric.name} AS a",
                f"JOIN {spectroscopic.name} AS b",
                f"  ON {_match(photometric, spectroscopic)}",
                f"WHERE b.{identifier(redshift.name)} > 0",
            )
        ),
        (photometric.name, spectroscopic.name),
    )


def _density_examples(table: TapTable, density: Column) -> Iterator[Example]:
    pz = identifier(density.name)
    plain = [column for column in table.columns if column.name in table.principal and column.arraysize is None]
    names = "".join(f"{identifier(column.name)}, " for column in plain[:3])
    yield Example(
        "redshift-interval",
        "Which objects lie in a redshift interval?",
        "The probability of a redshift between two, from the densities p(z) of photo-z estimates; the surest first.",
        "\n".join(
            (
                f"SELECT TOP 100 {names}pz_median({pz}) AS z_median, pz_odds({pz}) AS odds,",
                f"  pz_probability({pz}, 0.4, 0.8) AS probability",
                f"FROM {table.name}",
                f"WHERE pz_probability({pz}, 0.4, 0.8) > 0.5",
                "ORDER BY probability DESC",
            )
        ),
        (table.name,),
    )
    grid = "" if DensityForm.from_json(density.density or "").name in {"interp", "hist"} else ", 0, 3, 301"
    yield Example(
        "stacked-nz",
        "What is N(z) of photo-z estimates, in bins?",
        "The sum of the densities of the objects of each tomographic bin, by their most probable redshift.",
        "\n".join(
            (
                f"SELECT bin, COUNT(*) AS objects, AVG(pz_mean({pz})) AS z_mean, pz_nz({pz}{grid}) AS nz",
                "FROM (",
                f"  SELECT {pz}, FLOOR(pz_mode({pz}) * 2) AS bin",
                f"  FROM {table.name}",
                ") AS binned",
                "GROUP BY bin",
                "ORDER BY bin",
            )
        ),
        (table.name,),
    )


def _density(table: TapTable) -> tuple[TapTable, Column] | None:
    """Return a table with its first column of densities; None when it has none, or no rows."""
    found = next((column for column in table.columns if column.density), None)
    return (table, found) if found is not None and table.files and table.row_count else None


def _photometry(table: TapTable) -> tuple[bool, int]:
    """Return a sort key: the larger, the better the table is as a source of magnitudes."""
    return table.schema in _OBJECT_CATALOGUES, len(_columns(table, "phot.mag"))


def _match(a: TapTable, b: TapTable) -> str:
    (ra_a, dec_a), (ra_b, dec_b) = _position(a), _position(b)
    return f"1 = CONTAINS(POINT('ICRS', a.{ra_a}, a.{dec_a}), CIRCLE('ICRS', b.{ra_b}, b.{dec_b}, {_MATCH_DEGREES}))"


def _position(table: TapTable) -> tuple[str, str]:
    ra, dec = table.entry.position or ("", "")
    return identifier(ra), identifier(dec)


def _columns(table: TapTable, ucd: str) -> list[Column]:
    """Return the numeric columns whose primary UCD word is given."""
    return [c for c in table.columns if c.is_numeric and (c.ucd or "").lower().split(";")[0] == ucd]
