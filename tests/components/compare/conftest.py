"""Results to compare: of a real run, and with steps and fields made up."""

from collections.abc import Callable
from typing import Any

import pytest

import leptonsim as ls
from leptonsim.result.load import SavedResult, load_result


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> SavedResult:
    """The saved result of one operator on one core."""
    path = tmp_path_factory.mktemp("base") / "base.json"
    ls.simulate(ls.load_chip("lepton-c1", ["cores=1"]), ls.load_model("gemm:64x64x64")).save(path)
    return load_result(path)


@pytest.fixture(scope="session")
def made(base: SavedResult) -> Callable[..., SavedResult]:
    """made([(name, engine, time_ps), ...], field=value) -> the base with other steps and other fields."""

    def make(steps: list[tuple[str, str, int]] | None = None, **fields: Any) -> SavedResult:
        (step,) = base.steps
        others = steps if steps is not None else [(step.name, step.engine, step.time_ps)]
        made = [step._replace(name=name, engine=engine, time_ps=time) for name, engine, time in others]
        return SavedResult({**base.document, **fields}, tuple(made))

    return make
