"""Makes the files of this folder: small networks, quantised and optimised by ONNX Runtime, and the shapes of a run.

    python tests/data/onnxruntime/make.py          needs torch, transformers, onnxscript, onnxruntime

Each file is written without its large weights; ``shapes.json`` holds, for every file, the inputs of the run and the
shape of every tensor that ONNX Runtime computed in it, graph optimisations off.
"""

import json
import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.transformers import optimizer

from leptonsim.model.protos import strip_weights

HERE = Path(__file__).parent
SHAPES = {}


class Cnn(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3, 2, 1), torch.nn.BatchNorm2d(16), torch.nn.ReLU())
        self.depthwise = torch.nn.Conv2d(16, 16, 3, 1, 1, groups=16)
        self.pointwise = torch.nn.Conv2d(16, 16, 1)
        self.fc = torch.nn.Linear(32, 10)

    def forward(self, x):
        x = self.stem(x)
        y = torch.nn.functional.leaky_relu(self.pointwise(torch.relu(self.depthwise(x))), 0.1) + x
        y = torch.cat([y, torch.sigmoid(x)], 1)
        y = torch.nn.functional.avg_pool2d(y, 2) * 0.5
        return self.fc(y.mean((2, 3)))


class Bert(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = bert()

    def forward(self, ids, mask, types):
        return self.model(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state


def bert():
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=100, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=32, attn_implementation="eager",
    )  # fmt: skip
    return BertModel(config).eval()


class Feeds(CalibrationDataReader):
    def __init__(self, feed, count=3):
        self._feeds = iter([feed] * count)

    def get_next(self):
        return next(self._feeds, None)


def keep(name, path, feed):
    """Run with every tensor as an output, note the shapes, and keep the file without weights."""
    model = onnx.load(path)
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    known = {value.name for value in watched.graph.output}
    for node in watched.graph.node:
        watched.graph.output.extend(
            onnx.ValueInfoProto(name=tensor) for tensor in node.output if tensor and tensor not in known
        )
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(watched.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    found = {tensor: list(np.shape(value)) for tensor, value in zip(names, session.run(None, feed), strict=True)}
    SHAPES[name] = {"inputs": {key: list(value.shape) for key, value in feed.items()}, "tensors": found}
    strip_weights(model)
    del model.graph.value_info[:]
    model.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))
    print(name, sorted({f"{node.domain}:{node.op_type}" for node in model.graph.node if node.domain}))


def nodes(*made, inputs, outputs, weights=()):
    initializers = [
        helper.make_tensor(n, t, s, np.zeros(s, helper.tensor_dtype_to_np_dtype(t)).tobytes(), raw=True)
        for n, t, s in weights
    ]
    graph = helper.make_graph(
        list(made), "one", [helper.make_tensor_value_info(n, t, s) for n, t, s in inputs],
        [onnx.ValueInfoProto(name=n) for n in outputs], initializers,
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def decoder(past=7, seq=1, heads=4, kv=2, size=16):
    """A decoder layer as ONNX Runtime's model builder writes it."""
    ms, f, i32, width = {"domain": "com.microsoft"}, TensorProto.FLOAT, TensorProto.INT32, 64
    make = helper.make_node
    group = [
        make("SimplifiedLayerNormalization", ["x", "gamma"], ["n"], axis=-1, epsilon=1e-5, stash_type=1),
        make("MatMulNBits", ["n", "wq", "sq"], ["qkv"], K=width, N=128, bits=4, block_size=32, accuracy_level=4, **ms),
        make(
            "GroupQueryAttention", ["qkv", "", "", "pk", "pv", "lens", "total", "cos", "sin"], ["a", "k", "v"],
            num_heads=heads, kv_num_heads=kv, do_rotary=1, **ms,
        ),
        make("MatMulNBits", ["a", "wo", "so"], ["o"], K=width, N=width, bits=4, block_size=32, **ms),
        make("SkipSimplifiedLayerNormalization", ["x", "o", "gamma"], ["m", "", "", "r"], epsilon=1e-5, **ms),
        make("QuickGelu", ["m"], ["g"], **ms),
        make("FusedMatMul", ["g", "wt"], ["y"], transB=1, alpha=0.5, **ms),
        make("FastGelu", ["y"], ["fg"], **ms),
        make("BiasGelu", ["y", "bias"], ["bg"], **ms),
        make("RotaryEmbedding", ["r4", "positions", "cos", "sin"], ["rot"], **ms),
        make("Reshape", ["r", "r4s"], ["r4"]),
    ]  # fmt: skip
    group[-1], group[-2] = group[-2], group[-1]
    model = nodes(
        *group,
        inputs=[
            ("x", f, [1, seq, width]), ("pk", f, [1, kv, past, size]), ("pv", f, [1, kv, past, size]),
            ("lens", i32, [1]), ("positions", TensorProto.INT64, [1, seq]),
        ],
        outputs=["fg", "bg", "rot", "k", "v"],
        weights=[
            ("gamma", f, [width]), ("wq", TensorProto.UINT8, [128, 2, 16]), ("sq", f, [256]),
            ("wo", TensorProto.UINT8, [width, 2, 16]), ("so", f, [128]), ("wt", f, [96, width]), ("bias", f, [96]),
            ("cos", f, [64, size // 2]), ("sin", f, [64, size // 2]),
        ],
    )  # fmt: skip
    model.graph.initializer.append(helper.make_tensor("total", i32, [1], [past + seq]))
    model.graph.initializer.append(helper.make_tensor("r4s", TensorProto.INT64, [4], [1, heads, seq, size]))
    feed = {
        "x": np.ones((1, seq, width), np.float32),
        "pk": np.ones((1, kv, past, size), np.float32),
        "pv": np.ones((1, kv, past, size), np.float32),
        "lens": np.array([past + seq - 1], np.int32),
        "positions": np.full((1, seq), past, np.int64),
    }
    return model, feed


def main():
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        path = {name: str(Path(folder) / f"{name}.onnx") for name in ("plain", "made", "optimised")}
        image = {"x": np.random.default_rng(0).random((1, 3, 32, 32), np.float32)}
        torch.onnx.export(
            Cnn().eval(), (torch.from_numpy(image["x"]),), path["plain"], input_names=["x"], opset_version=17,
            dynamo=False,
        )  # fmt: skip
        for name, style in (("cnn.qdq", QuantFormat.QDQ), ("cnn.qoperator", QuantFormat.QOperator)):
            quantize_static(path["plain"], path["made"], Feeds(image), quant_format=style, per_channel=style.value == 1)
            keep(name, path["made"], image)
        quantize_dynamic(path["plain"], path["made"], weight_type=QuantType.QUInt8)
        keep("cnn.dynamic", path["made"], image)

        ids = np.arange(12, dtype=np.int64).reshape(1, 12)
        text = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        torch.onnx.export(
            Bert().eval(), tuple(torch.from_numpy(v) for v in text.values()), path["plain"], input_names=list(text),
            opset_version=17, dynamo=False,
        )  # fmt: skip
        keep("bert.plain", path["plain"], text)
        quantize_dynamic(path["plain"], path["made"], weight_type=QuantType.QInt8)
        keep("bert.dynamic", path["made"], text)
        quantize_static(path["plain"], path["made"], Feeds(text), quant_format=QuantFormat.QDQ)
        keep("bert.qdq", path["made"], text)
        quantize_static(path["plain"], path["made"], Feeds(text), quant_format=QuantFormat.QOperator)
        keep("bert.qoperator", path["made"], text)
        four_bits = MatMulNBitsQuantizer(onnx.load(path["plain"]), block_size=32, is_symmetric=False)
        four_bits.process()
        onnx.save(four_bits.model.model, path["made"])
        keep("bert.int4", path["made"], text)
        options = ort.SessionOptions()
        for name, level in (("bert.extended", "ORT_ENABLE_EXTENDED"), ("bert.basic", "ORT_ENABLE_BASIC")):
            options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, level)
            options.optimized_model_filepath = path["made"]
            ort.InferenceSession(path["plain"], options, providers=["CPUExecutionProvider"])
            keep(name, path["made"], text)
        optimised = optimizer.optimize_model(path["plain"], "bert", num_heads=4, hidden_size=64, opt_level=0)
        optimised.save_model_to_file(path["optimised"])
        keep("bert.transformers", path["optimised"], text)
        floating = {"DefaultTensorType": TensorProto.FLOAT}
        quantize_dynamic(path["optimised"], path["made"], weight_type=QuantType.QInt8, extra_options=floating)
        keep("bert.transformers.dynamic", path["made"], text)

        model, feed = decoder()
        onnx.save(model, path["made"])
        keep("decoder.genai", path["made"], feed)
    (HERE / "shapes.json").write_text(json.dumps(SHAPES, sort_keys=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
