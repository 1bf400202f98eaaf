"""The budget of a sliding window: what the next interval may take so that every window still holds.

A window is so many intervals. Of each interval that is over the energy is known; those to come are taken to need no more than a floor. A
window that began j intervals ago takes what was drawn since, the next interval, and n - 1 - j at the floor, so that of all j below n the
greatest of  total(now) - total(now - j) + floor (n - 1 - j)  decides. Counted from the beginning of time that is a term for now and
floor x sample - total(sample) at its greatest over the samples of one window, which are kept as a falling list: each is dropped as soon as a
later one is as great. The plain-Python twin is leptonsim/kernels/plain/power_window.py.
"""

from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc

import numpy as np

cdef struct Peak:
    int64_t sample
    double level           # floor x sample - energy until then


cdef class PowerWindow:
    """Windows of ``intervals`` intervals that may take ``budget_j`` each.

    ``floor_j`` is what an interval needs at least; ``needs_j`` float64 (choices,), rising, what the next one takes by choice.
    Raises ValueError for no intervals or no choices.
    """

    cdef int64_t intervals, sample
    cdef double floor_j, budget_j, total_j
    cdef double[::1] needs_j
    cdef Peak* peak        # a ring of `intervals` + 1, from `first` on `n`; falling, so that the first is the greatest
    cdef int64_t first, n

    def __cinit__(self):
        self.peak = NULL

    def __init__(self, int64_t intervals, double floor_j, double budget_j, needs_j):
        self.needs_j = np.array(needs_j, dtype=np.float64)
        if not 1 <= intervals < 1 << 40 or self.needs_j.shape[0] < 1:
            raise ValueError("PowerWindow: at least one interval, and at least one choice")
        if self.peak != NULL:
            raise ValueError("PowerWindow: made already")
        self.peak = <Peak*> malloc((intervals + 1) * sizeof(Peak))
        if self.peak == NULL:
            raise MemoryError
        self.intervals, self.floor_j, self.budget_j = intervals, floor_j, budget_j
        self.sample, self.total_j, self.first, self.n = 0, 0.0, 0, 1
        self.peak[0].sample = 0
        self.peak[0].level = 0.0

    def __dealloc__(self):
        free(self.peak)

    def add(self, double energy_j):
        """An interval is over that took so much; the highest choice for the next one, as ``allowed``."""
        cdef int64_t room = self.intervals + 1
        cdef double level
        self.total_j += energy_j
        self.sample += 1
        level = self.floor_j * self.sample - self.total_j
        while self.n and self.peak[(self.first + self.n - 1) % room].level <= level:
            self.n -= 1
        # invariant: the list has samples of one window, and there is room for one more until the first is dropped
        self.peak[(self.first + self.n) % room].sample = self.sample
        self.peak[(self.first + self.n) % room].level = level
        self.n += 1
        if self.peak[self.first].sample <= self.sample - self.intervals:
            self.first = (self.first + 1) % room
            self.n -= 1
        return self._allowed()

    def choose(self, sample):
        """``add`` of a governor's sample: of its mean power times its interval, which is a whole one."""
        return self.add(<double> sample.power_w * <double> sample.interval_ps / 1e12)

    def allowed(self):
        """The highest choice whose need fits into every window that the next interval falls into; 0 where none does."""
        return self._allowed()

    cdef int64_t _allowed(self) noexcept nogil:
        cdef double worst_j = self.total_j + self.floor_j * (self.intervals - 1 - self.sample) + self.peak[self.first].level
        cdef double room_j = self.budget_j - worst_j
        cdef int64_t choice = self.needs_j.shape[0] - 1
        while choice and self.needs_j[choice] > room_j:
            choice -= 1
        return choice
