"""Handles of RAIL for a product: its rows as a table, or its probability densities as an ensemble of qp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["RailHandle", "qp_handle", "require_rail", "table_handle"]


class RailHandle(Protocol):
    """A handle of data in RAIL (``rail.core.data.DataHandle``)."""

    tag: str
    data: object


def table_handle(tag: str, table: Table) -> RailHandle:
    """Return a ``TableHandle`` with columns as arrays of numpy, the form that RAIL's stages take."""
    _, table_class = _classes()
    import numpy as np

    handle: RailHandle = table_class(tag, data={name: np.asarray(table[name]) for name in table.colnames})
    return handle


def qp_handle(tag: str, ensemble: object) -> RailHandle:
    """Return a ``QPHandle`` with an ensemble of qp."""
    qp_class, _ = _classes()
    handle: RailHandle = qp_class(tag, data=ensemble)
    return handle


def require_rail() -> None:
    """Raise ImportError, with how to install RAIL, where it is not installed."""
    _classes()


def _classes() -> tuple[type, type]:
    try:
        from rail.core.data import QPHandle, TableHandle
    except ImportError as e:
        message = "RAIL is not installed: pip install pz-rail-base"
        raise ImportError(message) from e
    return QPHandle, TableHandle
