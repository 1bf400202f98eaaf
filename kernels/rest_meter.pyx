"""What blocks at rest take in the time since the last reading, while some of them sleep: as far as it is known by its end.

A policy of sleep that goes by the length of each rest alone is a table of rules (``leptonsim.machine.gating.Rule``): a rest longer than
``above_ps`` and no longer than ``upto_ps`` has a stay in a state, from so long after its beginning until so long after it, or until so long
before its end. A stay costs the break-even time of its state: what it saves is the time beyond that, and where it is shorter than that what
is missing counts against it, at the rest's end. A rest that goes on is taken as if it ended now.

The energy of a span of time follows from what was saved in it, from how long blocks rested, and from their powers; see
``leptonsim.machine.resting``, which does the same for a whole run at once and for policies that are no such table. What that takes
microseconds by the hundred for takes one here. The plain-Python twin is leptonsim/kernels/plain/rest_meter.py.
"""

from libc.stdint cimport int64_t

import numpy as np

RULE_FIELDS = ("block", "state", "above_ps", "upto_ps", "from_ps", "until_ps", "wake_ps", "cost_ps")

cdef enum:
    DEPTHS = 3             # states of sleep at most
    MOST_BLOCKS = 16
    RULE_COLUMNS = 8
    REST_COLUMNS = 4

cdef struct Rule:          # a row of the rules
    int64_t block, state, above, upto, begin
    int64_t until          # after the beginning of the rest; -1: until `wake` before its end
    int64_t wake
    int64_t cost           # break-even time; 0 of what is free


cdef class RestMeter:
    """The blocks at rest of one chip.

    Parameters
    ----------
    rules : int64 (rules, 8)
        ``RULE_FIELDS``, by block; ``until_ps`` is -1 where a stay lasts to ``wake_ps`` before the end of the rest.
    left_static, left_rest : float64 (blocks, 3)
        What each state of sleep leaves of static power, and of what a block draws for resting.
    units : float64 (blocks,)
        How many units of each kind of block rest by themselves. The last kinds may be such as never rest.
    standby : int
        The block whose power at rest is standby, drawn at all times, at work too; that of the others is their clocks'.
    partial : int
        The block of whose cells those with padding are off; -1 for none.
    waits : (int, int)
        A block that rests in a state whenever it rests, and the state; (-1, -1) for none.

    Raises
    ------
    ValueError
        If shapes do not fit, or a rule names a block or state that does not exist.
    """

    cdef int64_t[:, ::1] table
    cdef double[:, ::1] left_static, left_rest
    cdef double[::1] units
    cdef Py_ssize_t blocks, rules, standby, partial, waiting, waiting_state
    cdef Py_ssize_t rule_from[MOST_BLOCKS + 1]   # [block]: its first rule, and the end of those of the one before
    cdef Rule* rule                              # the rows of `table`
    cdef int64_t[MOST_BLOCKS] rested_then        # [block]: how long it had rested at the last reading
    cdef readonly int64_t now_ps                 # of the last reading
    cdef object tiles, meter                     # that `read` asks and tells
    cdef object rows                             # where the tile machine writes the rests
    cdef int64_t[:, ::1] rests                   # the same, and how long blocks rested, as the meter is told: to take a view costs
    cdef int64_t[::1] rested                     # more than all that is done with it
    cdef int64_t seen                            # rests that have ended
    cdef double[:, ::1] powers                   # in force
    cdef double core_hz

    def __init__(self, rules, left_static, left_rest, units, *, Py_ssize_t standby, Py_ssize_t partial=-1, waits=(-1, -1)):
        cdef Py_ssize_t k, block
        self.table = np.ascontiguousarray(rules, dtype=np.int64).reshape(-1, RULE_COLUMNS)
        self.left_static = np.ascontiguousarray(left_static, dtype=np.float64)
        self.left_rest = np.ascontiguousarray(left_rest, dtype=np.float64)
        self.units = np.array(units, dtype=np.float64)
        self.blocks, self.rules = self.units.shape[0], self.table.shape[0]
        self.standby, self.partial = standby, partial
        self.waiting, self.waiting_state = waits
        if not 1 <= self.blocks <= MOST_BLOCKS:
            raise ValueError(f"RestMeter: 1 to {MOST_BLOCKS} kinds of blocks")
        if self.left_static.shape[0] != self.blocks or self.left_static.shape[1] != DEPTHS:
            raise ValueError("RestMeter: three states of sleep for each kind of block")
        if self.left_rest.shape[0] != self.blocks or self.left_rest.shape[1] != DEPTHS:
            raise ValueError("RestMeter: three states of sleep for each kind of block")
        if not 0 <= standby < self.blocks or not -1 <= partial < self.blocks:
            raise ValueError("RestMeter: there is no such block")
        if not -1 <= self.waiting < self.blocks or not (-1 if self.waiting < 0 else 0) <= self.waiting_state < DEPTHS:
            raise ValueError("RestMeter: there is no such block or state to wait in")
        block = 0
        for k in range(self.rules):
            if not block <= self.table[k, 0] < self.blocks or not 0 <= self.table[k, 1] < DEPTHS:
                raise ValueError("RestMeter: rules are in the order of blocks, and name blocks and states that exist")
            block = self.table[k, 0]
        k = 0
        for block in range(self.blocks + 1):
            while k < self.rules and self.table[k, 0] < block:
                k += 1
            self.rule_from[block] = k
        self.rule = <Rule*> &self.table[0, 0] if self.rules else NULL

    def attach(self, tiles, meter):
        """The tile machine and the meter of ``read``."""
        self.tiles, self.meter, self.rested = tiles, meter, meter.rested
        self._make_room(64)

    cdef int _make_room(self, int64_t rows) except -1:
        self.rows = np.zeros((rows, REST_COLUMNS), dtype=np.int64)
        self.rests = self.rows
        return 0

    def use(self, powers, int64_t core_hz):
        """What is in force from now on: ``powers`` as for ``energy_pj``, and the core clock."""
        self.powers, self.core_hz = powers, max(1, core_hz)

    def read(self, Py_ssize_t changed, int64_t now_ps):
        """Have the meter close a reading until ``now_ps``, of which ``changed`` rows tell; as ``Meter.read`` where nothing sleeps."""
        cdef object meter = self.meter
        cdef double clock = 0.0, standby = 0.0, static = 0.0, padding_ps = 0.0
        cdef int64_t ended, n
        if now_ps <= self.now_ps:
            return
        meter.gather(changed)
        ended, n = self.tiles.newest_rests(self.seen, self.rows)
        if n > self.rests.shape[0]:
            self._make_room(2 * n)
            ended, n = self.tiles.newest_rests(self.seen, self.rows)
        self.seen += ended
        if self.partial >= 0:
            padding_ps = meter.open_counts[0] * 1e12 / self.core_hz
        self._work_out(now_ps, self.rests, n, self.rested, padding_ps, self.powers, meter.heat_factor, &clock, &standby, &static)
        meter.close(now_ps, clock, standby, static)

    def energy_pj(
        self, int64_t now_ps, int64_t[:, ::1] rests, Py_ssize_t n, int64_t[::1] rested_ps, double padding_ps, double[:, ::1] powers, double heat,
    ):
        """Energy since the last reading: of clocks at rest, of standby, and static.

        ``rests`` has in its first ``n`` rows the rests that ended since then or go on: block, begin, end, unit. ``rested_ps`` int64 (m,) is how long
        the first m blocks have rested until now; ``padding_ps`` for how long cells of ``partial`` held padding since then; ``powers`` float64
        (3, blocks): leakage at the temperature at which it is stated, static power that has none, and power at rest, in watts; ``heat`` is
        leakage over that.
        """
        cdef double clock = 0.0, standby = 0.0, static = 0.0
        self._work_out(now_ps, rests, n, rested_ps, padding_ps, powers, heat, &clock, &standby, &static)
        return clock, standby, static

    cdef int _work_out(
        self, int64_t now_ps, int64_t[:, ::1] rests, Py_ssize_t n, int64_t[::1] rested_ps, double padding_ps, double[:, ::1] powers, double heat,
        double* clock, double* standby, double* static,
    ) except -1:
        """Check, and work out."""
        cdef Py_ssize_t k
        if powers.shape[0] != 3 or powers.shape[1] != self.blocks or rested_ps.shape[0] > self.blocks:
            raise ValueError("energy_pj: three powers for each kind of block, and how long each rested")
        if not 0 <= n <= rests.shape[0] or rests.shape[1] != 4 or now_ps < self.now_ps:
            raise ValueError("energy_pj: rests have 4 columns, and time goes forward")
        if self.waiting >= rested_ps.shape[0]:
            raise ValueError("energy_pj: how long the block rested that waits in a state")
        for k in range(n):
            if not 0 <= rests[k, 0] < self.blocks:
                raise ValueError("energy_pj: there is no such block")
        with nogil:
            self._energy(now_ps, rests, n, rested_ps, padding_ps, powers, heat, clock, standby, static)
        return 0

    cdef void _energy(
        self, int64_t now, int64_t[:, ::1] rests, Py_ssize_t n, int64_t[::1] rested_ps, double padding_ps, double[:, ::1] powers, double heat,
        double* clock, double* standby, double* static,
    ) noexcept nogil:
        cdef int64_t saved[MOST_BLOCKS][DEPTHS]
        cdef Py_ssize_t k, block
        cdef double on, rested, taken, span = now - self.now_ps
        for block in range(self.blocks):
            for k in range(DEPTHS):
                saved[block][k] = 0
        for k in range(n):
            self._stays(&rests[k, 0], now, saved[rests[k, 0]])
        if self.waiting >= 0:
            saved[self.waiting][self.waiting_state] += rested_ps[self.waiting] - self.rested_then[self.waiting]
        for block in range(self.blocks):
            on, rested = span, 0.0
            if block < rested_ps.shape[0]:
                rested = rested_ps[block] - self.rested_then[block]
                self.rested_then[block] = rested_ps[block]
            if block == self.standby:
                rested = span
            on -= self._weighted(self.left_static, block, saved[block]) / self.units[block]
            rested -= self._weighted(self.left_rest, block, saved[block])
            if block == self.partial:
                on -= (1 - self.left_static[block, 0]) * padding_ps / self.units[block]
            static[0] += (powers[0, block] * heat + powers[1, block]) * on
            taken = powers[2, block] * rested / self.units[block]
            if block == self.standby:
                standby[0] += taken
            else:
                clock[0] += taken
        self.now_ps = now

    cdef inline double _weighted(self, double[:, ::1] left, Py_ssize_t block, const int64_t* saved) noexcept nogil:
        cdef double total = 0.0
        cdef Py_ssize_t state
        for state in range(DEPTHS):
            total += (1 - left[block, state]) * saved[state]
        return total

    cdef inline void _stays(self, const int64_t* rest, int64_t now, int64_t* saved) noexcept nogil:
        """Add what one rest saves between the last reading and now, by state."""
        cdef int64_t length = rest[2] - rest[1], paid, until
        cdef Py_ssize_t k
        cdef Rule* rule
        for k in range(self.rule_from[rest[0]], self.rule_from[rest[0] + 1]):
            rule = &self.rule[k]
            if not rule.above < length <= rule.upto:
                continue
            until = rest[2] - rule.wake if rule.until < 0 else rest[1] + rule.until
            paid = rest[1] + rule.begin + rule.cost
            if paid > until:
                saved[rule.state] += until - paid
            elif until > self.now_ps and paid < now:
                saved[rule.state] += min(until, now) - max(paid, self.now_ps)
