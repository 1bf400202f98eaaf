"""The meter in plain Python: the specification of ``leptonsim.kernels.meter``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def read_meter(work: Integers, last: Integers, pj: Floats, energy_pj: Floats, done: Integers) -> None:
    """Write the energy of ``work - last`` by component, and its sums by column without the last row.

    ``last`` becomes ``work``. ``work`` and ``last`` are int64 (rows, columns), ``pj`` float64 (rows, columns,
    components), ``energy_pj`` float64 (components,), ``done`` int64 (columns,). Raises ValueError where shapes do not
    fit.
    """
    rows, columns = work.shape
    if last.shape != work.shape or pj.shape != (rows, columns, len(energy_pj)) or done.shape != (columns,):
        raise ValueError("read_meter: the shapes do not fit")
    change = work - last
    energy_pj[:] = 0.0
    for row in range(rows):
        for column in range(columns):
            energy_pj += float(change[row, column]) * pj[row, column]
    done[:] = change[:-1].sum(axis=0)
    last[:] = work
