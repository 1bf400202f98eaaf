"""Every operator and how it is modelled: the table behind ``leptonsim operators`` and docs/operators.md.

Nothing is written down twice: a row says what the docstring of a lowering says first, or the cost that its file's table
gives; what the reader settles before there is any work (constants, control flow, sequences) is told by the reader's own
tables. Operators of ONNX that are in neither are listed as such.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from leptonsim.compiler.lowering import Lowering, lowerings
from leptonsim.compiler.passes.split_recurrent import DOMAIN
from leptonsim.model.definition import SPELT_OUT
from leptonsim.model.reader import CONTROL, KNOWN_BY_ITSELF
from leptonsim.model.rebatch import RECURRENT
from leptonsim.model.sequences import SEQUENCE_OPERATORS

BY_DEFINITION = "Replaced by the operators that ONNX defines it by."
NOT_MODELLED = "Not modelled: an error that names the node, or a step on the host (--unsupported host)."


@dataclass(frozen=True, slots=True)
class Row:
    """One operator: its domain ("ai.onnx" for ONNX's own), how it is modelled, and the file that says so."""

    domain: str
    name: str
    how: str
    file: str


def rows() -> list[Row]:
    """All operators, ONNX's own first, each domain by name."""
    known = lowerings()
    found = [_lowered(key, lowering) for key, lowering in known.items() if not key.startswith(f"{DOMAIN}::")]
    found += [
        Row("ai.onnx", name, _sentence(known[f"{DOMAIN}::{name}"]), _file(known[f"{DOMAIN}::{name}"]))
        for name in sorted(RECURRENT)
    ]
    settled: dict[str, str] = dict.fromkeys(KNOWN_BY_ITSELF, "A constant: folded as the model is read.")
    settled.update({name: (walk.__doc__ or "").split("\n\n")[0] for name, walk in CONTROL.items()})
    settled.update({name: BY_DEFINITION for domain, name in SPELT_OUT if not domain})
    settled.update(dict.fromkeys(SEQUENCE_OPERATORS, "Resolved as the model is read: which tensor is which is known."))
    found += [Row("ai.onnx", name, " ".join(how.split()), "model") for name, how in settled.items()]
    found += [Row(domain, name, BY_DEFINITION, "model") for domain, name in SPELT_OUT if domain]
    named = {row.name for row in found if row.domain == "ai.onnx"}
    found += [Row("ai.onnx", name, NOT_MODELLED, "") for name in _of_onnx() if name not in named]
    return sorted(found, key=lambda row: (row.domain != "ai.onnx", row.domain, row.name))


def markdown() -> str:
    """The page docs/operators.md."""
    lines = [
        "# Operators",
        "",
        "Every operator that leptonsim knows and how it is modelled; `leptonsim operators` prints the same. This page",
        "is written by `leptonsim operators --markdown` and a test holds it against the code. Costs of element-wise",
        "operators are vector operations for each output element; their classes are explained in",
        "`leptonsim/compiler/work.py`. How to add one: [adding-an-operator.md](adding-an-operator.md).",
    ]
    domain = ""
    for row in rows():
        if row.domain != domain:
            domain = row.domain
            lines += ["", f"## {domain}", "", "| operator | how it is modelled | where |", "|---|---|---|"]
        how = row.how.replace("|", "\\|")
        lines.append(f"| {row.name} | {how} | {row.file} |")
    return "\n".join(lines) + "\n"


def _lowered(key: str, lowering: Lowering) -> Row:
    domain, _, name = key.rpartition("::")
    table: Mapping[str, Mapping[str, int]] = getattr(sys.modules[lowering.__module__], "COST", {})
    how = _sentence(lowering)
    if name in table:
        how = "Vector unit: " + ", ".join(f"{count} {function}" for function, count in table[name].items()) + "."
    return Row(domain or "ai.onnx", name, how, _file(lowering))


def _sentence(lowering: Lowering) -> str:
    """What a docstring says before its first blank line."""
    return " ".join((lowering.__doc__ or "").split("\n\n")[0].split())


def _file(lowering: Lowering) -> str:
    return lowering.__module__.rpartition(".")[2]


def _of_onnx() -> list[str]:
    """Operators of ONNX's own domain, those that are only of use in training or withdrawn left out."""
    from onnx import defs

    return sorted({schema.name for schema in defs.get_all_schemas() if schema.domain == "" and not schema.deprecated})
