"""The PCIe link: packets, rates and latencies, with figures worked out by hand from the sizes of headers."""

from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leptonsim.errors import LeptonError
from leptonsim.fabric.pcie import EXIT_LATENCY_PS, PcieLink


def link(**changes):
    spec = {
        "generation": 4,
        "lanes": 16,
        "mps_bytes": 256,
        "mrrs_bytes": 512,
        "rcb_bytes": 64,
        "completions": "mps",
        "address_bits": 64,
        "copies": "device",
        "idle_state": "L0",
        "link_layer_loss": 0.1,
        "tags": 256,
        "round_trip_ps": 800_000,
    }
    return PcieLink(SimpleNamespace(**{**spec, **changes}))


@pytest.mark.parametrize(
    ("generation", "bytes_per_lane"),
    [(1, 250_000_000), (2, 500_000_000), (3, 984_615_384), (4, 1_969_230_769), (5, 3_938_461_538), (6, 7_375_000_000)],
)
def test_a_lane_carries_what_its_signalling_and_encoding_leave(generation, bytes_per_lane):
    assert link(generation=generation, lanes=1).raw_bytes_per_s == bytes_per_lane


def test_a_write_has_one_header_for_each_payload():
    assert link().wire_bytes(1000, "d2h") == {"h2d": 0, "d2h": 1000 + 4 * 24}


def test_a_read_has_requests_one_way_and_completions_the_other():
    assert link().wire_bytes(1000, "h2d") == {"h2d": 1000 + 4 * 20, "d2h": 2 * 24}


def test_a_host_that_completes_at_the_boundary_sends_more_headers():
    assert link(completions="rcb").wire_bytes(1000, "h2d")["h2d"] == 1000 + 16 * 20


def test_long_copies_take_the_share_of_payload_in_full_packets():
    four = link()
    assert four.link_bytes_per_s == int(Fraction(16 * 10**9 * 128 * 16, 130 * 8) * Fraction(9, 10))
    assert four.write_bytes_per_s == four.link_bytes_per_s * 256 // 280
    assert four.read_bytes_per_s == four.link_bytes_per_s * 256 // 276
    assert four.duplex_bytes_per_s == four.link_bytes_per_s * 512 // (512 + 2 * 24 + 24)


def test_generation_six_loses_nothing_to_the_link_layer_and_bears_headers_only():
    six = link(generation=6, tags=4096)
    assert six.link_bytes_per_s == six.raw_bytes_per_s == 118_000_000_000
    assert six.write_bytes_per_s == 118_000_000_000 * 256 // 272


def test_few_tags_bind_reads_and_leave_writes_alone():
    few = link(tags=8)
    assert few.read_bytes_per_s == 8 * 512 * 10**12 // 800_000
    assert few.write_bytes_per_s == link().write_bytes_per_s


def test_a_round_trip_of_no_time_does_not_bind():
    assert link(tags=1, round_trip_ps=0).read_bytes_per_s == link().read_bytes_per_s


def test_a_copy_is_software_and_latency_and_bytes():
    four = link()
    streaming_ps = -(-(4096 + 16 * 24) * 10**12 // four.link_bytes_per_s)
    assert four.copy_time_ps(4096, "d2h", software_ps=6_000_000) == 6_000_000 + 400_000 + streaming_ps
    assert four.copy_time_ps(0, "d2h", software_ps=6_000_000) == 6_000_000


@pytest.mark.parametrize("state", list(EXIT_LATENCY_PS))
def test_a_sleeping_link_wakes_before_it_carries(state):
    four = link()
    assert four.copy_time_ps(64, "h2d", state=state) - four.copy_time_ps(64, "h2d") == EXIT_LATENCY_PS[state]


def test_short_addresses_save_four_bytes_of_each_request():
    assert link(address_bits=32).wire_bytes(1000, "d2h")["d2h"] == 1000 + 4 * 20
    assert link(address_bits=32).wire_bytes(1000, "h2d") == {"h2d": 1000 + 4 * 20, "d2h": 2 * 20}


@pytest.mark.parametrize("direction", ["h2d", "d2h"])
def test_a_copy_goes_as_the_chip_says(direction):
    by_host = link(copies="host", idle_state="L1")
    assert by_host.copy_bytes_per_s(direction) == link().effective_bytes_per_s(1 << 24, direction, "host")
    assert by_host.copy_latency_ps(direction) == link().latency_ps(direction, "host") + EXIT_LATENCY_PS["L1"]
    assert link().copy_latency_ps(direction) == link().latency_ps(direction)


def test_the_hosts_cores_store_lines_and_load_one_at_a_time():
    four = link()
    assert four.effective_bytes_per_s(1 << 20, "h2d", "host") == four.link_bytes_per_s * 64 // 88
    assert four.effective_bytes_per_s(1 << 20, "d2h", "host") == 64 * 10**12 // 800_000
    # The first line takes a round trip and each later one another.
    assert four.copy_time_ps(640, "d2h", "host") == 10 * 800_000


@given(
    st.integers(1, 6),
    st.sampled_from([1, 4, 16]),
    st.sampled_from([64, 256, 4096]),
    st.integers(1, 512),
    st.integers(1, 1 << 24),
)
def test_no_copy_beats_the_link_and_a_longer_one_never_takes_less(generation, lanes, mps, tags, size):
    any_link = link(generation=generation, lanes=lanes, mps_bytes=mps, tags=tags)
    for direction in ("h2d", "d2h"):
        for initiator in ("host", "device"):
            time_ps = any_link.copy_time_ps(size, direction, initiator)
            assert time_ps * any_link.link_bytes_per_s >= size * 10**12
            assert time_ps <= any_link.copy_time_ps(size + 1, direction, initiator)
            assert any_link.effective_bytes_per_s(size, direction, initiator) <= any_link.link_bytes_per_s
    assert any_link.duplex_bytes_per_s <= min(any_link.read_bytes_per_s, any_link.write_bytes_per_s)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [("generation", 7, "generation: 7"), ("lanes", 0, "lanes: 0"), ("mps_bytes", 0, "mps: 0"), ("tags", 0, "tags: 0")],
)
def test_a_link_that_cannot_be_is_refused(field, value, says):
    with pytest.raises(LeptonError, match=says):
        link(**{field: value})
