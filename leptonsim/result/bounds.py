"""Times that no run can beat: each engine's least work and each link's compulsory bytes.

They are derived from the model and the chip alone, not from the mapping, and are reported beside the time that was
simulated.
"""

from __future__ import annotations

from typing import Any

from leptonsim.chip.spec import Chip
from leptonsim.compiler.program import Program
from leptonsim.fabric.dram import memory_at_start
from leptonsim.fabric.pcie import PcieLink
from leptonsim.kernels.systolic import array_of


def bounds_ps(program: Program, requests: int, cold_bytes: int) -> dict[str, int]:
    """Least picoseconds of the whole run by what would bind it.

    ``tensor_core``: multiply-accumulates at every cell's peak; ``vector_unit``: operations at peak; ``dram``: the
    weights that are read once a run, inputs written and outputs read by the host's copies, at pin bandwidth;
    ``pcie_in`` and ``pcie_out``: inputs (with weights that are copied first, ``cold_bytes``, or streamed) and outputs
    at the link's rate.
    """
    chip, core = program.chip, program.chip.core
    runs = requests * program.runs_per_request
    clock = chip.clocks.core_hz
    lanes = core.vector_unit.lanes
    in_a_cycle: dict[str, float] = {name: lanes * rate for name, rate in core.vector_unit.rates.items()}
    cells = core.tensor_core.rows * core.tensor_core.cols * core.tensor_core.count * chip.cores
    tensor = 0.0
    vector = 0.0
    arrays = {
        dtype: array_of(core.tensor_core, dtype)
        for dtype in dict.fromkeys(operator.dtype for operator in program.operators if operator.tensor_macs)
    }
    for operator in program.operators:
        if operator.tensor_macs:
            array = arrays[operator.dtype]
            tensor += operator.tensor_macs * array.rate_den / array.rate_num / cells
        vector += sum([count / in_a_cycle[name] for name, count in operator.vector.items()], 0.0) / chip.cores
    memory = program.memory
    pcie = PcieLink(chip.pcie)
    peak = memory_at_start(chip).peak_bytes_per_s
    inputs, outputs = requests * memory.input_bytes, requests * memory.output_bytes
    weights = max(0, memory.weights_read_bytes - memory.weights_on_host_bytes)
    return {
        "tensor_core": int(runs * tensor / clock * 1e12),
        "vector_unit": int(runs * vector / clock * 1e12),
        "dram": int((runs * weights + cold_bytes + inputs + outputs) / peak * 1e12),
        "pcie_in": int((inputs + cold_bytes + runs * memory.weights_on_host_bytes) / pcie.read_bytes_per_s * 1e12),
        "pcie_out": int(outputs / pcie.write_bytes_per_s * 1e12),
    }


def peaks(chip: Chip) -> dict[str, Any]:
    """What the chip could do in a second, all cores together: the roofs of a roofline; and the power it is made for.

    ``macs_per_s``: multiply-accumulates of all cells by data type; ``vector_operations_per_s``: operations of all lanes
    at the rate of the fastest function; ``dram_bytes_per_s``: DRAM's pins; ``tdp_w``: what it may draw for long.
    """
    core, clock = chip.core, chip.clocks.core_hz
    array = core.tensor_core
    cells = array.rows * array.cols * array.count * chip.cores
    tensor_rates: dict[str, float] = dict(array.rates.items())
    vector_rates: dict[str, float] = dict(core.vector_unit.rates.items())
    return {
        "macs_per_s": {dtype: cells * clock * rate for dtype, rate in sorted(tensor_rates.items())},
        "vector_operations_per_s": core.vector_unit.lanes * chip.cores * clock * max(vector_rates.values()),
        "dram_bytes_per_s": memory_at_start(chip).peak_bytes_per_s,
        "tdp_w": chip.power.tdp_w,
    }
