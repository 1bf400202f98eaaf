"""Models that leave a chip nothing to do."""

import onnx.parser
import pytest

from leptonsim.api import simulate
from leptonsim.chip import load_chip
from leptonsim.errors import LeptonError
from leptonsim.model import load_model


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("g (float[2, 6] x) => (float[3, 4] y) { s = Constant<value_ints = [3, 4]>()  y = Reshape(x, s) }", "rename"),
        ("g (float[2, 0, 4] x) => (float[2, 0, 4] y) { y = Relu(x) }", "every tensor of the model is empty"),
    ],
)
def test_a_model_without_work_is_refused(body, told):
    model = load_model(onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 20]> {body}'))
    with pytest.raises(LeptonError, match=told):
        simulate(load_chip("lepton-e1"), model)


def test_an_empty_tensor_beside_work_is_passed_over():
    body = "g (float[2, 8] x, float[2, 0] e) => (float[2, 8] y) { r = Relu(e)  c = Concat<axis = 1>(r, x)  y = Exp(c) }"
    model = load_model(onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 20]> {body}'))
    assert simulate(load_chip("lepton-c1"), model).steps[-1].time_ps > 0
