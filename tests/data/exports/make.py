"""Make the ONNX files of this folder: small networks as PyTorch's two exporters write them, without their weights.

    pip install torch==2.13.0 transformers onnx onnxscript
    python tests/data/exports/make.py [NAME ...]

Networks have few layers, real widths and random parameters. Names tell how a file was made:
``<network>.<exporter>.<batch>.onnx`` with exporter ``dynamo`` or ``torchscript`` and batch ``open`` (named
dimensions) or ``fixed`` (1 sample written into the shapes). Weights over 4 kB become external data in a file that
does not exist; recorded stack traces are dropped. Made with torch 2.13.0, transformers 5.23.0, onnx 1.23.2,
onnxscript 0.7.2. Not run by any test.
"""

import io
import math
import sys
import warnings
from collections import OrderedDict
from pathlib import Path

import onnx
import torch
import transformers
from torch import nn

HERE = Path(__file__).parent
KEPT_BYTES = 4096


class Bottleneck(nn.Module):
    """ResNet's bottleneck, version 1.5: the stride is in the 3x3 convolution."""

    def __init__(self, channels, width, stride):
        super().__init__()
        self.body = nn.Sequential(
            *conv_bn(channels, width, 1),
            nn.ReLU(),
            *conv_bn(width, width, 3, stride),
            nn.ReLU(),
            *conv_bn(width, 4 * width, 1),
        )
        self.shortcut = (
            nn.Identity()
            if stride == 1 and channels == 4 * width
            else nn.Sequential(*conv_bn(channels, 4 * width, 1, stride))
        )

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))


class InvertedResidual(nn.Module):
    """MobileNetV2's block: expand, depthwise, project."""

    def __init__(self, channels, outputs, stride, expand):
        super().__init__()
        hidden = channels * expand
        self.add = stride == 1 and channels == outputs
        self.body = nn.Sequential(
            *conv_bn(channels, hidden, 1),
            nn.ReLU6(),
            *conv_bn(hidden, hidden, 3, stride, hidden),
            nn.ReLU6(),
            *conv_bn(hidden, outputs, 1),
        )

    def forward(self, x):
        return x + self.body(x) if self.add else self.body(x)


def conv_bn(channels, outputs, kernel, stride=1, groups=1):
    return [
        nn.Conv2d(channels, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]


class Classifier(nn.Module):
    """A trunk, global pooling by view, and a linear layer."""

    def __init__(self, trunk, channels):
        super().__init__()
        self.trunk = trunk
        self.head = nn.Linear(channels, 1000)

    def forward(self, x):
        x = nn.functional.adaptive_avg_pool2d(self.trunk(x), 1)
        return self.head(x.view(x.size(0), -1))


class Tensors(nn.Module):
    """A Hugging Face model whose inputs and outputs are tensors by position."""

    def __init__(self, model, inputs, output):
        super().__init__()
        self.model, self.inputs, self.output = model, inputs, output

    def forward(self, *tensors):
        return getattr(self.model(**dict(zip(self.inputs, tensors, strict=True))), self.output)


class LlamaStep(nn.Module):
    """One decode step with a key-value cache as inputs and outputs."""

    def __init__(self, model, layers):
        super().__init__()
        self.model, self.layers = model, layers

    def forward(self, input_ids, attention_mask, *cache):
        past = transformers.DynamicCache()
        for layer in range(self.layers):
            past.update(cache[2 * layer], cache[2 * layer + 1], layer)
        out = self.model(input_ids=input_ids, attention_mask=attention_mask, past_key_values=past, use_cache=True)
        present = [tensor for layer in out.past_key_values.layers for tensor in (layer.keys, layer.values)]
        return (out.logits, *present)


def resnet():
    trunk = nn.Sequential(
        *conv_bn(3, 64, 7, 2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        Bottleneck(64, 64, 1),
        Bottleneck(256, 64, 1),
        Bottleneck(256, 128, 2),
    )
    return Classifier(trunk, 512), image(), {0: "batch"}


def mobilenetv2():
    trunk = nn.Sequential(
        *conv_bn(3, 32, 3, 2), nn.ReLU6(), InvertedResidual(32, 16, 1, 1), InvertedResidual(16, 24, 2, 6),
        InvertedResidual(24, 24, 1, 6), InvertedResidual(24, 32, 2, 6), *conv_bn(32, 1280, 1), nn.ReLU6(),
    )  # fmt: skip
    return Classifier(trunk, 1280), image(), {0: "batch"}


class SpeltHardSwish(nn.Module):
    """HardSwish as many MobileNetV3 files have it: x relu6(x + 3) / 6."""

    def forward(self, x):
        return x * nn.functional.relu6(x + 3) / 6


class SqueezeExcite(nn.Module):
    """Channels weighted by what a small network makes of their means."""

    def __init__(self, channels):
        super().__init__()
        squeezed = max(8, (channels // 4 + 4) // 8 * 8)
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            nn.ReLU(),
            nn.Conv2d(squeezed, channels, 1),
            nn.Hardsigmoid(),
        )

    def forward(self, x):
        return x * self.weigh(x)


class MobileBlock(nn.Module):
    """MobileNetV3's block: expand, depthwise, squeeze and excite, project."""

    def __init__(self, channels, kernel, hidden, outputs, excite, activation, stride):
        super().__init__()
        self.add = stride == 1 and channels == outputs
        self.body = nn.Sequential(
            *([*conv_bn(channels, hidden, 1), activation()] if hidden != channels else []),
            *conv_bn(hidden, hidden, kernel, stride, groups=hidden),
            activation(),
            *([SqueezeExcite(hidden)] if excite else []),
            *conv_bn(hidden, outputs, 1),
        )

    def forward(self, x):
        return x + self.body(x) if self.add else self.body(x)


def mobilenetv3():
    """MobileNetV3-Small (Howard et al. 2019, table 2), HardSwish spelt out in its last five blocks and head."""
    blocks = [
        (3, 16, 16, True, nn.ReLU, 2), (3, 72, 24, False, nn.ReLU, 2), (3, 88, 24, False, nn.ReLU, 1),
        (5, 96, 40, True, nn.Hardswish, 2), (5, 240, 40, True, nn.Hardswish, 1), (5, 240, 40, True, nn.Hardswish, 1),
        (5, 120, 48, True, SpeltHardSwish, 1), (5, 144, 48, True, SpeltHardSwish, 1),
        (5, 288, 96, True, SpeltHardSwish, 2), (5, 576, 96, True, SpeltHardSwish, 1),
        (5, 576, 96, True, SpeltHardSwish, 1),
    ]  # fmt: skip
    trunk, channels = [*conv_bn(3, 16, 3, 2), nn.Hardswish()], 16
    for kernel, hidden, outputs, excite, activation, stride in blocks:
        trunk.append(MobileBlock(channels, kernel, hidden, outputs, excite, activation, stride))
        channels = outputs
    trunk += [*conv_bn(96, 576, 1), SpeltHardSwish(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    head = [nn.Linear(576, 1024), SpeltHardSwish(), nn.Linear(1024, 1000)]
    return nn.Sequential(*trunk, *head), image(), {0: "batch"}


def encoder():
    """Attention that works on [token, sample, channel], as nn.MultiheadAttention does."""
    layer = nn.TransformerEncoderLayer(256, 4, 512)

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

        def forward(self, x):
            return self.layers(x.transpose(0, 1)).transpose(0, 1)

    return Encoder(), {"x": torch.randn(2, 50, 256)}, {0: "batch"}


def swinv2():
    """Shifted windows with masks, cosine attention."""
    config = transformers.Swinv2Config(image_size=64, embed_dim=32, depths=[2], num_heads=[2], window_size=4)
    return (
        Tensors(transformers.Swinv2Model(config), ["pixel_values"], "last_hidden_state"),
        {"pixel_values": torch.randn(2, 3, 64, 64)},
        {0: "batch"},
    )


def vit():
    config = transformers.ViTConfig(num_hidden_layers=2)
    return (
        Tensors(transformers.ViTForImageClassification(config), ["pixel_values"], "logits"),
        {"pixel_values": torch.randn(2, 3, 224, 224)},
        {0: "batch"},
    )


def bert():
    config = transformers.BertConfig(num_hidden_layers=2)
    model = Tensors(transformers.BertModel(config), ["input_ids", "attention_mask"], "last_hidden_state")
    return model, tokens("input_ids", "attention_mask"), {0: "batch", 1: "sequence"}


def gpt2():
    config = transformers.GPT2Config(n_layer=2, use_cache=False)
    return (
        Tensors(transformers.GPT2LMHeadModel(config), ["input_ids"], "logits"),
        tokens("input_ids"),
        {0: "batch", 1: "sequence"},
    )


def llama_config():
    return transformers.LlamaConfig(
        num_hidden_layers=2,
        hidden_size=1024,
        intermediate_size=2816,
        num_attention_heads=16,
        num_key_value_heads=4,
        vocab_size=32000,
    )


def llama():
    config = llama_config()
    config.use_cache = False
    return (
        Tensors(transformers.LlamaForCausalLM(config), ["input_ids"], "logits"),
        tokens("input_ids"),
        {0: "batch", 1: "sequence"},
    )


def llama_decode():
    config = llama_config()
    inputs = OrderedDict(
        input_ids=torch.ones(2, 1, dtype=torch.int64), attention_mask=torch.ones(2, 33, dtype=torch.int64)
    )
    for layer in range(config.num_hidden_layers):
        for part in ("key", "value"):
            inputs[f"past_{layer}_{part}"] = torch.randn(2, 4, 32, 64)
    return LlamaStep(transformers.LlamaForCausalLM(config), config.num_hidden_layers), inputs, "decode"


def lstm():
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.lstm, self.head = (
                nn.Embedding(1000, 128),
                nn.LSTM(128, 256, 2, batch_first=True, bidirectional=True),
                nn.Linear(512, 20),
            )

        def forward(self, input_ids):
            return self.head(self.lstm(self.embedding(input_ids))[0])

    return Tagger(), tokens("input_ids"), {0: "batch", 1: "sequence"}


def image():
    return {"image": torch.randn(2, 3, 224, 224)}


def tokens(*names):
    return OrderedDict((name, torch.ones(2, 32, dtype=torch.int64)) for name in names)


NETWORKS = {
    f.__name__: f
    for f in (resnet, mobilenetv2, mobilenetv3, encoder, swinv2, vit, bert, gpt2, llama, llama_decode, lstm)
}


def open_dimensions(inputs, axes):
    if axes == "decode":
        return {
            name: {0: "batch", 2: "past"}
            if name.startswith("past")
            else {0: "batch", 1: "total"}
            if name == "attention_mask"
            else {0: "batch"}
            for name in inputs
        }
    return {name: {axis: dim for axis, dim in axes.items() if axis < tensor.dim()} for name, tensor in inputs.items()}


def export(network, exporter, batch):
    model, inputs, axes = network()
    model.eval()
    if batch == "fixed":
        inputs = {name: tensor[:1] for name, tensor in inputs.items()}
    names = open_dimensions(inputs, axes) if batch == "open" else None
    arguments = tuple(inputs.values())
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if exporter == "dynamo":
            shapes = None
            if names is not None:
                dims = {name: torch.export.Dim(name, min=1, max=1 << 16) for name in ("batch", "sequence", "past")}
                dims["total"] = dims["past"] + 1
                each = tuple({axis: dims[dim] for axis, dim in names[name].items()} for name in inputs)
                shapes = each
                if isinstance(model, Tensors):
                    shapes = (each,)
                elif isinstance(model, LlamaStep):
                    shapes = (each[0], each[1], each[2:])
            program = torch.onnx.export(
                model, arguments, dynamo=True, dynamic_shapes=shapes, input_names=list(inputs), verbose=False
            )
            return program.model_proto
        buffer = io.BytesIO()
        torch.onnx.export(
            model, arguments, buffer, dynamo=False, input_names=list(inputs), dynamic_axes=names, opset_version=17
        )
        return onnx.load_from_string(buffer.getvalue())


def strip(graph, location):
    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
        for attribute in node.attribute:
            if attribute.HasField("g"):
                strip(attribute.g, location)
            if attribute.HasField("t"):
                absent(attribute.t, location)
    for tensor in graph.initializer:
        del tensor.metadata_props[:]
        absent(tensor, location)
    for value in [*graph.input, *graph.output, *graph.value_info]:
        del value.metadata_props[:]
    del graph.metadata_props[:]


def absent(tensor, location):
    elements = math.prod(tensor.dims)
    if elements * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize <= KEPT_BYTES:
        return
    for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data"):
        tensor.ClearField(field)
    del tensor.external_data[:]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location


def main(wanted):
    for name, network in NETWORKS.items():
        for exporter in ("dynamo", "torchscript"):
            for batch in ("open", "fixed"):
                path = HERE / f"{name}.{exporter}.{batch}.onnx"
                if wanted and not any(path.name.startswith(w) for w in wanted):
                    continue
                torch.manual_seed(0)
                try:
                    model = export(network, exporter, batch)
                except Exception as error:
                    print(f"{path.name}: not exported: {type(error).__name__}: {' '.join(str(error).split())[:300]}")
                    continue
                strip(model.graph, f"{path.stem}.weights")
                for function in model.functions:
                    del function.metadata_props[:]
                    for node in function.node:
                        del node.metadata_props[:]
                del model.metadata_props[:]
                path.write_bytes(model.SerializeToString(deterministic=True))
                print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, {len(model.graph.node)} nodes")


if __name__ == "__main__":
    main(sys.argv[1:])
