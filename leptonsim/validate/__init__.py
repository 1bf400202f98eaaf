"""How right leptonsim is: its models against figures from RTL, published models and machines.

``validate`` predicts every row of a file of reference data and reports the errors. Kinds of files are one module each
in this folder, recognised by the file's header.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leptonsim.validate.report import Report

__all__ = ["validate"]


def validate(path: str | Path, config: str | Path | None = None) -> Report:
    """Predict every row of a CSV file of reference data.

    ``config`` is the chip or engine to predict with (a shipped name or a YAML file) where the kind of data allows one;
    by default it is what ships with the package. Raises LeptonError for a file or configuration that cannot be read.
    """
    from leptonsim.validate.kind import kind_of
    from leptonsim.validate.report import Report
    from leptonsim.validate.table import read_table

    table = read_table(path)
    kind = kind_of(table)
    notes = (f"{config} is not used: {kind.no_config}",) if config is not None and kind.no_config else ()
    return Report(kind.name, kind.title, table.file, tuple(kind.predict(table, config)), notes)
