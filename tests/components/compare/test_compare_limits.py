"""What ``--fail-if`` reads and refuses, and when a limit is broken."""

import pytest

from leptonsim.errors import LeptonError
from leptonsim.result.compare import compare, parse_limit

BASE = {"latency_s": 1e-3, "energy_per_sample_j": 0.01, "throughput_per_s": 1000.0, "power_avg_w": 10.0}


@pytest.fixture
def broken(made):
    """broken(limit, field=value) -> whether a result with these fields breaks it, against ``BASE``."""

    def judge(limit: str, **fields: float) -> bool:
        results = [made(**BASE), made(**{**BASE, **fields})]
        (verdict,) = parse_limit(limit, results[0]).verdicts(compare(results, ["a", "b"]))
        return verdict.broken

    return judge


@pytest.mark.parametrize(
    ("limit", "at", "beyond"),
    [
        ("latency>+5%", {"latency_s": 1.05e-3}, {"latency_s": 1.0501e-3}),
        ("latency >= +5 %", {"latency_s": 1.0499e-3}, {"latency_s": 1.0501e-3}),
        ("throughput<-10%", {"throughput_per_s": 900.0}, {"throughput_per_s": 899.0}),
        ("latency>+100us", {"latency_s": 1.0999e-3}, {"latency_s": 1.1001e-3}),
        ("energy>0.01J", {"energy_per_sample_j": 0.01}, {"energy_per_sample_j": 0.0101}),
        ("energy>10 mJ", {"energy_per_sample_j": 0.01}, {"energy_per_sample_j": 0.0101}),
        ("power>75W", {"power_avg_w": 75.0}, {"power_avg_w": 75.1}),
        ("throughput<1k/s", {"throughput_per_s": 1000.0}, {"throughput_per_s": 999.0}),
        ("latency_s>2ms", {"latency_s": 2e-3}, {"latency_s": 2.1e-3}),
        ("macs>262144", {"macs": 262144}, {"macs": 262145}),
    ],
)
def test_a_limit_is_broken_beyond_it_and_not_at_it(limit, at, beyond, broken):
    assert not broken(limit, **at)
    assert broken(limit, **beyond)


def test_a_share_may_be_limited_in_percent(broken, base):
    busy = base.utilization["tensor"]
    assert broken(f"utilization.tensor<{100 * busy + 1:.3f}%")
    assert not broken(f"utilization.tensor<{100 * busy - 0.001:.3f}%")


def test_what_was_nothing_has_grown_beyond_any_percentage(made):
    bounds = [{"tensor_core": 0, "vector_unit": 0, "dram": 0, "pcie_in": 0, "pcie_out": size} for size in (0, 1, 0)]
    results = [made(bounds_ps=each) for each in bounds]
    verdicts = parse_limit("bounds_ps.pcie_out>+1000%", results[0]).verdicts(compare(results, ["a", "b", "c"]))
    assert [(verdict.label, verdict.broken) for verdict in verdicts] == [("b", True), ("c", False)]


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("latancy>+5%", "did you mean 'latency'"),
        ("latency>5%", r"did you mean latency>\+5%"),
        ("latency>5", "has no unit"),
        ("latency>5 MiB", "is a size where a time belongs"),
        ("latency>+5 parsecs", "unknown unit 'parsecs'"),
        ("latency=5 ms", "expects METRIC>VALUE"),
        ("latency", "expects METRIC>VALUE"),
        (">5%", "expects METRIC>VALUE"),
        ("", "expects METRIC>VALUE"),
        ("steps>5", "no metric is called 'steps'"),
        ("provenance.seed>0", "no metric is called"),
        ("latency>nan s", "is not a time"),
    ],
)
def test_what_is_no_limit_is_refused_with_what_to_write(limit, message, base):
    with pytest.raises(LeptonError, match=message) as refused:
        parse_limit(limit, base)
    assert str(refused.value).startswith(f"--fail-if {limit}: ")


def test_a_number_that_a_result_does_not_have_cannot_be_limited(broken):
    with pytest.raises(LeptonError, match="a has no tokens"):
        broken("tokens<-5%")
