"""Models that leave a chip nothing to do."""

import onnx.parser
import pytest

from leptonsim.api import simulate
from leptonsim.chip import load_chip
from leptonsim.errors import LeptonError
from leptonsim.model import load_model


def model_of(body, **shapes):
    return load_model(onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 20]> {body}'), shapes=shapes)


def test_a_model_that_renames_its_input_is_refused():
    model = model_of(
        "g (float[2, 6] x) => (float[3, 4] y) { s = Constant<value_ints = [3, 4]>()  y = Reshape(x, s) }", x=(2, 6)
    )
    with pytest.raises(LeptonError, match="does nothing but rename its inputs"):
        simulate(load_chip("lepton-e1"), model)


def test_a_model_of_empty_tensors_is_refused():
    model = model_of("g (float[2, none] x) => (float[2, none] y) { y = Relu(x) }", x=(2, 0))
    with pytest.raises(LeptonError, match="every tensor of the model is empty"):
        simulate(load_chip("lepton-e1"), model)


def test_an_empty_tensor_beside_work_is_passed_over():
    body = (
        "g (float[2, 8] x, float[2, none] e) => (float[2, 8] y) { r = Relu(e)  c = Concat<axis = 1>(r, x)  y = Exp(c) }"
    )
    model = model_of(body, x=(2, 8), e=(2, 0))
    assert simulate(load_chip("lepton-c1"), model).steps[-1].time_ps > 0
