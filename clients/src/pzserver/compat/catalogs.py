"""Catalogues of version 0.3: rows with the metadata of their product, and simple plots of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pzserver.compat.deprecations import warn_once
from pzserver.compat.display import show_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["Catalog", "SpeczCatalog", "TrainingSet"]

_UCDS = {"RA": "pos.eq.ra;meta.main", "Dec": "pos.eq.dec;meta.main", "Redshift": "src.redshift"}
_BINS = 30
_REDSHIFTS, _MAGNITUDES = (0.0, 10.0), (16.0, 28.0)


class Catalog:
    """Rows of a product with its metadata.

    Parameters
    ----------
    data
        Rows, as a frame or a table.
    metadata
        What `PzServer.get_product_metadata` returns.
    metadata_df
        The same as a table of keys and values.
    """

    def __init__(
        self,
        data: Any = None,  # a frame, a table, or whatever users have
        metadata: Mapping[str, Any] | None = None,
        metadata_df: pd.DataFrame | None = None,
    ) -> None:
        self.data = data
        self.metadata = dict(metadata or {})
        self.metadata_df = metadata_df
        #: Columns with a meaning: ``column_name``, ``ucd`` and ``alias``.
        self.columns: list[dict[str, Any]] = (self.metadata.get("main_file") or {}).get("columns_association") or []

    def display_metadata(self) -> None:
        """Show the metadata."""
        if self.metadata_df is not None:
            show_table(self.metadata_df)

    def _column(self, what: str) -> str | None:
        return next((str(each["column_name"]) for each in self.columns if each.get("ucd") == _UCDS[what]), None)

    def _has(self, *names: str) -> bool:
        """Print which columns have no meaning; return whether all have one."""
        found = {name: self._column(name) for name in names}
        if missing := [name for name, column in found.items() if column is None]:
            print(f"No column has the meaning {', '.join(missing)}, so there is no plot.")  # noqa: T201 - for notebooks
        return not missing


class SpeczCatalog(Catalog):
    """A redshift catalogue."""

    def plot(self, savefig: bool = False) -> str | None:
        """Plot positions and the distribution of redshifts.

        Parameters
        ----------
        savefig
            Whether to save ``specz_catalog.png``, whose name is returned.
        """
        warn_once("SpeczCatalog.plot()", "server[…].plot.nz() and .sky()")
        if not self._has("RA", "Dec", "Redshift"):
            return None
        import matplotlib.pyplot as plt

        ra, dec, redshift = (self._column(name) for name in ("RA", "Dec", "Redshift"))
        figure, (sky, distribution) = plt.subplots(1, 2, figsize=(8, 3), layout="tight")
        sky.scatter(self.data[ra], self.data[dec])
        sky.set(xlabel=f"{ra} (deg)", ylabel=f"{dec} (deg)")
        distribution.hist(self.data[redshift], bins=_BINS)
        distribution.set(xlabel=redshift, ylabel="counts")
        return _saved(figure, "specz_catalog.png", wanted=savefig)


class TrainingSet(Catalog):
    """A training set."""

    def plot(self, mag_name: str | None = None, savefig: bool = False) -> str | None:
        """Plot the distributions of redshifts and of a magnitude, and both together.

        Parameters
        ----------
        mag_name
            Column of a magnitude; without it only the redshifts are plotted.
        savefig
            Whether to save ``train_set.png``, whose name is returned.
        """
        warn_once("TrainingSet.plot()", "server[…].plot.nz() and .scatter()")
        if not self._has("Redshift"):
            return None
        import matplotlib.pyplot as plt

        redshift = self._column("Redshift")
        redshifts = self.data[redshift]
        limits = _limits(redshifts, 0.1, _REDSHIFTS)
        if mag_name is None:
            figure, axes = plt.subplots(layout="tight")
            axes.hist(redshifts, bins=_BINS)
            axes.set(xlabel=redshift, ylabel="counts", xlim=limits)
            return _saved(figure, "train_set.png", wanted=savefig)
        magnitudes = self.data[mag_name]
        bright_and_faint = _limits(magnitudes, 0.2, _MAGNITUDES)
        figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="tight")
        axes[0].hist(magnitudes, bins=_BINS)
        axes[0].set(xlabel=mag_name, ylabel="counts", xlim=bright_and_faint)
        axes[1].hist(redshifts, bins=_BINS)
        axes[1].set(xlabel=redshift, ylabel="counts", xlim=limits)
        axes[2].plot(redshifts, magnitudes, ".")
        axes[2].set(xlabel=redshift, ylabel=mag_name, xlim=limits, ylim=bright_and_faint)
        return _saved(figure, "train_set.png", wanted=savefig)


def _limits(values: Any, margin: float, widest: tuple[float, float]) -> tuple[float, float]:  # a column of any table
    """Return the ends of an axis: those of the values with a margin, but not beyond the widest."""
    return max(float(values.min()) - margin, widest[0]), min(float(values.max()) + margin, widest[1])


def _saved(figure: Any, name: str, *, wanted: bool) -> str | None:  # matplotlib is no dependency
    if wanted:
        figure.savefig(name)
    return name if wanted else None
