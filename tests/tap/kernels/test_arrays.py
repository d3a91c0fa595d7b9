import numpy as np
import pyarrow as pa

from tap.kernels.arrays import as_matrix


def test_lists_of_one_length_are_rows_of_a_matrix():
    lists = pa.array([[1.0, 2.0], None, [3.0, None]], pa.list_(pa.float64()))
    expected = [[1.0, 2.0], [np.nan, np.nan], [3.0, np.nan]]
    np.testing.assert_array_equal(as_matrix(lists), expected)
    np.testing.assert_array_equal(as_matrix(pa.chunked_array([lists.slice(0, 1), lists.slice(1)])), expected)
    np.testing.assert_array_equal(as_matrix(lists.slice(2)), expected[2:])
    np.testing.assert_array_equal(as_matrix(lists.cast(pa.list_(pa.float32()))), expected)


def test_lists_of_different_lengths_are_no_matrix():
    assert as_matrix(pa.array([[1.0], [1.0, 2.0]])) is None
    assert as_matrix(pa.array([[1.0], []])) is None


def test_missing_and_empty_lists_have_no_columns():
    assert as_matrix(pa.array([None, None], pa.list_(pa.float64()))).shape == (2, 0)
    assert as_matrix(pa.array([[], []], pa.list_(pa.float64()))).shape == (2, 0)
    assert as_matrix(pa.array([], pa.list_(pa.float64()))).shape == (0, 0)
