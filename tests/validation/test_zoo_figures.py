"""The built-in models against the parameters and multiply-accumulates that are published for them.

Parameters are counted over the declared weights of the ONNX file, MACs over the shapes of its convolutions and matrix
products: nothing of the compiler is used.
"""

import math

import onnx
import pytest

from leptonsim.model import load_model
from leptonsim.model.zoo import build_from_url, zoo_names

NOT_COUNTED = (".mean", ".var", "anchors", "strides")
"""Running statistics and fixed grids: buffers in PyTorch, not parameters."""

PARAMETERS = {
    # torchvision, num_params of the weights' metadata.
    "resnet50": 25_557_032,
    "mobilenet-v2": 3_504_872,
    "efficientnet-b0": 5_288_548,
    "vit-b16": 86_567_656,
    # Ultralytics, summary of yolov8n.yaml: 3,157,200 parameters.
    "yolo-v8n": 3_157_200,
    # Diffusers, UNet2DConditionModel of stable-diffusion-v1-5: 859,520,964.
    "unet": 859_520_964,
    # Transformers: num_parameters() of the published configurations.
    "segformer-b0": 3_752_694,
    "bert-base": 109_482_240,
    "bert-large": 335_141_888,
    "gpt2": 124_439_808,
    "t5-small": 60_506_624,
    "whisper-small": 241_734_912,
    "llama-3-8b": 8_030_261_248,
    "llama-3-70b": 70_553_706_496,
    "mixtral-8x7b": 46_702_792_704,
    # Naumov et al. 2019, section 5.1: about 540 M; here tables of 33,762,577 rows of 16 and 475,985 in the MLPs.
    "dlrm": 33_762_577 * 16 + 475_985,
}

MACS = {
    # torchvision, GFLOPS of the weights' metadata, one for each multiply-accumulate.
    "resnet50": (4.089e9, 1e-3),
    "mobilenet-v2": (0.301e9, 2e-3),
    "efficientnet-b0": (0.386e9, 2e-3),
    "vit-b16": (17.564e9, 1e-3),
    # Ultralytics, YOLOv8 performance table: 8.7 B FLOPs at 640 pixels, two for each multiply-accumulate.
    "yolo-v8n": (8.7e9 / 2, 1e-2),
    # Xie et al. 2021, table 2: 8.4 GFLOPs at 512 x 512, one for each multiply-accumulate.
    "segformer-b0": (8.4e9, 1e-2),
    # Sun et al., MobileBERT, 2020, table 4: 22.5 B FLOPS for BERT base at 128 tokens, two for each.
    "bert-base": (22.5e9 / 2, 2e-2),
    # Desislavov et al., Trends in AI inference energy consumption, 2021: 79 GFLOPs for BERT large at 128 tokens.
    "bert-large": (7.9e10 / 2, 1e-2),
}


def parameters(url):
    return {
        tensor.name: math.prod(tensor.dims)
        for tensor in build_from_url(url).graph.initializer
        if tensor.data_location == onnx.TensorProto.EXTERNAL and not tensor.name.endswith(NOT_COUNTED)
    }


def macs(graph, between_activations=True):
    total = 0
    for node in graph.nodes:
        shapes = [graph.tensors[name].shape for name in node.inputs if name]
        out = graph.tensors[node.outputs[0]].elements
        if node.op_type == "Conv":
            total += out * math.prod(shapes[1][1:])
        elif node.op_type == "MatMul" and (between_activations or graph.tensors[node.inputs[1]].kind == "weight"):
            total += out * shapes[0][-1]
        elif node.op_type == "Gemm":
            total += out * shapes[0][1]
    return total


def test_every_built_in_model_has_a_published_number_of_parameters():
    assert set(PARAMETERS) == set(zoo_names())


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_built_in_model_has_the_published_parameters(name):
    assert sum(parameters(name).values()) == PARAMETERS[name]


@pytest.mark.parametrize("name", MACS)
def test_a_built_in_model_does_the_published_work(name):
    published, tolerance = MACS[name]
    assert macs(load_model(f"zoo:{name}").graph) == pytest.approx(published, rel=tolerance)


def test_the_u_net_of_stable_diffusion_does_the_published_work():
    # Kim et al., BK-SDM, 2023, table 3: 339 GMAC for one step of v1.4 (the same U-Net), attention products left out.
    assert macs(load_model("zoo:unet").graph, between_activations=False) == pytest.approx(339e9, rel=2e-3)
    # Self-attention over 4096, 1024, 256 and (in the middle) 64 pixels; the text has 77 tokens. By hand.
    blocks = {4096: (5, 320), 1024: (5, 640), 256: (5, 1280), 64: (1, 1280)}
    products = sum(count * 2 * pixels * (pixels + 77) * width for pixels, (count, width) in blocks.items())
    graph = load_model("zoo:unet").graph
    assert macs(graph) - macs(graph, between_activations=False) == products


@pytest.mark.parametrize(
    ("url", "layers", "key_width", "unread"),
    [
        # Not multiplied by: positions, normalisations and biases (GPT-2 multiplies by its table at the end), the table
        # of tokens.
        ("gpt2?seq=1&past=99", 12, 768, (1024 + 12 * 13 + 2) * 768),
        ("llama-3-70b?seq=1&past=99", 80, 8192, 128_256 * 8192 + 161 * 8192),
    ],
)
def test_a_decode_step_multiplies_once_by_every_weight_of_its_products(url, layers, key_width, unread):
    graph = load_model(f"zoo:{url}").graph
    attention = layers * 2 * 100 * key_width
    assert macs(graph) == sum(parameters(url).values()) - unread + attention


def test_whisper_multiplies_for_audio_and_text_as_counted_by_hand():
    audio, width, seq = 1500, 768, 4
    layer = audio * 12 * width * width + 2 * audio * audio * width
    encoder = 12 * layer + 3000 * width * 80 * 3 + audio * width * width * 3
    text = seq * (4 + 2 + 8) * width * width + 2 * audio * width * width + 2 * seq * (seq + audio) * width
    assert macs(load_model("zoo:whisper-small").graph) == encoder + 12 * text + 51865 * width


def test_t5_multiplies_for_both_texts_as_counted_by_hand():
    text, width, wide = 128, 512, 2048
    encoder = text * (4 * width * width + 2 * width * wide) + 2 * text * text * width
    decoder = (4 + 2) * width * width + 2 * width * wide + 2 * text * width * width + 2 * (1 + text) * width
    assert macs(load_model("zoo:t5-small").graph) == 6 * (encoder + decoder) + 32128 * width


def test_dlrm_multiplies_for_its_layers_and_pairs_as_counted_by_hand():
    bottom = 13 * 512 + 512 * 256 + 256 * 64 + 64 * 16
    top = (16 + 27 * 26 // 2) * 512 + 512 * 256 + 256
    assert macs(load_model("zoo:dlrm").graph) == bottom + top + 27 * 27 * 16


@pytest.mark.parametrize(("tokens", "experts"), [(1, 2), (2, 4), (4, 5), (8, 7), (64, 8)])
def test_tokens_meet_the_expected_number_of_different_experts(tokens, experts):
    # 8 (1 - (3/4)^T): 2, 3.5, 5.47, 7.20, 8.00.
    graph = load_model(f"zoo:mixtral-8x7b?seq=1&past=7&batch={tokens}").graph
    product = next(node for node in graph.nodes if node.name == "layers.0.experts.w1.matmul")
    share = math.ceil(2 * tokens / experts)
    assert graph.tensors[product.inputs[0]].shape == (experts, share, 4096)
    assert graph.tensors[product.inputs[1]].shape == (experts, 4096, 14336)


def test_a_token_of_mixtral_multiplies_by_the_published_active_parameters():
    # Jiang et al. 2024: 13 B active parameters; a token multiplies by all of them but the table of tokens.
    graph = load_model("zoo:mixtral-8x7b?seq=1&past=1").graph
    assert macs(graph) == pytest.approx(12.9e9 - 32000 * 4096, rel=1e-2)
