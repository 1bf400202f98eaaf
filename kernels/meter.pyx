"""The meter: what happened between two readings of the tile machine's progress, as energy and as sums.

Of some hundred operators only those in progress differ between two readings a hundred microseconds apart; the others cost one
comparison each. Sums run over the operators in order, then over columns, so that the same readings give the same energy.
The plain-Python twin is leptonsim/kernels/plain/meter.py.
"""

from libc.stdint cimport int64_t


def read_meter(
    const int64_t[:, ::1] work, int64_t[:, ::1] last, const double[:, :, ::1] pj, double[::1] energy_pj, int64_t[::1] done,
):
    """Write the energy of ``work - last`` by component, and its sums by column without the last row; ``last`` becomes ``work``.

    ``work`` and ``last`` are int64 (rows, columns), ``pj`` float64 (rows, columns, components), ``energy_pj`` float64 (components,),
    ``done`` int64 (columns,). Raises ValueError where shapes do not fit.
    """
    cdef Py_ssize_t rows = work.shape[0], columns = work.shape[1], components = pj.shape[2], row, column, part
    cdef int64_t change
    if (
        last.shape[0] != rows or last.shape[1] != columns or pj.shape[0] != rows or pj.shape[1] != columns
        or energy_pj.shape[0] != components or done.shape[0] != columns
    ):
        raise ValueError("read_meter: the shapes do not fit")
    with nogil:
        for part in range(components):
            energy_pj[part] = 0.0
        for column in range(columns):
            done[column] = 0
        for row in range(rows):
            for column in range(columns):
                change = work[row, column] - last[row, column]
                if change == 0:
                    continue
                last[row, column] = work[row, column]
                if row < rows - 1:
                    done[column] += change
                for part in range(components):
                    energy_pj[part] += change * pj[row, column, part]
