"""Specifications of plots as text: kind, quantities and options, such as ``xy:z,mag_i;reversey``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.errors import InvalidValueError
from webui.explorer.quantities import Quantity, split_outside_quotes, without_quotes
from webui.explorer.tables import DescribedTable

__all__ = ["FLAGS", "KINDS", "PlotKind", "PlotSpecification"]

_FEWEST_BINS, _MOST_BINS = 5, 400
_LONGEST = 2000

#: Options that are set or not, with their labels.
FLAGS: Mapping[str, str] = {
    "logx": "Logarithmic horizontal axis",
    "logy": "Logarithmic vertical axis",
    "reversex": "Reversed horizontal axis",
    "reversey": "Reversed vertical axis",
    "logcount": "Logarithmic counts",
}


@dataclass(frozen=True, slots=True)
class PlotKind:
    """A kind of plot.

    Parameters
    ----------
    quantities
        How many quantities it shows.
    flags
        The options of `FLAGS` that it has.
    has_colour
        Whether the mean of another quantity can colour its cells.
    has_densities
        Whether the sum of densities p(z) can be laid over it.
    """

    name: str
    title: str
    quantities: int
    flags: tuple[str, ...]
    has_colour: bool = False
    has_densities: bool = False


#: Kinds of plots by their names.
KINDS: Mapping[str, PlotKind] = {
    kind.name: kind
    for kind in (
        PlotKind("hist", "Histogram", 1, ("logx", "reversex", "logcount")),
        PlotKind("nz", "Redshift distribution N(z)", 1, ("logcount",), has_densities=True),
        PlotKind("xy", "Two columns", 2, ("logx", "logy", "reversex", "reversey"), has_colour=True),
        PlotKind("sky", "Sky map", 0, (), has_colour=True),
    )
}


@dataclass(frozen=True, slots=True)
class PlotSpecification:
    """What a plot shows and how.

    Parameters
    ----------
    flags
        Names of the options that are set, in the order of `FLAGS`.
    bins
        About how many bins an axis has; none for the default of its kind.
    colour
        Quantity of which the mean colours each cell.
    densities
        Name in ADQL of a column of densities p(z), of which the sum is laid over the histogram.
    """

    kind: PlotKind
    quantities: tuple[Quantity, ...]
    flags: frozenset[str] = frozenset()
    bins: int | None = None
    colour: Quantity | None = None
    densities: str | None = None

    @classmethod
    def parse(cls, text: str, table: DescribedTable) -> "PlotSpecification":
        """Return the specification of a text.

        Raises
        ------
        InvalidValueError
            The kind, a quantity or an option does not exist; the message names it.
        """
        if len(text) > _LONGEST:
            raise InvalidValueError(f"The plot '{text[:40]}…' has more than {_LONGEST} characters; name fewer columns.")
        head, *options = split_outside_quotes(text, ";")
        name, *rest = split_outside_quotes(head, ":")
        kind = KINDS.get(name.strip())
        if kind is None:
            raise InvalidValueError(f"'{name[:40]}' is no kind of plot; use one of {', '.join(KINDS)}.")
        texts = [part for part in split_outside_quotes(":".join(rest), ",") if part.strip()]
        if len(texts) != kind.quantities:
            raise InvalidValueError(
                f"A plot of the kind '{kind.name}' has {kind.quantities} columns; '{text[:100]}' names {len(texts)}."
            )
        spec = cls(kind, tuple(Quantity.parse(part, table) for part in texts))
        for option in options:
            spec = spec._with_option(option.strip(), table)
        return spec

    @property
    def text(self) -> str:
        """The text that `parse` reads, in the canonical order of its options."""
        head = self.kind.name + (":" + ",".join(quantity.text for quantity in self.quantities)) * bool(self.quantities)
        options = [flag for flag in FLAGS if flag in self.flags]
        if self.bins is not None:
            options.append(f"bins={self.bins}")
        if self.colour is not None:
            options.append(f"colour={self.colour.text}")
        if self.densities is not None:
            options.append(f"densities={self.densities}")
        return ";".join([head, *options])

    @property
    def title(self) -> str:
        """The title of the plot."""
        names = [quantity.text for quantity in self.quantities]
        is_plane = self.kind.quantities > 1
        title = f"{names[1]} against {names[0]}" if is_plane else " of ".join([self.kind.title, *names])
        return title if self.colour is None else f"{title}, mean of {self.colour.text}"

    def _with_option(self, option: str, table: DescribedTable) -> "PlotSpecification":
        name, equals, value = option.partition("=")
        if not option:
            return self
        if name in self.kind.flags and not equals:
            return replace(self, flags=self.flags | {name})
        if name == "bins" and equals:
            return replace(self, bins=_bins_of(value))
        if name == "colour" and equals and self.kind.has_colour:
            return replace(self, colour=Quantity.parse(value, table))
        if name == "densities" and equals and self.kind.has_densities:
            return replace(self, densities=_density_column(value, table))
        raise InvalidValueError(f"'{option[:60]}' is no option of a plot of the kind '{self.kind.name}'; leave it out.")


def _bins_of(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and _FEWEST_BINS <= int(text) <= _MOST_BINS):
        raise InvalidValueError(
            f"bins={text[:20]} is no number of bins; give a whole number from {_FEWEST_BINS} to {_MOST_BINS}."
        )
    return int(text)


def _density_column(text: str, table: DescribedTable) -> str:
    column = table.column(without_quotes(text))
    if column.density is None:
        raise InvalidValueError(f"The column '{column.name}' is not of densities p(z); choose one that is.")
    return table.quoted(column.name)
