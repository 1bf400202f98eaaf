"""The meter: what happened between two readings of the tile machine, as energy, heat and sums.

The tile machine tells the meter which operators did something since the reading before, and how much (``TileMachine.changes``). A reading
costs what these few cost, whatever the size of the program. Sums run over them in the order told, then over columns and components, so that
the same readings give the same numbers.

Die and sink are two RC nodes, solved in closed form for the constant power of the time between two readings; static power has the
temperature at the beginning of that time. The propagator exp(A t) is Sylvester's formula, and that of the last length of time is kept.
The plain-Python twin is leptonsim/kernels/plain/meter.py.
"""

from libc.math cimport exp
from libc.stdint cimport int64_t
from libc.stdlib cimport free, realloc

import numpy as np

HEAT_FIELDS = (
    "a", "b", "c", "d", "fast", "slow", "r_die", "r_sink", "ambient_c", "leakage_per_kelvin", "leakage_at_c", "die_c", "sink_c",
)
TIME_FIELDS = ("from_ps", "to_ps", "core_hz")

cdef struct Heat:
    double a, b, c, d          # of dx/dt = A x, x the distances of die and sink from their steady state
    double fast, slow          # eigenvalues of A, both negative
    double r_die, r_sink       # K/W
    double ambient
    double leakage, at         # growth of static power with each kelvin, and the temperature at which it is stated

cdef struct Propagator:
    double time_s              # of which it is; 0 before the first
    double e11, e12, e21, e22

cdef struct Reading:           # a row of the readings
    int64_t begin, end, core_hz


cdef class Meter:
    """Energy, temperature and sums of one run.

    Parameters
    ----------
    pj : float64 (rows, columns, components)
        Energy of one cycle or byte of each row of the work; the last row (copies) counts as energy and not as the cores' work. The first
        two columns are cycles of the tensor cores and vector units, the others bytes.
    heat : 13 floats, optional
        ``HEAT_FIELDS``; without it there is no temperature (``die_c`` is nan) and static power does not depend on one.

    ``rows`` and ``change`` are where a tile machine writes its changes.
    """

    cdef double[:, :, ::1] pj
    cdef int64_t[::1] row_of
    cdef int64_t[:, ::1] told
    cdef readonly object rows, change
    cdef Heat heat
    cdef Propagator kept
    cdef bint has_heat
    cdef readonly double die_c, sink_c
    cdef readonly int64_t now_ps
    cdef int64_t core_hz
    cdef double voltage_v
    cdef double[::1] scale             # (components,): energy at the voltage in force over that of `pj`
    cdef int64_t[:, ::1] work          # what is done is added to this
    cdef double[::1] energy            # scratch: pJ by component
    cdef double sum_pj                 # since the last `take`, as the next four
    cdef double sum_cycles             # of the core clock
    cdef int64_t sum_tensor, sum_vector, sum_moved
    cdef Reading* reading
    cdef double* level                 # [reading * width]: voltage, temperature of the die at its end, watts by component, static last
    cdef Py_ssize_t width
    cdef int64_t n, room

    def __cinit__(self):
        self.reading = NULL
        self.level = NULL

    def __init__(self, pj, heat=None):
        pj = np.ascontiguousarray(pj, dtype=np.float64)
        if pj.ndim != 3 or pj.shape[1] < 3:
            raise ValueError("Meter: energy is of shape (rows, columns, components), with two columns of cycles and one of bytes at least")
        if heat is not None and len(heat) != len(HEAT_FIELDS):
            raise ValueError(f"Meter: heat is {len(HEAT_FIELDS)} numbers")
        self.pj = pj
        self.rows = np.zeros(pj.shape[0], dtype=np.int64)
        self.change = np.zeros(pj.shape[:2], dtype=np.int64)
        self.row_of, self.told = self.rows, self.change
        self.work = np.zeros(pj.shape[:2], dtype=np.int64)
        self.energy = np.zeros(pj.shape[2])
        self.scale = np.ones(pj.shape[2])
        self.width = 3 + pj.shape[2]
        self.has_heat = heat is not None
        self.die_c = self.sink_c = float("nan")
        if heat is not None:
            (
                self.heat.a, self.heat.b, self.heat.c, self.heat.d, self.heat.fast, self.heat.slow, self.heat.r_die, self.heat.r_sink,
                self.heat.ambient, self.heat.leakage, self.heat.at, self.die_c, self.sink_c,
            ) = heat

    def __dealloc__(self):
        free(self.reading)
        free(self.level)

    def set_point(self, int64_t core_hz, double voltage_v, scale, work):
        """From now on the clock and voltage are these (0 Hz: it stands still).

        ``scale`` is float64 (components,), energy at this voltage over that of ``pj``; what is done is added to ``work``, int64 (rows, columns).
        """
        cdef double[::1] factors = scale
        cdef int64_t[:, ::1] counted = work
        if factors.shape[0] != self.pj.shape[2] or counted.shape[0] != self.pj.shape[0] or counted.shape[1] != self.pj.shape[1]:
            raise ValueError("set_point: the shapes do not fit")
        self.core_hz, self.voltage_v, self.scale, self.work = core_hz, voltage_v, factors, counted

    def read(self, Py_ssize_t changed, int64_t now_ps, double static_w, double once_pj=0.0):
        """Take what ``changed`` rows tell for the time since the last reading, until ``now_ps``; returns the power in that time, in watts.

        ``static_w`` is static power at the voltage in force and at the temperature at which it is stated; ``once_pj`` is spent besides, and
        counts in the sums alone. Nothing happens, and nothing may have changed, where no time has passed.
        """
        if not 0 <= changed <= self.pj.shape[0] or now_ps < self.now_ps:
            raise ValueError("read: more changes than rows, or time goes back")
        cdef int64_t span = now_ps - self.now_ps
        self.sum_pj += once_pj
        if span == 0:
            return 0.0
        if self.n == self.room and self._grow() < 0:
            raise MemoryError
        return self._read(changed, now_ps, span, static_w)

    cdef int _grow(self) noexcept nogil:
        cdef int64_t room = 2 * self.room + 256
        cdef Reading* readings = <Reading*> realloc(self.reading, room * sizeof(Reading))
        cdef double* levels
        if readings == NULL:
            return -1
        self.reading = readings
        levels = <double*> realloc(self.level, room * self.width * sizeof(double))
        if levels == NULL:
            return -1
        self.level = levels
        self.room = room
        return 0

    cdef double _read(self, Py_ssize_t changed, int64_t now_ps, int64_t span, double static_w) noexcept nogil:
        cdef Py_ssize_t components = self.pj.shape[2], columns = self.pj.shape[1], k, row, column, part
        cdef int64_t amount
        cdef double watts, total = 0.0
        cdef double* level = self.level + self.n * self.width
        for part in range(components):
            self.energy[part] = 0.0
        for k in range(changed):
            row = self.row_of[k]
            for column in range(columns):
                amount = self.told[k, column]
                if amount == 0:
                    continue
                self.work[row, column] += amount
                if row < self.pj.shape[0] - 1:
                    if column == 0:
                        self.sum_tensor += amount
                    elif column == 1:
                        self.sum_vector += amount
                    else:
                        self.sum_moved += amount
                for part in range(components):
                    self.energy[part] += amount * self.pj[row, column, part]
        if self.has_heat:
            static_w *= exp(self.heat.leakage * (self.die_c - self.heat.at))
        for part in range(components):
            watts = self.energy[part] * self.scale[part] / span
            level[2 + part] = watts
            total += watts
        level[2 + components] = static_w
        total += static_w
        if self.has_heat:
            self._warm(total, span / 1e12)
        level[0] = self.voltage_v
        level[1] = self.die_c
        self.reading[self.n].begin = self.now_ps
        self.reading[self.n].end = now_ps
        self.reading[self.n].core_hz = self.core_hz
        self.n += 1
        self.sum_pj += total * span
        self.sum_cycles += span * (self.core_hz / 1e12)
        self.now_ps = now_ps
        return total

    cdef void _warm(self, double power_w, double time_s) noexcept nogil:
        """Temperatures after a time at constant power."""
        cdef double fast, slow, mix, diagonal, die, sink
        cdef double rest_sink = self.heat.ambient + power_w * self.heat.r_sink, rest_die = rest_sink + power_w * self.heat.r_die
        if self.kept.time_s != time_s:
            # exp(A t) = slow I + (fast - slow) / (l_fast - l_slow) (A - l_slow I)
            fast = exp(self.heat.fast * time_s)
            slow = exp(self.heat.slow * time_s)
            mix = (fast - slow) / (self.heat.fast - self.heat.slow)
            diagonal = slow - mix * self.heat.slow
            self.kept.time_s = time_s
            self.kept.e11 = diagonal + mix * self.heat.a
            self.kept.e12 = mix * self.heat.b
            self.kept.e21 = mix * self.heat.c
            self.kept.e22 = diagonal + mix * self.heat.d
        die = self.die_c - rest_die
        sink = self.sink_c - rest_sink
        self.die_c = rest_die + self.kept.e11 * die + self.kept.e12 * sink
        self.sink_c = rest_sink + self.kept.e21 * die + self.kept.e22 * sink

    def take(self):
        """Sums since the last call: energy in pJ, cycles of the core clock, cycles of tensor cores and of vector units, bytes moved."""
        found = (self.sum_pj, self.sum_cycles, self.sum_tensor, self.sum_vector, self.sum_moved)
        self.sum_pj = self.sum_cycles = 0.0
        self.sum_tensor = self.sum_vector = self.sum_moved = 0
        return found

    @property
    def times(self):
        """int64 (readings, 3): ``TIME_FIELDS``."""
        found = np.zeros((self.n, len(TIME_FIELDS)), dtype=np.int64)
        if self.n:
            found[:] = np.asarray(<int64_t[:self.n, :len(TIME_FIELDS)]> <int64_t*> self.reading)
        return found

    @property
    def levels(self):
        """float64 (readings, 2 + components + 1): voltage, die temperature at the end (nan: none), watts by component, static watts."""
        found = np.zeros((self.n, self.width))
        if self.n:
            found[:] = np.asarray(<double[:self.n, :self.width]> self.level)
        return found
