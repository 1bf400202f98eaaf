"""Det: elimination, counted by hand for a matrix of three rows."""


def test_a_matrix_of_three_rows(work_of):
    (operator,) = work_of("g (float[7,3,3] x) => (float[7] y) { y = Det(x) }").operators
    # Two pivots: of 3 and of 2 rows; 2 + 1 quotients; 4 + 1 updates; a product of 3 elements.
    each = {"reduce": 3 + 2, "div": 3, "mul": 5 + 2, "add": 5}
    assert operator.vector == {function: 7 * count for function, count in each.items()}


def test_a_matrix_of_one_element_is_copied(work_of):
    (operator,) = work_of("g (float[4,1,1] x) => (float[4] y) { y = Det(x) }").operators
    assert operator.vector == {"add": 4}
