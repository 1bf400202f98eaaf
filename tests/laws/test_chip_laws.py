"""Whatever is in the file: a chip that survives its own YAML, or one error for the user, never anything else."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leptonsim.chip import ChipError, load_chip, shipped_chips

CONFIGS = Path(__file__).parents[2] / "configs"
CHIP = load_chip("lepton-c1")
TEXTS = [(CONFIGS / f"{name}.yaml").read_text() for name in shipped_chips()]
YAML_MARKS = [
    "\n",
    "\t",
    ":",
    "{",
    "}",
    "[",
    "]",
    "'",
    '"',
    "&a ",
    "*a",
    "!!x ",
    "|",
    ">",
    "? ",
    "- ",
    "---\n",
    "~",
    "#",
    "%",
]
SCRAPS = ["", " ", "null", "0", "-1", "1e400", "MHz", "extends: lepton-e1\n", "\x00", "\ufeff", "\N{MICRO SIGN}"]
CUT = st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(YAML_MARKS + SCRAPS))
PATHS = (
    "name",
    "description",
    "cores",
    "core.sram",
    "core.tensor_core.rates",
    "core.tensor_core.round_rows",
    "power.states",
    "power.states.0.voltage",
    "dram.part",
    "shared_sram",
    "energy.overrides.mac_int8",
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12))
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.sampled_from(["size", "int8", "name"]), SCALARS)
FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def attempt(call, *arguments):
    """What the call gives: a chip and no error, or no chip and the lines of the error for the user."""
    try:
        return call(*arguments), []
    except ChipError as error:
        return None, str(error).splitlines()


@FUZZ
@given(text=st.sampled_from(TEXTS), cuts=st.lists(CUT, min_size=1, max_size=3))
def test_a_damaged_file_is_a_chip_or_an_error_in_that_file(tmp_path, text, cuts):
    for place, length, scrap in cuts:
        at = int(place * len(text))
        text = text[:at] + scrap + text[at + length :]
    file = tmp_path / "chip.yaml"
    file.write_text(text, encoding="utf-8")
    chip, lines = attempt(load_chip, file)
    assert all(line.startswith(str(file)) for line in lines)
    if chip is not None:
        file.write_text(chip.to_yaml(), encoding="utf-8")
        assert load_chip(file) == chip


@FUZZ
@given(content=st.binary(max_size=200))
def test_bytes_at_random_are_an_error_in_that_file(tmp_path, content):
    file = tmp_path / "chip.yaml"
    file.write_bytes(content)
    chip, lines = attempt(load_chip, file)
    assert chip is None
    assert all(str(file) in line for line in lines)


@FUZZ
@given(path=st.text(max_size=30), value=st.text(max_size=30))
def test_an_override_at_random_is_named_in_the_error(path, value):
    chip, lines = attempt(CHIP.with_, [f"{path}={value}"])
    assert chip is not None or lines[0].startswith("--set ")


@FUZZ
@given(path=st.sampled_from(PATHS), value=VALUES)
def test_a_value_at_random_gives_a_sound_chip_or_an_error(path, value):
    chip, lines = attempt(CHIP.with_, {path: value})
    assert bool(lines) == (chip is None)
    if chip is not None:
        assert chip.with_({}) == chip
