# Time accounts: what each engine did, and what it waited for, resolved to what the awaited engine did.


cdef int _append(TileMachine self, int64_t e, int64_t end, int64_t alone, int64_t cause) noexcept nogil:
    """Add a segment to an engine's log; -1 when memory is out."""
    cdef Log* log = &self.log[e]
    cdef Segment* grown
    if log.n and cause < MOVING and log.at[log.n - 1].cause == cause:
        log.at[log.n - 1].end = end
        return 0
    if log.n == log.room:
        if log.room >= 256:
            _forget(self, e)
        if 2 * log.n >= log.room:
            grown = <Segment*> realloc(log.at, (2 * log.room + 64) * sizeof(Segment))
            if grown == NULL:
                return -1
            log.at = grown
            log.room = 2 * log.room + 64
    log.at[log.n].end = end
    log.at[log.n].alone = alone
    log.at[log.n].cause = cause
    log.n += 1
    return 0


cdef void _forget(TileMachine self, int64_t e) noexcept nogil:
    """Drop segments that no wait can reach any more: those before the earliest open wait of an engine that will look back."""
    cdef Log* log = &self.log[e]
    cdef int64_t i, k, host = self.n_cores * ENGINES, oldest = self.now_ps
    for i in range(host):
        if self.engine[i].works and self.engine[i].state == IDLE and self.engine[i].last_end < oldest:
            oldest = self.engine[i].last_end
    # the copy engine inwards looks back at the host alone, and the other two at nobody
    if e == host and self.engine[host + 1].state == IDLE and self.engine[host + 1].last_end < oldest:
        oldest = self.engine[host + 1].last_end
    k = 0
    while k < log.n - 1 and log.at[k].end <= oldest:
        k += 1
    # invariant: segment k - 1 stays as the beginning of segment k
    if k > 1:
        memmove(log.at, log.at + k - 1, (log.n - k + 1) * sizeof(Segment))
        log.n -= k - 1


cdef inline void _account(TileMachine self, int64_t e, int64_t step, int64_t cause, int64_t span) noexcept nogil:
    self.engine_time[e * CAUSES + cause] += span
    if step >= 0:
        self.step_time[(step * ENGINES + self.engine[e].kind) * CAUSES + cause] += span


cdef int _wait(TileMachine self, int64_t e, int64_t step, int64_t since, int64_t until, Source source) noexcept nogil:
    """Account for an engine's wait and log it: pauses of its clock for themselves, the rest by what the awaited engine was doing."""
    cdef int64_t i = self.pauses_n, at = since
    if i == 0 or self.pause_at[i - 1].end <= since or e >= self.n_cores * ENGINES:
        return _resolve(self, e, step, since, until, source)
    while i > 0 and self.pause_at[i - 1].end > since:
        i -= 1
    for i in range(i, self.pauses_n):
        if self.pause_at[i].begin > at and _resolve(self, e, step, at, self.pause_at[i].begin, source) < 0:
            return -1
        at = max(at, self.pause_at[i].begin)
        _account(self, e, step, TRANSITION, self.pause_at[i].end - at)
        at = self.pause_at[i].end
        if _append(self, e, at, 0, TRANSITION) < 0:
            return -1
    return _resolve(self, e, step, at, until, source) if until > at else 0


cdef int _resolve(TileMachine self, int64_t e, int64_t step, int64_t since, int64_t until, Source source) noexcept nogil:
    """Account for a wait by what the awaited engine was doing, and log it."""
    cdef Log* log = &self.log[source.engine]
    cdef int64_t i = log.n - 1, at = since, begin, end, cause, span, whole, alone
    while i > 0 and log.at[i - 1].end > since:
        i -= 1
    while at < until and i >= 0 and i < log.n:
        begin = log.at[i - 1].end if i > 0 else 0
        end = min(log.at[i].end, until)
        if end > at:
            cause = log.at[i].cause
            span = end - at
            if cause == BUSY:
                cause = source.relation
            if cause >= MOVING:
                whole = log.at[i].end - begin
                alone = log.at[i].alone
                if span < whole and whole < 1LL << 31:
                    alone = alone * span // whole
                elif span < whole:
                    alone = <int64_t> ((<int128> alone) * span // whole)
                _account(self, e, step, cause - MOVING, alone)
                _account(self, e, step, CONTENTION, span - alone)
                if _append(self, e, end, alone, cause) < 0:
                    return -1
                log = &self.log[source.engine]
            else:
                _account(self, e, step, cause, span)
                if _append(self, e, end, 0, cause) < 0:
                    return -1
            at = end
        i += 1
    if at < until:
        _account(self, e, step, source.relation, until - at)
        return _append(self, e, until, 0, source.relation)
    return 0
