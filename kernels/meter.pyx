"""The meter: what happened between two readings of the tile machine, as energy, heat and sums.

The tile machine tells the meter which operators did something since the reading before, and how much (``TileMachine.changes``). A reading
costs what these few cost, whatever the size of the program. Sums run over them in the order told, then over columns and components, so that
the same readings give the same numbers.

Beside operations, blocks at rest take energy: the powers of one unit at rest by kind of block, times how long blocks rested; kinds whose
clock stands still count as resting, also those that are at a job. Where blocks sleep it is not that simple; then the outside works it
out between ``gather`` and ``close``.

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
TIME_FIELDS = ("from_ps", "to_ps", "condition")

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
    int64_t begin, end, condition

cdef enum:
    REST_PARTS = 2             # components of what blocks take at rest: clocks, standby
    BEFORE = 2                 # columns of a level before the watts


cdef class Point:
    """What holds while no clock and no voltage changes; see ``Meter.point_of``."""

    cdef int64_t condition, core_hz
    cdef unsigned char[::1] still
    cdef double leaks_w, steady_w
    cdef double[::1] scale
    cdef int64_t[:, ::1] work
    cdef double[:, ::1] rest_w


cdef class Meter:
    """Energy, temperature and sums of one run.

    Parameters
    ----------
    pj : float64 (rows, columns, components)
        Energy of one cycle or byte of each row of the work; the last row (copies) counts as energy and not as the cores' work. The first
        two columns are cycles of the tensor cores and vector units, the others bytes.
    units : int64 (blocks,)
        How many units of each kind of block rest by themselves.
    counted : int
        How many of the last components of ``pj`` are no energy: their sums are recorded as they are.
    heat : 13 floats, optional
        ``HEAT_FIELDS``; without it there is no temperature (``die_c`` is nan) and static power does not depend on one.

    ``rows``, ``change`` and ``rested`` are where a tile machine writes its changes, and how long blocks rested until now.
    """

    cdef double[:, :, ::1] pj
    cdef int64_t[::1] row_of
    cdef int64_t[:, ::1] told
    cdef int64_t[::1] rested_now       # as the tile machine tells it
    cdef int64_t[::1] rested_then      # at the last reading
    cdef readonly object rows, change, rested
    cdef Py_ssize_t parts, counts, blocks
    cdef Heat heat
    cdef Propagator kept
    cdef bint has_heat
    cdef readonly double die_c, sink_c
    cdef readonly int64_t now_ps
    cdef int64_t[::1] units
    cdef int64_t condition, core_hz    # number of the condition in force, and the core clock
    cdef unsigned char[::1] still      # (blocks,): all units of the kind count as resting
    cdef double[:, ::1] rest_w         # (REST_PARTS, blocks): of one unit at rest
    cdef double leaks_w, steady_w      # leakage at the temperature at which it is stated, and static power that has none
    cdef double[::1] scale             # (components,): energy at the voltage in force over that of `pj`
    cdef int64_t[:, ::1] work          # what is done is added to this
    cdef double[::1] energy            # gathered and not yet part of a reading: pJ by component, then what is counted
    cdef int64_t sampled_ps, sampled_busy_ps   # end of the last sample, and the busy time until then
    cdef readonly int64_t samples
    cdef double sum_pj                 # since the last sample, as the next four
    cdef double sum_cycles             # of the core clock
    cdef int64_t sum_tensor, sum_vector, sum_moved
    cdef Reading* reading
    cdef int64_t* rest                 # [reading * blocks]: how long blocks rested
    cdef double* level                 # [reading * width]: see `levels`
    cdef Py_ssize_t width
    cdef int64_t n, room

    def __cinit__(self):
        self.reading = NULL
        self.level = NULL
        self.rest = NULL

    def __init__(self, pj, units, heat=None, *, Py_ssize_t counted=0):
        pj = np.ascontiguousarray(pj, dtype=np.float64)
        if pj.ndim != 3 or pj.shape[1] < 3:
            raise ValueError("Meter: energy is of shape (rows, columns, components), with two columns of cycles and one of bytes at least")
        self.units = np.array(units, dtype=np.int64)
        cdef Py_ssize_t blocks = self.units.shape[0]
        if not 0 <= counted < pj.shape[2] or blocks < 1:
            raise ValueError("Meter: at least one component is energy, and there is at least one kind of block")
        if heat is not None and len(heat) != len(HEAT_FIELDS):
            raise ValueError(f"Meter: heat is {len(HEAT_FIELDS)} numbers")
        self.pj = pj
        self.rows = np.zeros(pj.shape[0], dtype=np.int64)
        self.change = np.zeros(pj.shape[:2], dtype=np.int64)
        self.row_of, self.told = self.rows, self.change
        self.work = np.zeros(pj.shape[:2], dtype=np.int64)
        self.energy = np.zeros(pj.shape[2])
        self.counts, self.parts, self.blocks = counted, pj.shape[2] - counted, blocks
        self.rested = np.zeros(blocks, dtype=np.int64)
        self.rested_now, self.rested_then = self.rested, np.zeros(blocks, dtype=np.int64)
        self.scale = np.ones(self.parts)
        self.rest_w = np.zeros((REST_PARTS, blocks))
        self.still = np.ones(blocks, dtype=np.uint8)
        self.leaks_w = self.steady_w = 0.0
        self.width = BEFORE + self.parts + REST_PARTS + 1 + counted
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
        free(self.rest)

    def point_of(self, int64_t condition, int64_t core_hz, still, scale, work, rest_w, double leaks_w, double steady_w):
        """A condition for ``use_point``: its number, which readings record, and the core clock (0 Hz: it stands still).

        Of kinds of blocks whose ``still``, uint8 (blocks,), is set all units count as resting, also those that are at a job. ``scale`` is
        float64 (components,), energy here over that of ``pj``; what is done is added to ``work``, int64 (rows, columns). ``rest_w`` is float64 (2, blocks), watts of one unit at rest: its clock, its standby; ``leaks_w`` is the chip's leakage at the
        temperature at which it is stated, ``steady_w`` static power that does not depend on it.
        """
        cdef double[::1] factors = scale
        cdef int64_t[:, ::1] counted = work
        cdef double[:, ::1] resting = rest_w
        cdef unsigned char[::1] stands = still
        cdef Point point = Point()
        if factors.shape[0] != self.parts or counted.shape[0] != self.pj.shape[0] or counted.shape[1] != self.pj.shape[1]:
            raise ValueError("point_of: the shapes do not fit")
        if resting.shape[0] != REST_PARTS or resting.shape[1] != self.blocks or stands.shape[0] != self.blocks:
            raise ValueError("point_of: the shapes do not fit: two powers and a flag for each kind of block")
        point.condition, point.core_hz, point.still, point.scale, point.work = condition, core_hz, stands, factors, counted
        point.rest_w, point.leaks_w, point.steady_w = resting, leaks_w, steady_w
        return point

    def use_point(self, Point point not None):
        """The condition from now on: a point of this meter."""
        if point.work.shape[0] != self.pj.shape[0] or point.scale.shape[0] != self.parts or point.rest_w.shape[1] != self.blocks:
            raise ValueError("use_point: a point of another meter")
        self.condition, self.core_hz, self.still, self.scale, self.work = point.condition, point.core_hz, point.still, point.scale, point.work
        self.rest_w, self.leaks_w, self.steady_w = point.rest_w, point.leaks_w, point.steady_w

    def gather(self, Py_ssize_t changed):
        """Take what ``changed`` rows tell; it becomes part of the next reading."""
        if not 0 <= changed <= self.pj.shape[0]:
            raise ValueError("gather: more changes than rows")
        self._gather(changed)

    @property
    def open_counts(self):
        """float64 (counted,): what was counted since the last reading."""
        return np.array(self.energy[self.parts:])

    @property
    def open_rests(self):
        """int64 (blocks,): how long blocks rested since the last reading, as far as the machine knows."""
        return np.asarray(self.rested_now) - np.asarray(self.rested_then)

    @property
    def heat_factor(self):
        """float: leakage at the die's temperature over that at which it is stated."""
        return self._leakage()

    def read(self, Py_ssize_t changed, int64_t now_ps):
        """Gather, and close a reading until ``now_ps`` in which blocks at rest draw what the point says; the power in it, in watts.

        No time may have passed without a reading; where none has passed at all nothing happens.
        """
        cdef double pj[REST_PARTS]
        cdef Py_ssize_t part, block
        cdef int64_t span = now_ps - self.now_ps
        self._check(now_ps)
        if not 0 <= changed <= self.pj.shape[0]:
            raise ValueError("read: more changes than rows")
        self._gather(changed)
        for part in range(REST_PARTS):
            pj[part] = 0.0
            for block in range(self.blocks):
                pj[part] += self.rest_w[part, block] * self._rested(block, span)
        return self._close(now_ps, span, pj[0], pj[1], (self.leaks_w * self._leakage() + self.steady_w) * span) if span else 0.0

    def close(self, int64_t now_ps, double clock_pj, double standby_pj, double static_pj):
        """Close a reading until ``now_ps`` in which blocks at rest took so much; the power in it, in watts."""
        self._check(now_ps)
        return self._close(now_ps, now_ps - self.now_ps, clock_pj, standby_pj, static_pj) if now_ps > self.now_ps else 0.0

    cdef int _check(self, int64_t now_ps) except -1:
        if now_ps < self.now_ps:
            raise ValueError("Meter: time goes forward")
        if self.n == self.room and self._grow() < 0:
            raise MemoryError
        return 0

    cdef int _grow(self) noexcept nogil:
        cdef int64_t room = 2 * self.room + 256
        cdef Reading* readings = <Reading*> realloc(self.reading, room * sizeof(Reading))
        cdef double* levels
        cdef int64_t* rests
        if readings == NULL:
            return -1
        self.reading = readings
        levels = <double*> realloc(self.level, room * self.width * sizeof(double))
        if levels == NULL:
            return -1
        self.level = levels
        rests = <int64_t*> realloc(self.rest, room * self.blocks * sizeof(int64_t))
        if rests == NULL:
            return -1
        self.rest = rests
        self.room = room
        return 0

    cdef inline int64_t _rested(self, Py_ssize_t block, int64_t span) noexcept nogil:
        """How long a kind of block rested since the last reading."""
        return self.rested_now[block] - self.rested_then[block] if not self.still[block] else self.units[block] * span

    cdef inline double _leakage(self) noexcept nogil:
        return exp(self.heat.leakage * (self.die_c - self.heat.at)) if self.has_heat else 1.0

    cdef void _gather(self, Py_ssize_t changed) noexcept nogil:
        cdef Py_ssize_t columns = self.pj.shape[1], k, row, column, part
        cdef int64_t amount
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
                for part in range(self.pj.shape[2]):
                    self.energy[part] += amount * self.pj[row, column, part]

    cdef double _close(self, int64_t now_ps, int64_t span, double clock_pj, double standby_pj, double static_pj) noexcept nogil:
        cdef Py_ssize_t part
        cdef double watts, total = 0.0
        cdef double* level = self.level + self.n * self.width
        level[1] = self._leakage()
        for part in range(self.parts):
            watts = self.energy[part] * self.scale[part] / span
            level[BEFORE + part] = watts
            total += watts
        level += BEFORE + self.parts
        level[0] = clock_pj / span
        level[1] = standby_pj / span
        level[2] = static_pj / span
        total += level[0]
        total += level[1]
        total += level[2]
        for part in range(self.counts):
            level[3 + part] = self.energy[self.parts + part]
        for part in range(self.parts + self.counts):
            self.energy[part] = 0.0
        if self.has_heat:
            self._warm(total, span / 1e12)
        self.level[self.n * self.width] = self.die_c
        for part in range(self.blocks):
            self.rest[self.n * self.blocks + part] = self._rested(part, span)
            self.rested_then[part] = self.rested_now[part]
        self.reading[self.n].begin = self.now_ps
        self.reading[self.n].end = now_ps
        self.reading[self.n].condition = self.condition
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

    def sample(self, int64_t cores, int64_t point, int64_t busy_ps, bint waiting, double once_pj, int64_t highest):
        """What a governor sees of the time since the last sample, up to the last reading, in the order of
        ``leptonsim.machine.governors.Sample``: now, length, ``point``, the share that was busy of it, ``waiting``, the shares of the clock's
        cycles in which tensor cores and vector units computed, bytes moved, mean power, temperature of the die, ``highest``.

        ``busy_ps`` is the busy time since the beginning of the run; ``once_pj`` was spent beside the readings. Raises ValueError where no
        time has passed.
        """
        cdef int64_t span = self.now_ps - self.sampled_ps
        # of all cores; where the clock stood still all the time there are none
        cdef double cycles = max(1.0, self.sum_cycles * cores)
        if span <= 0:
            raise ValueError("sample: no time has passed")
        found = (
            self.now_ps, span, point, <double> (busy_ps - self.sampled_busy_ps) / span, waiting, self.sum_tensor / cycles,
            self.sum_vector / cycles, self.sum_moved, (self.sum_pj + once_pj) / span, self.die_c, highest,
        )
        self.sum_pj = self.sum_cycles = 0.0
        self.sum_tensor = self.sum_vector = self.sum_moved = 0
        self.sampled_ps, self.sampled_busy_ps = self.now_ps, busy_ps
        self.samples += 1
        return found

    @property
    def times(self):
        """int64 (readings, 3): ``TIME_FIELDS``."""
        if self.n == 0:
            return np.zeros((0, len(TIME_FIELDS)), dtype=np.int64)
        return np.array(<int64_t[:self.n, :len(TIME_FIELDS)]> <int64_t*> self.reading)

    @property
    def rests(self):
        """int64 (readings, blocks): how long blocks rested."""
        if self.n == 0:
            return np.zeros((0, self.blocks), dtype=np.int64)
        return np.array(<int64_t[:self.n, :self.blocks]> self.rest)

    @property
    def levels(self):
        """float64 (readings, 2 + components + 3 + counted), by column.

        Die temperature at the end (nan: none), leakage over that at the temperature at which it is stated; watts by component,
        then of clocks at rest, of standby and static; what was counted.
        """
        if self.n == 0:
            return np.zeros((0, self.width), order="F")
        return np.array(<double[:self.n, :self.width]> self.level, order="F")
