"""Single products are mapped by the machine itself, and do not keep the array busier than they must."""

import pytest
from leptonsim.kernels.systolic import array_of, gemm_cycles

from leptonsim import load_chip, load_model, simulate

ONE_CORE = ["cores=1", "shared_sram=null"]
SHAPES = [(128, 128, 128), (512, 512, 512), (1024, 256, 384), (77, 300, 50), (2048, 1024, 512), (1, 512, 1000)]


@pytest.mark.parametrize("dataflow", ["weight_stationary", "output_stationary", "input_stationary"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_array_is_busy_for_the_cycles_of_its_closed_form(dataflow, shape):
    chip = load_chip("lepton-c1", [*ONE_CORE, f"core.tensor_core.dataflow={dataflow}"])
    result = simulate(chip, load_model("gemm:{}x{}x{}".format(*shape)))
    cycle_ps = 10**12 // chip.clocks.core_hz
    array = array_of(chip.core.tensor_core, "bf16")
    assert result.time_ps["core0.tensor"]["busy"] == gemm_cycles(array, *shape).total * cycle_ps


def test_a_product_is_cut_finer_where_that_is_much_faster():
    chip = load_chip("lepton-c1", [*ONE_CORE, "core.tensor_core.schedule=serial"])
    array = array_of(chip.core.tensor_core, "bf16")
    result = simulate(chip, load_model("gemm:2048x1024x512"))
    assert result.time_ps["core0.tensor"]["busy"] > gemm_cycles(array, 2048, 1024, 512).total * 1000
