# Which banks have a command to offer, kept up with every change, so that choosing the oldest looks at few of them.
#
# A bank offers at most one command of a kind. What its own history says about the earliest tick changes only with a
# command to that bank, which offers it anew; so a bank waits in a list sorted by that tick (``pending``) and is looked
# at once when it comes; after that (``ready``) only the times of its group and rank count. Nothing is looked at before
# ``look``, which is lowered by every offer, and raised when a look finds nothing or a command moves a whole gate.


cdef inline int64_t past_gates(Channel *ch, Candidates *set, int32_t b) noexcept nogil:
    """The tick from which the history of a bank's group and rank allows a command."""
    return later(set.rank_at[ch.rank_of[b]], set.group_at[ch.group_of[b]])


cdef inline void leave(Candidates *set, int32_t b) noexcept nogil:
    """Take a bank out of the list of pending ones."""
    cdef int32_t before = set.before[b], after = set.after[b]
    if after >= 0:
        set.before[after] = before
    else:
        set.last = before
    if before >= 0:
        set.after[before] = after
    else:
        set.first = after
        set.due = set.at[after] if after >= 0 else NEVER


cdef inline void withdraw(Candidates *set, int32_t b) noexcept nogil:
    """A bank has no command of this kind any more."""
    cdef uint64_t bit = <uint64_t>1 << (b & 63)
    set.ready[b >> 6] &= ~bit
    if set.pending[b >> 6] & bit:
        set.pending[b >> 6] ^= bit
        leave(set, b)


cdef inline void offer(
    Channel *ch, Candidates *set, int64_t *bound, int32_t b, int64_t at, int64_t order, int64_t t
) noexcept nogil:
    """A bank offers a command from ``at`` on, for an entry of age ``order``; now it is ``t``. Lowers ``bound``."""
    cdef uint64_t bit = <uint64_t>1 << (b & 63)
    cdef int32_t word = b >> 6, place
    set.key[b] = order << BANK_BITS | b
    if set.pending[word] & bit:
        if set.at[b] == at:
            return
        set.pending[word] ^= bit
        leave(set, b)
    if at <= t:
        set.ready[word] |= bit
    else:
        set.ready[word] &= ~bit
        set.pending[word] |= bit
        set.at[b] = at
        # Ticks mostly come in order, so that the place is at the end.
        place = set.last
        while place >= 0 and set.at[place] > at:
            place = set.before[place]
        set.before[b] = place
        if place >= 0:
            set.after[b] = set.after[place]
            set.after[place] = b
        else:
            set.after[b] = set.first
            set.first = b
            set.due = at
        if set.after[b] >= 0:
            set.before[set.after[b]] = b
        else:
            set.last = b
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
    Memory *m, Channel *ch, Candidates *set, int64_t t, int64_t gate, bint hold, int64_t *least
) noexcept nogil:
    """The bank with the oldest candidate that may go now, if its key is less than ``least``; -1: none.

    Times of groups and ranks count up to ``gate``, which is ``t`` or the aligned tick before it. With ``hold`` banks
    that are to be refreshed are passed over. Sets ``least``.
    """
    cdef int32_t word, b
    cdef uint64_t bits, bit
    cdef int64_t at, best = least[0], following = NEVER
    cdef int64_t *rank_at = set.rank_at
    cdef int64_t *group_at = set.group_at
    cdef int64_t *key = set.key
    while set.due <= t:
        b = set.first
        leave(set, b)
        bit = <uint64_t>1 << (b & 63)
        set.pending[b >> 6] ^= bit
        set.ready[b >> 6] |= bit
    for word in range(m.rules.words):
        bits = set.ready[word]
        if hold:
            bits &= ~ch.held[word]
        while bits:
            b = word * 64 + lowest_bit(bits)
            bits &= bits - 1
            at = later(rank_at[ch.rank_of[b]], group_at[ch.group_of[b]])
            following = earlier(following, at)
            # Without a branch: where ``at`` is after ``gate`` the sign fills the mask and makes the key the largest.
            best = earlier(best, key[b] | ((gate - at) >> 63 & NEVER))
    set.look = earlier(following, set.due)
    if best == least[0]:
        return -1
    least[0] = best
    return <int32_t>(best & ((1 << BANK_BITS) - 1))


cdef inline void raise_look(Candidates *set, int64_t floor) noexcept nogil:
    """No rank allows the command before ``floor``."""
    set.look = later(set.look, floor)


cdef inline void look_again(Channel *ch) noexcept nogil:
    """Banks are no longer held."""
    cdef int32_t d
    for d in range(2):
        ch.acts[d].look = ch.pres[d].look = ch.hits[d].look = 0
