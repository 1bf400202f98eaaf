"""From sample to sample: the tile machine runs, the meter reads, a governor chooses; until something else is to be done.

A governor that looks ten thousand times a second and rarely changes anything costs what these three cost, and little beside. What asks for
more ends ``run``: events of the tile machine, an instant that was set, a die that is too hot, a change that takes time. The plain-Python
twin is leptonsim/kernels/plain/pacing.py.
"""

from libc.stdint cimport int64_t

cdef enum:
    EVENTS = 0       # the tile machine reports something, has come to the end that was set, or has nothing left to do
    HOT = 1          # a sample is due and was not taken: the die is too hot
    CHANGE = 2       # a sample was taken, and the way to the point that the governor wants has begun

WHY = ("events", "hot", "change")


cdef class Pace:
    """Samples of one machine.

    Parameters
    ----------
    tiles : TileMachine
    meter : Meter
        Reads what ``tiles`` tells.
    read : callable
        ``read(changed, now_ps)`` has the meter close a reading.
    sample_type : type
        A tuple type, of what ``Meter.sample`` gives.
    cores : int
    interval_ps : int
        From one sample to the next.
    hot_c : float
        Temperature of the die from which on samples are not taken here.

    ``sample_ps`` is when the next sample is due; ``changed`` how many operators did something until the last reading since the one before,
    ``has_run`` whether the machine ran for it, and ``waiting`` is as told to ``run``.
    """

    cdef object tiles, meter, run_tiles, changes, read, sample, new, sample_type
    cdef int64_t cores, interval_ps
    cdef double hot_c
    cdef public int64_t sample_ps
    cdef readonly int64_t changed
    cdef readonly bint has_run

    def __init__(self, tiles, meter, read, sample_type, int64_t cores, int64_t interval_ps, double hot_c):
        if interval_ps < 1 or cores < 1:
            raise ValueError("Pace: an interval is at least 1 ps, and there is at least one core")
        if not issubclass(sample_type, tuple):
            raise ValueError("Pace: a sample is a tuple")
        self.tiles, self.meter, self.read, self.sample_type = tiles, meter, read, sample_type
        self.run_tiles, self.changes, self.sample, self.new = tiles.run, tiles.changes, meter.sample, tuple.__new__
        self.cores, self.interval_ps, self.hot_c = cores, interval_ps, hot_c
        self.sample_ps = tiles.now_ps + interval_ps

    def run(self, int64_t until_ps, choose, follow, int64_t point, int64_t highest, double once_pj, int64_t busy_ps, bint waiting):
        """Go on until something else is to be done than to sample, or until ``until_ps`` (-1: as long as anything happens).

        ``choose`` is a governor's, ``point`` the point in force and ``highest`` the highest that heat allows; ``follow(point, now_ps)`` changes
        to another and returns which is in force then, or -1 where that takes more than a moment. ``busy_ps`` is for how long requests have been
        worked on until now, ``waiting`` whether one is. ``once_pj`` was spent on changes since the last sample. Returns why it ended, as an index
        of ``WHY``, and the events (a list).
        """
        cdef int64_t since_ps, now_ps = self.tiles.now_ps, idle_ps = now_ps - busy_ps
        cdef object happened, wanted
        while True:
            since_ps = now_ps
            happened = self.run_tiles(self.sample_ps if until_ps < 0 or self.sample_ps < until_ps else until_ps)
            now_ps = self.tiles.now_ps
            if happened or now_ps < self.sample_ps:
                return EVENTS, happened
            self.changed = self.changes()
            self.has_run = now_ps > since_ps
            self.read(self.changed, now_ps)
            # of a machine without heat the temperature is nan
            if self.meter.die_c >= self.hot_c:
                return HOT, happened
            self.sample_ps = now_ps + self.interval_ps
            wanted = choose(self.new(
                self.sample_type,
                self.sample(self.cores, point, now_ps - idle_ps if waiting else busy_ps, waiting, once_pj, highest),
            ))
            once_pj = 0.0
            if wanted != point:
                point = follow(wanted, now_ps)
                if point < 0:
                    return CHANGE, happened
            # what was signalled at an instant at which the machine already stood has had no effect yet
            if now_ps == until_ps or (until_ps < 0 and self.changed == 0 and self.has_run and self.tiles.next_ps() is None):
                return EVENTS, happened
