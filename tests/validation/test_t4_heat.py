"""NVIDIA T4 under load: from 35 to 75 degC in about half a minute, then throttled to 0.9 to 1.3 GHz.

After Jia et al., Dissecting the NVidia Turing T4 GPU via Microbenchmarking, 2019 (from memory). The chip is in
``tests/data/t4.yaml``.
"""

from pathlib import Path

import leptonsim as ls

T4 = Path(__file__).parents[1] / "data" / "t4.yaml"
SECOND_PS = 10**12


def test_a_t4_heats_up_in_half_a_minute_and_then_throttles():
    chip = ls.load_chip(str(T4), ["power.interval=10 ms"])
    result = ls.simulate(chip, ls.load_model("gemm:2048x8192x16384"), requests=4000)
    segments = result.power.segments
    assert segments[0].core_hz == 1_590_000_000
    hot_ps = next(each.to_ps for each in segments if each.die_c >= 75)
    assert 22 * SECOND_PS < hot_ps < 38 * SECOND_PS
    early = [each for each in segments if each.to_ps < hot_ps and each.to_ps > SECOND_PS]
    assert {each.core_hz for each in early} == {1_590_000_000}
    late = [each for each in segments if each.from_ps > result.makespan_ps - 5 * SECOND_PS]
    span_ps = sum(each.to_ps - each.from_ps for each in late)
    assert span_ps > 4 * SECOND_PS
    mean_hz = sum(each.core_hz * (each.to_ps - each.from_ps) for each in late) / span_ps
    assert 0.9e9 < mean_hz < 1.3e9
    assert max(each.die_c for each in segments) < 76
    # the board's limit of 70 W, which its product draws at the boost, and no more when hot
    assert 66 < result.power_peak_w < 72
