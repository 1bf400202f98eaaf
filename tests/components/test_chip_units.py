from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leptonsim.chip.units import (
    BANDWIDTH,
    CYCLES,
    ENERGY_PER_BYTE,
    FREQUENCY,
    QUANTITIES,
    RATE,
    SIZE,
    TIME,
    VOLTAGE,
    WIDTH,
    UnitError,
)

WHOLE = [quantity for quantity in QUANTITIES if quantity.whole]
REAL = [quantity for quantity in QUANTITIES if not quantity.whole]


@pytest.mark.parametrize(
    ("quantity", "text", "value"),
    [
        (SIZE, "512 KiB", 512 * 1024),
        (SIZE, "512 kB", 512_000),
        (SIZE, "1.5MiB", 3 * 2**19),
        (SIZE, " .5 KiB ", 512),
        (FREQUENCY, "1.2 GHz", 1_200_000_000),
        (FREQUENCY, "1e3 MHz", 10**9),
        (TIME, "50 ns", 50_000),
        (TIME, "0.667 ns", 667),
        (BANDWIDTH, "34 GB/s", 34 * 10**9),
        (WIDTH, "256 B/cycle", 256),
        (CYCLES, "2 cycles", 2),
        (CYCLES, "1 cycle", 1),
        (RATE, "1 Tflop/s", 10**12),
        (VOLTAGE, "750 mV", 0.75),
        (ENERGY_PER_BYTE, "4 pJ/bit", 32.0),
    ],
)
def test_a_quantity_is_read_exactly(quantity, text, value):
    assert quantity.parse(text) == value
    assert type(quantity.parse(text)) is type(value)


@pytest.mark.parametrize(
    ("quantity", "text", "says"),
    [
        (FREQUENCY, "512 MB", "'512 MB' is a size where a frequency belongs, such as 1.2 GHz"),
        (SIZE, "34 GB/s", "'34 GB/s' is a bandwidth where a size belongs, such as 512 KiB"),
        (SIZE, "512", "'512' has no unit: a size belongs here, such as 512 KiB"),
        (SIZE, "512 kib", "did you mean 'KiB'?"),
        (SIZE, "1 Mb", "b is for bits, which are not counted here: divide by 8"),
        (BANDWIDTH, "100 Gbit/s", "b is for bits"),
        (SIZE, "KiB", "write a number and a unit, such as 512 KiB"),
        (SIZE, "", "write a number and a unit"),
        (SIZE, "1_000 B", "unknown unit"),
        (SIZE, "0x10 B", "unknown unit"),
        (SIZE, "nan B", "write a number and a unit"),
        (SIZE, "inf B", "write a number and a unit"),
        (SIZE, "1 B 2 B", "unknown unit"),
        (SIZE, "0.3 B", "not a whole number of bytes"),
        (TIME, "1.0005 ns", "not a whole number of picoseconds"),
        (CYCLES, "2.5 cycles", "not a whole number of cycles"),
        (SIZE, "1e9999 B", "unknown unit"),
        (VOLTAGE, "1e999 V", "too large to be a voltage"),
        (SIZE, "9" * 400 + " B", "write a number and a unit"),
        (TIME, "3 \N{MICRO SIGN}s", "did you mean 'us'?"),
    ],
)
def test_what_is_not_the_quantity_is_refused_with_what_is_expected(quantity, text, says):
    with pytest.raises(UnitError) as caught:
        quantity.parse(text)
    assert says in str(caught.value)


def test_every_example_parses_and_every_unit_is_exact():
    for quantity in QUANTITIES:
        assert quantity.parse(quantity.example) > 0
        for unit, size in quantity.units.items():
            assert Fraction(quantity.parse(f"1000 {unit}")).limit_denominator(10**6) == 1000 * size


@given(st.sampled_from(WHOLE), st.integers(min_value=0, max_value=10**18))
def test_a_whole_quantity_survives_formatting(quantity, value):
    assert quantity.parse(quantity.format(value)) == value


@given(st.sampled_from(REAL), st.floats(min_value=-1e6, max_value=1e12, allow_nan=False))
def test_a_real_quantity_survives_formatting(quantity, value):
    assert quantity.parse(quantity.format(value)) == value


@given(st.sampled_from(WHOLE), st.data())
def test_the_same_amount_in_any_unit_is_the_same_value(quantity, data):
    unit, size = data.draw(st.sampled_from(sorted(quantity.units.items())))
    count = data.draw(st.integers(min_value=0, max_value=10**6))
    assert quantity.parse(f"{count} {unit}") == count * size


def test_formatting_prefers_the_short_form():
    assert [SIZE.format(value) for value in (0, 1000, 1024, 1536, 10**9, 2**30, 1001)] == [
        "0 B",
        "1 kB",
        "1 KiB",
        "1.5 KiB",
        "1 GB",
        "1 GiB",
        "1001 B",
    ]
    assert FREQUENCY.format(1_200_000_000) == "1.2 GHz"
    assert TIME.format(50_000) == "50 ns"
