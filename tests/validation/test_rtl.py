"""Our own systolic arrays in RTL (tests/rtl), run by Verilator with their products checked, against the kernels.

Shapes of arrays and sizes of GEMMs are drawn at random from fixed seeds, other ones than in the reference files.
"""

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from leptonsim.kernels.systolic import gemm_cycles

from leptonsim.kernels.plain.systolic_array import Array

RTL = Path(__file__).parent.parent / "rtl"
CASES = 60
SERIAL, SINGLE, DOUBLE = range(3)
WS, IS, OS = range(3)

pytestmark = pytest.mark.skipif(
    shutil.which("verilator") is None, reason="Verilator is not installed (Debian: apt-get install verilator)"
)


@pytest.fixture(scope="module", params=["ws-skewed", "ws-broadside", "os-skewed", "os-broadside"])
def built(request, tmp_path_factory):
    """One array of random shape with its harness: (design, broadside, rows, cols, program)."""
    design, move = request.param.split("-")
    draw = random.Random(request.param)
    rows, cols = draw.randint(2, 7), draw.randint(2, 12)
    skew = int(move == "skewed")
    folder = tmp_path_factory.mktemp(request.param)
    subprocess.run(
        [
            *("verilator", "--cc", "--exe", "--build", "-Wno-fatal", "-Wno-lint", "--top-module", f"sa_{design}"),
            *(f"-GR={rows}", f"-GC={cols}", f"-GSKEW={skew}"),
            *("-CFLAGS", f"-DRR={rows} -DCC={cols} -DSKW={skew}"),
            *("-MAKEFLAGS", "OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0"),
            *("--Mdir", str(folder), "-o", "bench", str(RTL / f"sa_{design}.v"), str(RTL / f"tb_{design}.cpp")),
        ],
        check=True,
        capture_output=True,
    )
    return design, int(not skew), rows, cols, folder / "bench"


def simulated(program, cases, *early):
    """(cycles, whether the product was right) of each case, as the RTL ran it."""
    text = "".join(" ".join(map(str, case)) + "\n" for case in cases)
    done = subprocess.run([program, *early], input=text, capture_output=True, text=True, check=True)
    return [(int(cycles), correct == "1") for cycles, correct in map(str.split, done.stdout.splitlines())]


def drawn(design, broadside, rows, cols):
    """Cases (size, K, N, mode, trim): up to four folds each way, ragged and whole, short streams and long ones."""
    draw = random.Random(f"{design}{broadside}")
    for _ in range(CASES):
        if design == "ws":
            sizes = draw.randint(1, 3 * (rows + cols)), draw.randint(1, 4 * rows), draw.randint(1, 4 * cols)
        else:
            sizes = draw.randint(1, 4 * rows), draw.randint(1, 3 * (rows + cols)), draw.randint(1, 4 * cols)
        yield *sizes, draw.choice([SERIAL, SINGLE, DOUBLE]), draw.randint(0, 1)


def test_the_kernels_count_the_cycles_of_the_rtl(built):
    design, broadside, rows, cols, program = built
    cases = list(drawn(design, broadside, rows, cols))
    found = simulated(program, cases)
    assert len(found) == len(cases)
    for (size, k, n, mode, trim), (cycles, correct) in zip(cases, found, strict=True):
        assert correct
        array = Array(rows, cols, WS if design == "ws" else OS, mode, broadside, broadside, trim)
        assert gemm_cycles(array, size, k, n).total == cycles, (array, size, k, n)
        if design == "ws":
            # The same array holds the other operand: A of n x k stays, the columns of B stream.
            assert gemm_cycles(array._replace(dataflow=IS), n, k, size).total == cycles


def test_earlier_the_product_is_wrong(built):
    """What the schedule waits for is needed: with short streams the operands of two folds would meet in the cells.

    With two buffers one cycle earlier is wrong, with one buffer two: its schedule leaves a cycle between folds.
    """
    design, _, rows, cols, program = built
    sizes = (1, 3 * rows, cols) if design == "ws" else (3 * rows, 1, cols)
    single, double = (*sizes, SINGLE, 0), (*sizes, DOUBLE, 0)
    assert [correct for _, correct in simulated(program, [single, double])] == [True, True]
    assert [correct for _, correct in simulated(program, [single], "-2")] == [False]
    assert [correct for _, correct in simulated(program, [double], "-1")] == [False]
