"""Tables shown in notebooks at once, also in loops and before the last line of a cell; elsewhere printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

__all__ = ["show_table", "table_of_items"]

_WIDEST = 1000


def table_of_items(items: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> pd.DataFrame:
    """Return some keys of items as a table with other names; keys that an item does not have are empty."""
    import pandas as pd

    rows = [{shown: item.get(key) for key, shown in names.items()} for item in items]
    return pd.DataFrame(rows, columns=[*names.values()], dtype=object)


def show_table(table: pd.DataFrame) -> None:
    """Show all rows of a table with whole texts, without its index."""
    shown = _Shown(table)
    try:
        from IPython.display import display
    except ImportError:
        print(shown)  # noqa: T201 - what people asked to see
    else:
        display(shown)


class _Shown:
    """A table as HTML for notebooks, and as text for terminals."""

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table.where(table.notna(), "") if len(table) else table

    def __repr__(self) -> str:
        import pandas as pd

        with pd.option_context("display.max_colwidth", None, "display.width", _WIDEST):
            return str(self._table.to_string(index=False))

    def _repr_html_(self) -> str:
        import pandas as pd

        with pd.option_context("display.max_colwidth", None):
            return str(self._table.to_html(index=False, escape=True))
