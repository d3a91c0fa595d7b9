"""Preview of a run: rows, footprints and their overlaps, quality flags of the inputs, and the size of the result."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from core.auth.models import Identity
from core.errors import NotFoundError
from core.files.kept import KeptFiles
from pipelines.inputs.lookup import RunInput
from pipelines.runs.checks import CheckedRun
from products.service import ProductDetails, ProductService

if TYPE_CHECKING:
    from mocpy import MOC

__all__ = ["InputPreview", "Overlap", "RunPreview", "RunPreviewer"]

_WHOLE_SKY_DEG2 = 41_252.961_249_419_27
_MOST_FLAGS = 12
_MOST_PAIRS = 30
#: Most footprints that are compared with each other, and most rows of which flags are counted.
_MOST_FOOTPRINTS = 24
_MOST_COUNTED_ROWS = 30_000_000


@dataclass(frozen=True, slots=True)
class InputPreview:
    """What is known of an input without reading its positions.

    Parameters
    ----------
    rows, area_deg2
        None when they are not known before the run, as of files in VOSpace.
    flags
        The most frequent values of its quality flag with their rows; missing values are an empty text.
    other_flags
        Number of further values.
    """

    label: str
    name: str
    rows: int | None
    area_deg2: float | None
    flag_column: str | None
    flags: tuple[tuple[str, int], ...]
    other_flags: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """Area in which the footprints of two inputs overlap, and its share of the smaller one."""

    first: str
    second: str
    area_deg2: float
    share: float


@dataclass(frozen=True, slots=True)
class RunPreview:
    """Preview of a run.

    Parameters
    ----------
    rows
        Most rows that the result may have; None when an input is not known.
    area_deg2
        Area of all footprints together.
    size
        Estimate of the bytes of the result as Parquet, if it has that many rows.
    is_private
        Whether the result will be private because an input is.
    warnings
        Warnings of the run that are known before it.
    """

    inputs: tuple[InputPreview, ...]
    overlaps: tuple[Overlap, ...]
    rows: int | None
    area_deg2: float | None
    size: int | None
    is_private: bool
    warnings: tuple[str, ...] = ()


class RunPreviewer:
    """Build previews from the stored rows and footprints of products.

    Parameters
    ----------
    tables
        The stored rows.
    """

    def __init__(self, products: ProductService, tables: KeptFiles) -> None:
        self._products = products
        self._tables = tables

    def preview(self, identity: Identity, checked: CheckedRun) -> RunPreview:
        """Return the preview of a checked request."""
        details = [self._details(identity, each) for each in checked.inputs.all]
        catalogues = details[: len(checked.inputs.catalogues)]
        footprints = [(each.label, _moc(found)) for each, found in zip(checked.inputs.all, details, strict=True)]
        known = [(label, moc) for label, moc in footprints if moc is not None]
        rows = [_rows(found) for found in catalogues]
        total = None if None in rows else sum(count or 0 for count in rows)
        return RunPreview(
            inputs=tuple(
                self._input(each, found, moc)
                for each, found, (_, moc) in zip(checked.inputs.all, details, footprints, strict=True)
            ),
            overlaps=_overlaps(known),
            rows=total,
            area_deg2=_union_area([moc for _, moc in known]) if known else None,
            size=None if total is None else self._size(total, catalogues, details[len(catalogues) :]),
            is_private=checked.must_be_private,
            warnings=checked.pipeline.foreseen_warnings(checked.configuration, checked.inputs),
        )

    def _details(self, identity: Identity, each: RunInput) -> ProductDetails | None:
        return None if each.product is None else self._products.details(identity, each.product.id)

    def _input(self, each: RunInput, found: ProductDetails | None, moc: "MOC | None") -> InputPreview:
        column = each.columns.get("z_flag")
        counts = self._flags(found, column) if found is not None and column is not None else Counter()
        common = tuple(counts.most_common(_MOST_FLAGS))
        return InputPreview(
            label=each.label,
            name=each.address or each.name,
            rows=_rows(found),
            area_deg2=None if moc is None else _area(moc),
            flag_column=column,
            flags=common,
            other_flags=len(counts) - len(common),
        )

    def _flags(self, found: ProductDetails, column: str) -> Counter[str]:
        """Count the values of a column, batch by batch."""
        import pyarrow as pa
        import pyarrow.compute as pc

        from products.rows.stored_file import StoredFile

        table, counts = found.table, Counter[str]()
        if table is None or table.rows > _MOST_COUNTED_ROWS:
            return counts
        try:
            with self._tables.hold(table.stored_id) as held:
                file = StoredFile(held.path)
                batches = file.iter_batches(1_000_000, columns=[column]) if column in file.names else iter(())
                for batch in batches:
                    for item in pc.value_counts(batch.column(0)).to_pylist():
                        counts[_flag_text(item["values"])] += item["counts"]
        except (NotFoundError, OSError, pa.ArrowInvalid):  # the rows were replaced meanwhile
            return Counter()
        return counts

    def _size(
        self, rows: int, catalogues: Sequence[ProductDetails | None], others: Sequence[ProductDetails | None]
    ) -> int | None:
        """Estimate the bytes of a result whose rows have the columns of a catalogue and of the objects."""
        per_row = [self._bytes_per_row(found) for found in (*catalogues, *others)]
        if not rows or None in per_row:
            return None
        widths = [width or 0.0 for width in per_row]
        mean = sum(widths[: len(catalogues)]) / max(len(catalogues), 1)
        return round(rows * (mean + sum(widths[len(catalogues) :])))

    @staticmethod
    def _bytes_per_row(found: ProductDetails | None) -> float | None:
        if found is None or found.table is None or not found.table.rows or found.table.size is None:
            return None
        return found.table.size / found.table.rows


def _rows(found: ProductDetails | None) -> int | None:
    return None if found is None or found.table is None else found.table.rows


def _moc(found: ProductDetails | None) -> "MOC | None":
    from mocpy import MOC

    footprint = None if found is None or found.table is None else found.table.footprint
    return None if footprint is None else MOC.from_string(footprint, format="ascii")


def _overlaps(known: Sequence[tuple[str, "MOC"]]) -> tuple[Overlap, ...]:
    """Return the pairs of footprints that overlap, the largest area first."""
    if len(known) > _MOST_FOOTPRINTS:
        return ()
    found = []
    for (first, one), (second, other) in combinations(known, 2):
        area = _area(one.intersection(other))
        if area:
            found.append(Overlap(first, second, area, area / min(_area(one), _area(other))))
    return tuple(sorted(found, key=lambda item: -item.area_deg2)[:_MOST_PAIRS])


def _union_area(mocs: Sequence["MOC"]) -> float:
    return _area(mocs[0].union(*mocs[1:])) if len(mocs) > 1 else _area(mocs[0])


def _area(moc: "MOC") -> float:
    return float(moc.sky_fraction) * _WHOLE_SKY_DEG2


def _flag_text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
