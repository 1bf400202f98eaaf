"""How many bits an element has in memory, and in which data type a product is computed.

Floating-point tensors are held in the data type of the run, whatever the file stores, unless a policy gives them one of
their own (a tensor's type is then the name of a type of the run); integers and booleans keep their own.
"""

from __future__ import annotations

RUN_BITS = {"int4": 4, "int8": 8, "fp8": 8, "bf16": 16, "fp16": 16, "tf32": 32, "fp32": 32}
"""Bits of one element in memory by data type of the run; tf32 is a way to multiply, stored in 32 bits."""

SUM_BITS = {"int16": 16, "int32": 32, "fp16": 16, "bf16": 16, "fp32": 32}
"""Bits of one partial sum by the data type in which products are summed."""

INTEGER_PRODUCTS = frozenset({"int4", "int8"})
"""Data types of products that are summed in integers; the others are summed in floating point."""

FLOATING = frozenset({"float", "float32", "float16", "bfloat16", "double", "float64"})
"""Element types of ONNX that the run's data type replaces."""

_INTEGER_BITS = {
    "bool": 8, "int2": 2, "uint2": 2, "int4": 4, "uint4": 4, "int8": 8, "uint8": 8, "int16": 16, "uint16": 16,
    "int32": 32, "uint32": 32, "int64": 64, "uint64": 64, "string": 64, "complex64": 64, "complex128": 128,
}  # fmt: skip
_PRODUCT_TYPES = {2: "int4", 4: "int4", 8: "int8"}


def element_bits(dtype: str, run_dtype: str) -> int:
    """Bits of one element in memory of a tensor of ONNX type ``dtype`` (lower case) when the run uses ``run_dtype``."""
    if dtype in FLOATING:
        return RUN_BITS[run_dtype]
    if dtype in RUN_BITS:
        return RUN_BITS[dtype]
    if dtype.startswith("float8"):
        return 8
    return 4 if dtype.startswith("float4") else _INTEGER_BITS[dtype]


def product_dtype(dtype: str, run_dtype: str) -> str:
    """Data type in which the tensor core multiplies elements of ONNX type ``dtype``.

    Integers of more than 8 bits are multiplied as fp32: the tensor cores modelled here have no wider integer product.
    """
    if dtype in FLOATING:
        return run_dtype
    if dtype in RUN_BITS:
        return dtype
    if dtype.startswith("float8"):
        return "fp8"
    return _PRODUCT_TYPES.get(element_bits(dtype, run_dtype), "fp32")
