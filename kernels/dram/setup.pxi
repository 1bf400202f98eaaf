# From a ``DramSetup`` and streams to the kernel's own arrays.


cdef take_timings(Timing *k, setup):
    k.burst, k.read_latency = setup.burst, setup.read_latency
    k.act_to_col[READ], k.act_to_col[WRITE] = setup.act_to_read, setup.act_to_write
    k.act_to_pre, k.act_to_act = setup.act_to_pre, setup.act_to_act
    k.act_to_act_rank, k.act_to_act_group = setup.act_to_act_rank, setup.act_to_act_group
    k.four_activates, k.wide_window = setup.four_activates, setup.wide_window
    k.pre_to_act, k.pre_to_pre = setup.pre_to_act, setup.pre_to_pre
    k.col_to_pre[READ], k.col_to_pre[WRITE] = setup.read_to_pre, setup.write_to_pre
    for first in range(2):
        for second in range(2):
            k.same_group[first][second] = setup.same_group[first][second]
            k.same_rank[first][second] = setup.same_rank[first][second]
            k.other_rank[first][second] = setup.other_rank[first][second]
    k.refresh_interval, k.refresh_cycle = setup.refresh_interval, setup.refresh_cycle
    k.act_to_refresh, k.pre_to_refresh = setup.act_to_refresh, setup.pre_to_refresh
    k.act_slots, k.column_slots, k.pre_slots = setup.act_slots, setup.column_slots, setup.pre_slots
    k.align, k.split_activate, k.column_sync = setup.issue_align, setup.split_activate, setup.column_sync


cdef take_rules(Rules *r, setup):
    """Raises ValueError for a setup that the kernel cannot hold."""
    for name in ("channels", "lanes", "ranks", "groups", "banks_per_group", "rows", "columns", "access_bytes"):
        value = getattr(setup, name)
        if value < 1 or value & (value - 1):
            raise ValueError(f"DramSimulation: {name} = {value} is not a power of two")
    if setup.banks > 64 * MASK_WORDS or setup.lanes > MOST_LANES:
        counts = f"{setup.banks} banks and {setup.lanes} pseudo-channels"
        raise ValueError(f"DramSimulation: {counts} in a channel; at most {64 * MASK_WORDS} and {MOST_LANES}")
    if len(setup.address_map) > 64 or len(setup.xor_map) > 16:
        raise ValueError("DramSimulation: at most 64 pieces of an address and 16 hashes")
    if setup.window < 1 or setup.sends_per_tick < 1 or setup.refresh_interval < 0 or setup.issue_align < 1:
        raise ValueError("DramSimulation: window, sends_per_tick and issue_align must be at least 1")
    r.channels, r.lanes, r.ranks = setup.channels, setup.lanes, setup.ranks
    r.groups, r.per_group, r.banks = setup.groups, setup.banks_per_group, setup.banks
    r.rank_count, r.group_count = setup.lanes * setup.ranks, setup.lanes * setup.ranks * setup.groups
    r.access_bytes = setup.access_bytes
    r.two_buses = setup.two_buses
    r.round_robin = setup.arbiter == "bank_round_robin"
    r.bank_queue, r.row_hit_cap = setup.bank_queue, setup.row_hit_cap
    if r.round_robin and r.bank_queue < 1:
        raise ValueError("DramSimulation: bank_round_robin needs bank_queue of at least 1")
    r.protect = ("none", "older", "all").index(setup.protect_hits)
    r.age_cap = setup.age_cap
    r.capacity[READ], r.capacity[WRITE] = setup.read_queue, setup.write_queue
    r.drain_high, r.drain_low, r.drain_idle = setup.drain_high, setup.drain_low, setup.drain_idle
    r.posted_writes, r.sends = setup.posted_writes, setup.sends_per_tick
    r.merge_reads = setup.merge_reads
    r.lane_activates = setup.activate_scope == "lane"
    r.units = {"rank": setup.lanes * setup.ranks, "lane": setup.lanes, "bank": setup.banks}[setup.refresh_mode]
    r.staggered = setup.refresh_staggered or setup.refresh_mode == "bank"
    r.one_precharge = setup.refresh_one_precharge
    r.blocks_channel = setup.refresh_blocks_channel
    r.window = setup.window
    r.interval_ticks, r.interval_accesses = setup.interval
    r.pieces, r.xors = len(setup.address_map), len(setup.xor_map)
    # Where each field of an address goes: bank fields side by side, so that they make the number of a bank.
    bank_bits, group_bits, rank_bits = (
        count.bit_length() - 1 for count in (setup.banks_per_group, setup.groups, setup.ranks)
    )
    bits_of_lane = group_bits + bank_bits + rank_bits
    places = ((TO_CHANNEL, 0), (TO_BANK, bits_of_lane), (TO_BANK, group_bits + bank_bits), (TO_BANK, bank_bits))
    places += ((TO_BANK, 0), (TO_ROW, 0), (TO_COLUMN, 0))
    for i, (name, low, bits, position) in enumerate(setup.address_map):
        field, shift = places[name]
        r.piece[i] = Piece(field, 0, low, shift + position, (1 << bits) - 1)
    widths = (setup.channels, setup.lanes, setup.ranks, setup.groups, setup.banks_per_group, setup.rows, setup.columns)
    for i, (name, other, low, bits) in enumerate(setup.xor_map):
        (field, shift), (source, source_shift) = places[name], places[other]
        bits = max(0, min(bits, widths[other].bit_length() - 1 - low))
        r.xor_piece[i] = Piece(field, source, source_shift + low, shift, (1 << bits) - 1)


cdef take_stream(Source *s, stream):
    """Raises ValueError for a stream without accesses."""
    s.kind = ("linear", "tile", "random").index(stream.kind)
    s.write, s.base, s.span = stream.write, stream.base, stream.span_bytes
    s.run, s.pitch, s.tile_rows = stream.run_bytes, stream.pitch_bytes, stream.tile_rows
    s.turn, s.start, s.limit, s.random = stream.turn_accesses, stream.start_tick, stream.accesses, stream.seed
    if s.turn < 1 or s.run < 1 or s.span < s.run or s.base < 0 or s.limit < 0 or s.start < 0:
        raise ValueError(f"DramSimulation: {stream} has no accesses to send")
    if s.kind == TILE and (s.pitch < s.run or s.tile_rows < 1):
        raise ValueError(f"DramSimulation: {stream}: the pitch is smaller than a row of the tile")
    s.runs = s.span // s.run
    s.at = s.run_end = 0
    s.last_done = -1


cdef void take_candidates(Memory *m, Channel *ch, Candidates *set, int32_t gate, int64_t index) noexcept:
    """Give the set number ``index`` of a channel its arrays."""
    cdef int64_t c = ch - m.channel, banks = m.rules.banks
    cdef int32_t *places = m.places + 3 * (8 * c + index) * banks
    cdef int32_t i
    set.due = set.look = NEVER
    set.rank_at, set.group_at = ch.rank_at[gate], ch.group_at[gate]
    set.at = m.ticks + (c + 1) * ticks_of_channel(&m.rules) - 2 * (index + 1) * banks
    set.age = set.at + banks
    set.before, set.after, set.place = places, places + banks, places + 2 * banks
    for i in range(2):
        set.first[i] = set.last[i] = -1
    for i in range(banks):
        set.place[i] = -1


cdef int64_t ticks_of_channel(Rules *r) noexcept:
    """Length of the arrays of one channel's gates and candidates."""
    return 4 * (r.rank_count + r.group_count) + 8 * 2 * r.banks


cdef void reset_channel(Memory *m, int32_t c) noexcept:
    """A channel before anything has happened; its memory is zero."""
    cdef Rules *r = &m.rules
    cdef Channel *ch = &m.channel[c]
    cdef int64_t *ticks = m.ticks + c * ticks_of_channel(r)
    cdef Bank *bank
    cdef int32_t b, i, d
    ch.bank, ch.rank = m.bank + c * r.banks, m.rank + c * r.rank_count
    for i in range(4):
        ch.rank_at[i], ch.group_at[i] = ticks, ticks + r.rank_count
        ticks += r.rank_count + r.group_count
    for d in range(2):
        take_candidates(m, ch, &ch.acts[d], ACT_GATE, d)
        take_candidates(m, ch, &ch.pres[d], PRE_GATE, 2 + d)
        take_candidates(m, ch, &ch.hits[d], READ_GATE + d, 4 + d)
        take_candidates(m, ch, &ch.opened[d], READ_GATE + d, 6 + d)
        ch.queue_head[d] = ch.queue_tail[d] = ch.source_head[d] = ch.source_tail[d] = -1
    ch.forced_at = ch.split_deadline = -1
    ch.posted_at = ch.done_at = ch.next_refresh = NEVER
    ch.done_head = ch.done_tail = -1
    if m.k.refresh_interval:
        ch.next_refresh = m.k.refresh_interval // (r.units if r.staggered else 1)
    ch.wake = ch.column_at = ch.row_at = ch.next_refresh
    for b in range(r.banks):
        bank = &ch.bank[b]
        bank.open_row = bank.active = -1
        for d in range(2):
            bank.head[d] = bank.tail[d] = bank.hit[d] = bank.miss[d] = -1
        bank.group = b // r.per_group
        bank.rank = bank.group // r.groups
        bank.lane = bank.rank // r.ranks
        ch.rank_of[b], ch.group_of[b] = bank.rank, bank.group
    for i in range(r.rank_count):
        for d in range(4):
            ch.rank[i].four[d] = -m.k.four_activates
        for d in range(32):
            ch.rank[i].wide[d] = -m.k.wide_window
