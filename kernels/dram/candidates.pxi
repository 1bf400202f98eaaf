# Which banks have a command to offer, kept up with every change, so that choosing the oldest looks at few of them.
#
# A bank offers at most one command of a kind. What its own history says about the earliest tick changes only with a
# command to that bank, which offers it anew; so a bank is looked at once when that tick comes (``pending`` becomes
# ``ready``), and after that only the times of its group and rank count, and only from ``look`` on.


cdef inline void withdraw(Candidates *set, int32_t b) noexcept nogil:
    """A bank has no command of this kind any more."""
    cdef uint64_t others = ~(<uint64_t>1 << (b & 63))
    set.ready[b >> 6] &= others
    set.pending[b >> 6] &= others


cdef inline int64_t past_gates(Channel *ch, Candidates *set, int32_t b) noexcept nogil:
    """The tick from which the history of a bank's group and rank allows a command."""
    return later(set.rank_at[ch.bank[b].rank], set.group_at[ch.bank[b].group])


cdef inline void offer(Channel *ch, Candidates *set, int32_t b, int64_t at, int64_t order, int64_t t) noexcept nogil:
    """A bank offers a command from ``at`` on, for an entry of age ``order``; now it is ``t``."""
    cdef uint64_t bit = <uint64_t>1 << (b & 63)
    cdef int32_t word = b >> 6
    set.order[b] = order
    if at <= t:
        set.ready[word] |= bit
        set.pending[word] &= ~bit
        at = past_gates(ch, set, b)
        if at < set.look:
            set.look = at
        return
    set.at[b] = at
    set.pending[word] |= bit
    set.ready[word] &= ~bit
    if at < set.due:
        set.due = at


cdef inline void offer_row(Memory *m, Channel *ch, int32_t b, int32_t d, int64_t t) noexcept nogil:
    """Offer the activate or the precharge that the oldest entry of a bank's list calls for, if any."""
    cdef Bank *bank = &ch.bank[b]
    cdef Entry *e
    cdef int64_t at
    if bank.open_row < 0:
        withdraw(&ch.pres[d], b)
        if bank.head[d] >= 0:
            offer(ch, &ch.acts[d], b, aligned(bank.act_at, m.k.align), m.entry[bank.head[d]].order, t)
        else:
            withdraw(&ch.acts[d], b)
        return
    withdraw(&ch.acts[d], b)
    if bank.miss[d] < 0 or bank.active >= 0:
        withdraw(&ch.pres[d], b)
        return
    e = &m.entry[bank.miss[d]]
    at = bank.pre_at
    if bank.hit[d] >= 0 and (
        m.rules.protect == PROTECT_ALL
        or (m.rules.protect == PROTECT_OLDER and m.entry[bank.hit[d]].order < e.order)
    ):
        # The row stays open for its hits until the request that wants another is too old.
        if not m.rules.age_cap:
            withdraw(&ch.pres[d], b)
            return
        at = later(at, e.accepted + m.rules.age_cap)
    offer(ch, &ch.pres[d], b, at, e.order, t)


cdef inline void offer_hit(Memory *m, Channel *ch, int32_t b, int32_t d, int64_t t) noexcept nogil:
    """Offer the column command of the oldest entry for a bank's open row, if there is one."""
    cdef Bank *bank = &ch.bank[b]
    if bank.hit[d] >= 0:
        offer(ch, &ch.hits[d], b, aligned(bank.col_at[d], m.k.align), m.entry[bank.hit[d]].order, t)
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


cdef inline void offer_all(Memory *m, Channel *ch, int32_t b, int64_t t) noexcept nogil:
    """A bank's row has changed: offer all that it now calls for."""
    cdef int32_t d
    if m.rules.round_robin:
        offer_in_turn(ch, b)
        return
    for d in range(2):
        offer_row(m, ch, b, d, t)
        offer_hit(m, ch, b, d, t)


cdef inline int32_t oldest(
    Memory *m, Channel *ch, Candidates *set, int64_t t, int64_t gate, bint hold, int64_t *order
) noexcept nogil:
    """The bank with the oldest candidate, older than ``order``, that may go now; -1: none.

    Times of groups and ranks count up to ``gate``, which is ``t`` or the aligned tick before it. With ``hold`` banks
    that are to be refreshed are passed over. Sets ``order``.
    """
    cdef int32_t word, b, best = -1
    cdef uint64_t bits, bit
    cdef int64_t at, following = NEVER
    if t >= set.due:
        for word in range(m.rules.words):
            bits = set.pending[word]
            while bits:
                b = word * 64 + lowest_bit(bits)
                bit = bits & -bits
                bits ^= bit
                at = set.at[b]
                if at <= t:
                    set.pending[word] ^= bit
                    set.ready[word] |= bit
                    at = past_gates(ch, set, b)
                    if at < set.look:
                        set.look = at
                elif at < following:
                    following = at
        set.due = following
    if t < set.look:
        return -1
    following = NEVER
    for word in range(m.rules.words):
        bits = set.ready[word]
        if hold:
            bits &= ~ch.held[word]
        while bits:
            b = word * 64 + lowest_bit(bits)
            bits &= bits - 1
            if set.order[b] > order[0]:
                following = 0
                continue
            at = past_gates(ch, set, b)
            if at <= gate:
                best = b
                order[0] = set.order[b]
            elif at < following:
                following = at
    # Where one goes, the others' times change; where younger ones were passed over, their times are not known.
    set.look = following if best < 0 else 0
    return best


cdef inline int64_t soonest(Candidates *set, int64_t floor) noexcept nogil:
    """No candidate goes before this tick; ``floor``: neither does any by the buses and all ranks."""
    return later(set.due if set.due < set.look else set.look, floor)


cdef inline void look_again(Channel *ch) noexcept nogil:
    """Banks are no longer held."""
    cdef int32_t d
    for d in range(2):
        ch.acts[d].look = ch.pres[d].look = ch.hits[d].look = ch.opened[d].look = 0
