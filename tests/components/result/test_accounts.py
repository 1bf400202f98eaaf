"""Rows of steps gathered by the operator that owns them."""

import numpy as np

from leptonsim.result.accounts import Groups


def test_groups_combine_the_rows_of_each_number_and_leave_the_others_empty():
    numbers = np.array([3, 0, 3, 1, 0], dtype=np.int64)
    rows = np.array([[1, 10], [2, 20], [4, 40], [8, 80], [16, 160]], dtype=np.int64)
    groups = Groups(numbers, 5)
    np.testing.assert_array_equal(groups.combine(np.add, rows), [[18, 180], [8, 80], [0, 0], [5, 50], [0, 0]])
    np.testing.assert_array_equal(groups.combine(np.maximum, rows[:, 0], -1), [16, 8, -1, 4, -1])


def test_groups_of_no_rows_are_empty():
    nothing = np.zeros(0, dtype=np.int64)
    np.testing.assert_array_equal(Groups(nothing, 2).combine(np.add, nothing), [0, 0])
