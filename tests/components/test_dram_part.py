import pytest

from leptonsim.chip.dram_part import load_part, parse_part, part_names, resolve_part
from leptonsim.errors import LeptonError


def text_of(name):
    from importlib import resources

    return (resources.files("leptonsim.chip.dram_parts") / f"{name}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", part_names())
def test_a_shipped_part_loads_and_is_named_as_its_file(name):
    part = load_part(name)
    assert part.name == name
    assert part.access_bytes * part.clock_hz * part.organization.pseudo_channels == (
        part.channel_bytes_per_s * part.burst_clocks
    )


def test_each_family_has_two_speeds_of_its_generation():
    families = {"DDR4", "DDR5", "LPDDR4X", "LPDDR5", "GDDR6", "HBM2", "HBM2E", "HBM3"}
    for family in families:
        assert sum(name.startswith(f"{family}-") for name in part_names()) >= 2, family


def test_a_time_becomes_the_clocks_of_the_jedec_speed_bin():
    # JESD79-4C, DDR4-3200AA: 22-22-22, tRAS 52, tFAW 34, tRRD_L 8.
    part = load_part("DDR4-3200")
    assert [part.clocks("timings", name) for name in ("tRCDRD", "tRP", "tRAS", "tFAW", "tRRD_L")] == [22, 22, 52, 34, 8]


def test_a_family_means_its_fastest_part():
    assert resolve_part("hbm2e") == "HBM2E-3600"
    assert resolve_part("DDR5") == "DDR5-6400"


def test_an_unknown_part_names_the_nearest():
    with pytest.raises(LeptonError, match=r"did you mean .*DDR4-3200"):
        resolve_part("DDR4-3201")


def test_a_misspelt_key_names_the_nearest_with_its_place():
    text = text_of("DDR4-3200").replace("  tFAW:", "  tFAv:")
    line = 1 + text[: text.index("tFAv")].count("\n")
    with pytest.raises(LeptonError, match=rf"mine.yaml:{line}:3: timings.tFAv: unknown key; did you mean 'tFAW'"):
        parse_part(text, "mine.yaml")


def test_a_duplicate_key_is_an_error():
    text = text_of("DDR4-3200").replace("  ranks: 2", "  ranks: 2\n  ranks: 4")
    with pytest.raises(LeptonError, match="duplicate key 'ranks'"):
        parse_part(text, "mine.yaml")


@pytest.mark.parametrize("bad", ["13.75", "13.75 ms", "8.5 ck", "-1 ns"])
def test_a_duration_needs_a_number_and_a_known_unit(bad):
    text = text_of("DDR4-3200").replace("tRP: 13.75 ns", f"tRP: {bad}")
    with pytest.raises(LeptonError, match=r"timings\.tRP"):
        parse_part(text, "mine.yaml")


def test_an_estimate_must_name_a_parameter():
    text = text_of("DDR4-3200").replace("estimates: [ranks]", "estimates: [rank]")
    with pytest.raises(LeptonError, match="estimates names 'rank'"):
        parse_part(text, "mine.yaml")
