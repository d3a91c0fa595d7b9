"""View of a product for its pages: details, columns with statistics, preview, charts."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.auth.models import Identity
from products.access import changeable, manageable
from products.inspection.column_statistics import ColumnStatistics
from products.inspection.guesses import best_assignment
from products.inspection.inspection import Inspection
from products.inspection.preview import Cell
from products.models import FileRole, ProductColumn, ProductFile, ProductStatus
from products.service import ProductDetails
from tap.identifiers import identifier
from webui.charts.estimates import estimate_figures
from webui.charts.histogram import HistogramPlot, histogram_plot
from webui.charts.run_report import Figure
from webui.charts.sky_map import SkyMap, sky_map

__all__ = ["ColumnView", "ProductView", "identifier_column", "range_text"]


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column with its statistics."""

    item: ProductColumn
    nulls: int | None
    range: str

    @property
    def type_text(self) -> str:
        """The short name of the data type: ``double``, ``int[3]``, ``text``."""
        column = self.item.column
        if column.is_text:
            return column.xtype or "text"
        return f"{column.datatype}[{column.arraysize}]" if column.arraysize else column.datatype


@dataclass(frozen=True, slots=True)
class ProductView:
    """View of a product for the template.

    Parameters
    ----------
    preview_names, preview_rows
        The first rows of the table.
    estimates
        Charts of the densities, if the table has them.
    """

    details: ProductDetails
    found: Inspection | None
    columns: tuple[ColumnView, ...]
    preview_names: tuple[str, ...]
    preview_rows: tuple[tuple[Cell, ...], ...]
    sky: SkyMap | None
    histogram: HistogramPlot | None
    estimates: tuple[Figure, ...]
    may_change: bool
    may_manage: bool

    @classmethod
    def of(cls, details: ProductDetails, identity: Identity) -> "ProductView":
        """Return the view of a product, as the identity may see it."""
        found = details.found
        statistics = {} if found is None else found.statistics
        preview = {} if found is None else found.preview
        return cls(
            details=details,
            found=found,
            columns=tuple(_column_view(item, statistics.get(item.column.name)) for item in details.columns),
            preview_names=tuple(preview),
            preview_rows=tuple(zip(*preview.values(), strict=True)),
            sky=sky_map(found.density_map) if found and found.density_map else None,
            histogram=histogram_plot(found.redshift_histogram) if found and found.redshift_histogram else None,
            estimates=tuple(estimate_figures(found.densities, found.redshift_histogram))
            if found and found.densities
            else (),
            may_change=changeable(identity, details.product),
            may_manage=manageable(identity, details.product),
        )

    @property
    def identifier(self) -> str | None:
        """The column of identifiers of objects, if one is known."""
        return identifier_column(self.details)

    @property
    def main_file(self) -> ProductFile | None:
        """The main file, if it was uploaded."""
        return next((file for file in self.details.files if file.role is FileRole.MAIN), None)

    @property
    def other_files(self) -> tuple[ProductFile, ...]:
        """All files but the main one."""
        return tuple(file for file in self.details.files if file.role is not FileRole.MAIN)

    @property
    def size(self) -> int:
        """Size of all files in bytes."""
        return sum(file.size for file in self.details.files)

    @property
    def is_draft(self) -> bool:
        """Whether the product is a draft."""
        return self.details.product.status is ProductStatus.REGISTERING

    @property
    def example_columns(self) -> Sequence[str]:
        """Up to five columns for an example query: those with a meaning, else the first ones."""
        names = [view.item.column.name for view in self.columns if view.item.alias] or [
            view.item.column.name for view in self.columns
        ]
        return [identifier(name) for name in names[:5]]


def identifier_column(details: ProductDetails) -> str | None:
    """Return the column of identifiers that the owner named, or else the guessed one."""
    named = next((item.column.name for item in details.columns if (item.alias or "").lower() == "id"), None)
    guessed = {} if details.found is None else best_assignment(details.found.guesses)
    return named or next((name for name, meaning in guessed.items() if meaning == "id"), None)


def range_text(item: ProductColumn, known: ColumnStatistics | None) -> str:
    """Return the least and the largest value of a column, or the lengths of its texts; empty when none are known."""
    if known is None or known.minimum is None or known.maximum is None:
        return ""
    low, high = (f"{value:.7g}" if isinstance(value, float) else str(value) for value in (known.minimum, known.maximum))
    text = low if known.minimum == known.maximum else f"{low} to {high}"
    return f"{text} byte{'' if text == '1' else 's'} long" if item.column.is_text else text


def _column_view(item: ProductColumn, known: ColumnStatistics | None) -> ColumnView:
    return ColumnView(item, None if known is None else known.nulls, range_text(item, known))
