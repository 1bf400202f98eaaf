# Which banks have a command to offer, kept up with every change, so that choosing the oldest looks at few of them.
#
# A bank offers at most one command of a kind. What its own history says about the earliest tick changes only with a
# command to that bank, which offers it anew; so a bank waits in a list sorted by that tick (pending) and goes over to
# one sorted by age (ready) when it comes; after that only the times of its group and rank count. Nothing is looked at
# before ``look``, which is lowered by every offer, and raised when a look finds nothing or a command moves all ranks.


cdef inline int64_t past_gates(Channel *ch, Candidates *set, int32_t b) noexcept nogil:
    """The tick from which the history of a bank's group and rank allows a command."""
    return later(set.rank_at[ch.rank_of[b]], set.group_at[ch.group_of[b]])


cdef inline void withdraw(Candidates *set, int32_t b) noexcept nogil:
    """A bank has no command of this kind any more."""
    cdef int32_t place = set.place[b], before, after
    if place < 0:
        return
    before, after = set.before[b], set.after[b]
    set.place[b] = -1
    if after >= 0:
        set.before[after] = before
    else:
        set.last[place] = before
    if before >= 0:
        set.after[before] = after
        return
    set.first[place] = after
    if place == PENDING:
        set.due = set.at[after] if after >= 0 else NEVER


cdef inline void enter(Candidates *set, int32_t b, int32_t place, int64_t *rank) noexcept nogil:
    """Put a bank into a list that is sorted by ``rank``; most come near its end."""
    cdef int32_t before = set.last[place], after = -1
    cdef int64_t own = rank[b]
    while before >= 0 and rank[before] > own:
        after = before
        before = set.before[before]
    set.place[b], set.before[b], set.after[b] = place, before, after
    if before >= 0:
        set.after[before] = b
    else:
        set.first[place] = b
    if after >= 0:
        set.before[after] = b
    else:
        set.last[place] = b


cdef inline void offer(
    Channel *ch, Candidates *set, int64_t *bound, int32_t b, int64_t at, int64_t age, int64_t t
) noexcept nogil:
    """A bank offers a command from ``at`` on, for an entry of ``age``; now it is ``t``. Lowers ``bound``."""
    cdef int32_t place = READY if at <= t else PENDING
    if set.place[b] == place and set.age[b] == age and (place == READY or set.at[b] == at):
        return
    withdraw(set, b)
    set.age[b] = age
    set.at[b] = at
    if place == READY:
        enter(set, b, READY, set.age)
    else:
        enter(set, b, PENDING, set.at)
        set.due = earlier(set.due, at)
    at = later(at, past_gates(ch, set, b))
    set.look = earlier(set.look, at)
    bound[0] = earlier(bound[0], at)


cdef inline void offer_act(Memory *m, Channel *ch, int32_t b, int32_t d, int64_t t) noexcept nogil:
    """A closed bank: offer the activate for the oldest entry of a list, if any."""
    cdef Bank *bank = &ch.bank[b]
    cdef int64_t at
    if bank.head[d] >= 0:
        at = aligned(bank.act_at, m.k.align)
        offer(ch, &ch.acts[d], &ch.row_at, b, at, m.entry[bank.head[d]].order, t)


cdef inline void offer_pre(Memory *m, Channel *ch, int32_t b, int32_t d, int64_t t) noexcept nogil:
    """An open bank: offer the precharge for the first miss, once the entry that the row was opened for is served."""
    cdef Bank *bank = &ch.bank[b]
    cdef Entry *e
    cdef int64_t at = bank.pre_at
    if bank.miss[d] < 0 or bank.active >= 0:
        withdraw(&ch.pres[d], b)
        return
    e = &m.entry[bank.miss[d]]
    if bank.hit[d] >= 0 and (
        m.rules.protect == PROTECT_ALL
        or (m.rules.protect == PROTECT_OLDER and m.entry[bank.hit[d]].order < e.order)
    ):
        # The row stays open for its hits until the request that wants another is too old.
        if not m.rules.age_cap:
            withdraw(&ch.pres[d], b)
            return
        at = later(at, e.accepted + m.rules.age_cap)
    offer(ch, &ch.pres[d], &ch.row_at, b, at, e.order, t)


cdef inline void offer_hit(Memory *m, Channel *ch, int32_t b, int32_t d, int64_t t) noexcept nogil:
    """An open bank: offer the column command of the oldest entry for its row, if there is one."""
    cdef Bank *bank = &ch.bank[b]
    cdef int64_t at
    if bank.hit[d] >= 0:
        at = aligned(bank.col_at[d], m.k.align)
        offer(ch, &ch.hits[d], &ch.column_at, b, at, m.entry[bank.hit[d]].order, t)
    else:
        withdraw(&ch.hits[d], b)


cdef inline void offer_in_turn(Channel *ch, int32_t b) noexcept nogil:
    """With bank queues: a bank's queue or row has changed."""
    cdef uint64_t bit = <uint64_t>1 << (b & 63)
    ch.bank[b].bound = 0
    if ch.bank[b].waiting:
        ch.busy[b >> 6] |= bit
    else:
        ch.busy[b >> 6] &= ~bit


cdef inline int32_t oldest(
    Channel *ch, Candidates *set, int64_t t, int64_t gate, bint hold, int64_t *age
) noexcept nogil:
    """The bank with the oldest candidate that may go now, if older than ``age``, which it sets; -1: none.

    Times of groups and ranks count up to ``gate``, which is ``t`` or the aligned tick before it. With ``hold`` banks
    that are to be refreshed are passed over.
    """
    cdef int32_t b
    cdef int64_t at, following = NEVER
    while set.due <= t:
        b = set.first[PENDING]
        withdraw(set, b)
        enter(set, b, READY, set.age)
    b = set.first[READY]
    while b >= 0:
        if not (hold and ch.held[b]):
            at = past_gates(ch, set, b)
            if at <= gate or set.age[b] > age[0]:
                # The times of younger ones are not known.
                set.look = 0
                if set.age[b] > age[0]:
                    return -1
                age[0] = set.age[b]
                return b
            following = earlier(following, at)
        b = set.after[b]
    set.look = earlier(following, set.due)
    return -1


cdef inline void raise_look(Candidates *set, int64_t floor) noexcept nogil:
    """No rank allows the command before ``floor``."""
    set.look = later(set.look, floor)


cdef inline void look_again(Channel *ch) noexcept nogil:
    """Banks are no longer held."""
    cdef int32_t d
    for d in range(2):
        ch.acts[d].look = ch.pres[d].look = ch.hits[d].look = 0
