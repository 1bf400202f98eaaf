"""Operators that work across the borders between cores' parts of a tensor: bytes over the network, counted by hand."""

import onnx.parser
import pytest

from leptonsim.api import simulate
from leptonsim.chip import load_chip
from leptonsim.compiler.exchange import divided_between, exchanged_bytes
from leptonsim.compiler.operands import COLUMNS, OTHERWISE, ROWS, Located, Placed
from leptonsim.compiler.streams import plan_stream
from leptonsim.compiler.target import Target
from leptonsim.compiler.work import Along, Operand
from leptonsim.model import load_model

ROW = Along((2, 8, 64), (2,), numbers=2, returned=True)
TOKENS = Along((2, 8, 64), (1,), numbers=1)
CHANNELS = Along((2, 64, 8, 8), (1,), numbers=2, returned=True)
POSITIONS = Along((2, 64, 8, 8), (2, 3), numbers=1)
GROUPS = Along((2, 64, 8, 8), (1, 2, 3), numbers=2, returned=True, sets=8)
HEADS = Along((2, 8, 4, 16), (3,), numbers=1, returned=True)


def placed(split, parts=1, columns=64, image=False):
    return Placed("sram", 0, split, parts, columns, image)


@pytest.mark.parametrize(
    ("along", "place", "cores"),
    [
        (ROW, placed(ROWS), 1),
        (ROW, placed(COLUMNS, 4), 4),
        (ROW, placed(COLUMNS, 1), 1),
        (TOKENS, placed(COLUMNS, 4), 1),
        (TOKENS, placed(ROWS), 2),
        (CHANNELS, placed(COLUMNS, 4, image=True), 4),
        (CHANNELS, placed(ROWS, image=True), 1),
        (POSITIONS, placed(COLUMNS, 4, image=True), 1),
        (POSITIONS, placed(ROWS, image=True), 2),
        (GROUPS, placed(COLUMNS, 4, image=True), 1),
        (GROUPS, placed(COLUMNS, 16, image=True), 2),
        (GROUPS, placed(ROWS, image=True), 2),
        (HEADS, placed(COLUMNS, 4), 1),
        (HEADS, placed(COLUMNS, 8), 2),
        (Along((1, 1, 64), (2,), numbers=1), placed(OTHERWISE), 4),
    ],
)
def test_who_has_a_part_of_what_belongs_together(along, place, cores):
    assert divided_between(along, place, max(4, place.column_parts)) == cores


def test_partial_results_are_summed_by_shares_and_given_back():
    # 16 rows of a maximum and a sum in four bytes; three of four parts come from elsewhere, twice.
    assert exchanged_bytes(ROW, placed(COLUMNS, 4), 4) == 2 * 3 * 16 * 2 * 4
    assert exchanged_bytes(ROW, placed(ROWS), 4) == 0
    # A reduction's results are wanted in one place only.
    assert exchanged_bytes(POSITIONS, placed(ROWS, image=True), 4) == 1 * 128 * 4


def over_the_network(along, place, vector):
    target = Target(load_chip("lepton-c1"))
    elements = 2 * 8 * 64
    located = Located(Operand("x", elements), 16, Placed("sram", 2 * elements, *place.lying), False)
    plan = plan_stream(target, vector, [located], Placed("sram", 2 * elements), 2 * elements, None, 1 << 20, along)
    moved = {"a": 0, "x": 0}
    for tiles in plan.shares.values():
        for count, _, a, x, *_ in tiles.runs:
            moved["a"] += count * a
            moved["x"] += count * x
    ways = {"a": plan.a, "x": plan.x}
    across = sum(moved[name] for name, route in ways.items() if route is not None and route.end == "cores")
    return across, plan


def test_a_softmax_over_divided_columns_waits_for_all_cores_and_moves_partial_results_only():
    across, plan = over_the_network(ROW, placed(COLUMNS, 4), {"exp": 1024})
    assert across == exchanged_bytes(ROW, placed(COLUMNS, 4), 4) == 768
    assert not plan.local
    assert plan.lying == (COLUMNS, 4, 64, False)


def test_a_softmax_over_a_core_s_own_rows_moves_nothing():
    across, plan = over_the_network(ROW, placed(ROWS), {"exp": 1024})
    assert across == 0
    assert plan.local


def test_a_transposition_across_rows_moves_the_elements():
    turned = Along((2, 8, 64), (1, 2))
    across, plan = over_the_network(turned, placed(ROWS), {})
    # Two samples on four cores: half of each sample lies with the other core that has a part of it.
    assert across == 2048 // 2
    assert plan.lying == (ROWS, 1, 1, False)
    across, _ = over_the_network(Along((4, 4, 64), (1, 2)), placed(ROWS), {})
    assert across == 0


def test_the_exchange_takes_time_in_a_run():
    def run(axis):
        body = f"""g (float[64, 4096] x, float[4096, 8192] w) => (float[64, 8192] y)
            {{ h = MatMul(x, w)  y = Softmax<axis = {axis}>(h) }}"""
        model = load_model(onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 20]> {body}'))
        return simulate(load_chip("lepton-c1"), model, dtype="int8")

    by_row, by_column = run(1), run(0)
    mapping = by_row.steps[0].mapping
    assert "cores 1 x 1 x 4" in mapping, "the product is divided by columns here"
    assert by_row.bytes["noc"]["read"] - by_column.bytes["noc"]["read"] == 2 * 3 * 64 * 2 * 4
