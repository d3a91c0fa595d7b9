"""Tables that should hold the same rows, whatever their order and whatever file carried them."""

import numpy as np
import pandas as pd
from astropy.table import Table

__all__ = ["assert_same_rows", "plain"]


def plain(table: Table | pd.DataFrame) -> pd.DataFrame:
    """Give a table as text, float64 and int64, without masks.

    Text files and FITS cannot tell an empty text from none, nor NaN from none, so both are the same here. Readers of
    text files do not agree on the blanks around a text, so they do not count.
    """
    frame = table if isinstance(table, pd.DataFrame) else _frame(table)
    return pd.DataFrame({str(name): _plain_column(frame[name]) for name in frame.columns})


def assert_same_rows(found: Table | pd.DataFrame, expected: Table | pd.DataFrame) -> None:
    """Compare two tables value by value, after sorting the rows of both in the same way.

    Where single precision is expected, the values found are brought to it: a text file holds the shortest decimal
    number that stands for a single one.
    """
    left, right = plain(found), plain(expected)
    for name in right.columns:
        if str(expected[name].dtype) == "float32":
            left[name] = left[name].astype("float32").astype("float64")
    assert list(left.columns) == list(right.columns)
    assert len(left) == len(right)
    for name in left.columns:
        if left[name].dtype != right[name].dtype:  # a number beside the same number in another width
            left[name], right[name] = left[name].astype(float), right[name].astype(float)
    left, right = _sorted(left), _sorted(right)
    for name in left.columns:
        mine, theirs = left[name].to_numpy(), right[name].to_numpy()
        np.testing.assert_array_equal(mine, theirs, err_msg=f"column {name}")


def _frame(table: Table) -> pd.DataFrame:
    columns = {}
    for name in table.colnames:
        values = np.ma.asarray(table[name])
        column = pd.Series(list(values.data) if values.dtype.kind in "OSU" else np.array(values.data), dtype=None)
        columns[name] = column.where(~np.ma.getmaskarray(values), None) if np.ma.is_masked(values) else column
    return pd.DataFrame(columns)


def _plain_column(column: pd.Series) -> pd.Series:
    if len(column) and isinstance(column.dtype, np.dtype):
        if column.dtype.kind == "f":
            return pd.Series(column.to_numpy(dtype="float64"))
        if column.dtype.kind in "iu" and np.can_cast(column.dtype, np.int64):
            return pd.Series(column.to_numpy(dtype="int64"))
    values = column.to_numpy(dtype=object)
    missing = pd.isna(column).to_numpy()
    if all(isinstance(value, bool | np.bool_) for value in values[~missing]) and not missing.all():
        return pd.Series([None if m else str(bool(v)) for v, m in zip(values, missing, strict=True)], dtype=object)
    numbers = all(isinstance(value, int | float | np.number) for value in values[~missing])
    if numbers and not missing.any() and all(isinstance(value, int | np.integer) for value in values):
        return pd.Series(values.astype("int64"))
    if numbers:
        return pd.Series([np.nan if m else float(v) for v, m in zip(values, missing, strict=True)], dtype="float64")
    return pd.Series(["" if m else _text(v) for v, m in zip(values, missing, strict=True)], dtype=object)


def _text(value: object) -> str:
    text = value.decode() if isinstance(value, bytes) else str(value)
    return text.strip()


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort by all columns; rows without an order among them are the same."""
    keys = [_sort_key(frame[name]) for name in frame.columns]
    return frame.iloc[np.lexsort(keys[::-1])].reset_index(drop=True)


def _sort_key(column: pd.Series) -> np.ndarray:
    return pd.factorize(column, sort=True)[0] if column.dtype == object else column.to_numpy()
