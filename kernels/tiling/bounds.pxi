# What a mapping takes at the least: before it is timed, and on any machine.


cdef double bound_of(const Problem* p, const Limits* chip, const Mapping* map, const Layout* plan) noexcept nogil:
    # No mapping with these bytes and cycles is faster.
    cdef double cores = map.split_g * map.split_m * map.split_n, dram = 0, port, t
    cdef double w = plan.bytes_w * chip.w_port_ps, a = (plan.bytes_a + plan.bytes_x) * chip.a_port_ps
    if p.b_dram and chip.host_ps == 0:
        dram += plan.bytes_w * cores / map.split_m
    if p.a_dram:
        dram += plan.bytes_a * cores / map.split_n * waste_a(p, chip, map)
    if p.x_dram:
        dram += plan.bytes_x * cores
    if p.o_dram:
        dram += plan.bytes_o * cores * waste_o(p, chip, map)
    t = dram * chip.dram_ps
    if p.b_dram:
        t = most_of(t, plan.bytes_w * cores / map.split_m * chip.host_ps)
    port = w + a if chip.one_queue else most_of(w, a)
    t = most_of(t, most_of(port, plan.bytes_o * chip.o_port_ps))
    if plan.tensor * chip.cycle_ps > t:
        t = plan.tensor * chip.cycle_ps
    if plan.vector * chip.cycle_ps > t:
        t = plan.vector * chip.cycle_ps
    return t


cdef double job_ps(const Limits* chip, bint dram, int64_t jobs, double size, double port_ps) noexcept nogil:
    # So many transfers in a row; from or to anywhere but DRAM it is not known here how fast.
    if jobs == 0 or size == 0:
        return 0
    return jobs * chip.setup_ps + (chip.latency_ps + size * port_ps if dram else 0)


cdef double least_time_of(const Problem* p, const Limits* chip, const Layout* plan, double ahead_ps) noexcept nogil:
    # See the twin.
    cdef const Run* head = &plan.run[plan.first[0]]
    cdef const Run* tail = &plan.run[plan.end[plan.blocks - 1] - 1]
    cdef const Run* run
    cdef bint w_dram = p.b_dram and chip.host_ps == 0
    cdef int64_t b, r, times, w = 0, a = 0, x = 0, o = 0
    cdef double begin, first, last, tensor, vector, stored, t
    for b in range(plan.blocks):
        for r in range(plan.first[b], plan.end[b]):
            run = &plan.run[r]
            times = plan.times[b] * run.count
            w += times * (run.w > 0)
            a += times * (run.a > 0)
            x += times * (run.x > 0)
            o += times * (run.o > 0)
    begin = most_of(
        job_ps(chip, p.a_dram, head.a > 0, head.a, chip.a_port_ps),
        job_ps(chip, w_dram, head.w > 0, head.w, chip.w_port_ps) - ahead_ps,
    )
    tensor, vector = tail.tensor * chip.cycle_ps, tail.vector * chip.cycle_ps
    stored = job_ps(chip, p.o_dram, tail.o > 0, tail.o, chip.o_port_ps)
    first, last = begin + head.tensor * chip.cycle_ps, vector + stored
    t = begin + plan.tensor * chip.cycle_ps + last
    t = most_of(t, first + plan.vector * chip.cycle_ps + stored)
    t = most_of(t, first + head.vector * chip.cycle_ps + job_ps(chip, p.o_dram, o, plan.bytes_o, chip.o_port_ps))
    t = most_of(t, job_ps(chip, p.a_dram, a, plan.bytes_a, chip.a_port_ps) + tensor + last)
    t = most_of(t, job_ps(chip, p.x_dram, x, plan.bytes_x, chip.a_port_ps) + last)
    return most_of(t, job_ps(chip, w_dram, w, plan.bytes_w, chip.w_port_ps) - ahead_ps + tensor + last)
