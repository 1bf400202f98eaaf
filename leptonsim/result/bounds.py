"""Times that no run can beat: each engine's least work and each link's compulsory bytes.

They are derived from the model and the chip alone, not from the mapping, and are reported beside the time that was
simulated.
"""

from __future__ import annotations

from leptonsim.compiler.program import Program
from leptonsim.kernels.systolic import array_of
from leptonsim.machine.dram import DramModel
from leptonsim.machine.pcie import PcieLink


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
    rates: dict[str, float] = dict(core.vector_unit.rates.items())
    tensor = 0.0
    vector = 0.0
    arrays = {
        dtype: array_of(core.tensor_core, dtype)
        for dtype in dict.fromkeys(operator.dtype for operator in program.operators if operator.tensor_macs)
    }
    for operator in program.operators:
        if operator.tensor_macs:
            array = arrays[operator.dtype]
            cells = core.tensor_core.rows * core.tensor_core.cols * core.tensor_core.count * chip.cores
            tensor += operator.tensor_macs * array.rate_den / array.rate_num / cells
        cycles = (count / (core.vector_unit.lanes * rates[name]) for name, count in operator.vector.items())
        vector += sum(cycles, 0.0) / chip.cores
    memory = program.memory
    pcie = PcieLink(chip.pcie)
    peak = DramModel(chip.dram).peak_bytes_per_s
    inputs, outputs = requests * memory.input_bytes, requests * memory.output_bytes
    weights = max(0, memory.weights_read_bytes - memory.weights_on_host_bytes)
    return {
        "tensor_core": int(runs * tensor / clock * 1e12),
        "vector_unit": int(runs * vector / clock * 1e12),
        "dram": int((runs * weights + cold_bytes + inputs + outputs) / peak * 1e12),
        "pcie_in": int((inputs + cold_bytes + runs * memory.weights_on_host_bytes) / pcie.read_bytes_per_s * 1e12),
        "pcie_out": int(outputs / pcie.write_bytes_per_s * 1e12),
    }
