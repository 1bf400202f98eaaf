"""A result as plain values and as JSON text; ``schema.json`` says what each field is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leptonsim.result.governed import power_block

if TYPE_CHECKING:
    from leptonsim.result.result import Result

SCHEMA = "leptonsim-result-1"
FIELDS = (
    "chip", "model", "batch", "dtype", "requests", "runs", "makespan_ps", "latency_s", "latency_p50_s",
    "latency_p99_s", "throughput_per_s", "tokens_per_s", "energy_j", "energy_per_sample_j", "power_avg_w",
    "power_peak_w", "merit", "utilization", "time_ps", "tensor_cycles", "bounds_ps", "peaks", "energy_breakdown_j",
    "copies_breakdown_j", "dram_energy_j", "blocks", "macs", "bytes", "memory", "operators", "events", "warnings",
    "upper_bounds", "provenance", "chip_parameters",
)  # fmt: skip
"""What the JSON holds beside the steps, in its order; each is an attribute of ``Result``."""


def document(result: Result) -> dict[str, Any]:
    """The result as plain values, in the order of the schema."""
    return {
        "schema": SCHEMA,
        **{name: getattr(result, name) for name in FIELDS},
        **({} if result.power is None else {"power": power_block(result.power)}),
        "warnings": list(result.warnings),
        "steps": [step._asdict() for step in result.steps],
    }


def json_text(document: Mapping[str, Any]) -> str:
    """Plain values as JSON text: a line for each step, segment of power and piece of a clock, the rest indented."""
    short = {**document, "steps": None}
    encode = json.JSONEncoder(allow_nan=False).encode
    if "power" in document:
        domains = document["power"]["domains"]
        short["power"] = {
            **document["power"],
            "domains": {name: {**domain, "pieces": None} for name, domain in domains.items()},
            "segments": None,
        }
    head = json.dumps(short, indent=1, allow_nan=False)
    if "power" in document:
        segments = ",\n   ".join(map(encode, document["power"]["segments"]))
        head = head.replace('\n  "segments": null', f'\n  "segments": [\n   {segments}\n  ]', 1)
        for domain in domains.values():
            pieces = ",\n     ".join(map(encode, domain["pieces"]))
            head = head.replace('\n    "pieces": null', f'\n    "pieces": [\n     {pieces}\n    ]', 1)
    steps = ",\n  ".join(map(encode, document["steps"]))
    # no text in JSON has a line break in it: this is the field and nothing else
    return head.replace('\n "steps": null', f'\n "steps": [\n  {steps}\n ]', 1) + "\n"
