"""The laws on real networks: the light models of the onnx wheel and exports of PyTorch, on the three shipped chips."""

from pathlib import Path

import onnx
import pytest

from leptonsim.api import simulate
from leptonsim.chip import load_chip
from leptonsim.model import load_model

LIGHT = sorted((Path(onnx.__file__).parent / "backend/test/data/light").glob("light_*.onnx"))
EXPORTS = sorted((Path(__file__).parents[1] / "data/exports").glob("*.onnx"))


SIZES = {"sequence": 32, "past": 32, "total": 33}
"""What is left open in the exports, and a size for it."""


def dims_of(path):
    declared = onnx.load(path, load_external_data=False).graph.input
    names = {dim.dim_param for value in declared for dim in value.type.tensor_type.shape.dim}
    return {name: size for name, size in SIZES.items() if name in names}


@pytest.fixture(scope="module")
def read():
    """Models, read once for all chips."""
    models = {}

    def of(path):
        if path not in models:
            models[path] = load_model(path, dims=dims_of(path))
        return models[path]

    return of


@pytest.mark.parametrize("chip", ["lepton-e1", "lepton-c1", "lepton-t1"])
@pytest.mark.parametrize("path", [*LIGHT, *EXPORTS], ids=lambda path: path.stem)
def test_networks_obey_the_laws(laws, read, path, chip):
    model = read(path)
    laws.obeyed_by(simulate(load_chip(chip), model), laws.macs_of(model))


@pytest.mark.parametrize("chip", ["lepton-e1", "lepton-c1", "lepton-t1"])
def test_a_key_value_cache_stays_on_the_device(laws, chip):
    model = load_model("zoo:llama-3-8b?seq=1&past=512")
    result = simulate(load_chip(chip), model)
    laws.obeyed_by(result, laws.macs_of(model))
    memory = result.program.memory
    cache = sum(model.graph.tensors[name].elements for name in model.graph.inputs if name.startswith("past"))
    assert memory.state_bytes >= cache
    assert memory.input_bytes < 1000
    assert memory.output_bytes == 128256 * memory.state_bytes // cache
