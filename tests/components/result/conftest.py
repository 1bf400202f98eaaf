"""Results to draw: real ones, and extremes made of them."""

import copy
import itertools

import onnx.parser
import pytest

import leptonsim as ls
from leptonsim.result import style
from leptonsim.result.load import SavedResult
from leptonsim.result.report import report_html
from leptonsim.result.step import Step

LACKING = """
<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]>
g (float[1,512,512] x) => (float[1,512,512] y)
{ a = Relu(x) d = ai.onnx.ml.Binarizer(a) y = Exp(d) }
"""
"""An operator that no chip can do between two that it can."""


def saved(document):
    """A result read back from its plain values."""
    steps = tuple(Step(**{**each, "spans_ps": dict(each["spans_ps"])}) for each in document["steps"])
    return SavedResult(document, steps)


def scaled(document, numerator, denominator=1):
    """The same run, slower or faster: times and energies are scaled, powers and rates follow."""
    result = copy.deepcopy(document)

    def time(value):
        return value * numerator // denominator

    result["makespan_ps"] = max(1, time(result["makespan_ps"]))
    for causes in result["time_ps"].values():
        for cause in causes:
            causes[cause] = time(causes[cause])
    for step in result["steps"]:
        for name in ("start_ps", "end_ps", "time_ps"):
            step[name] = time(step[name])
        step["spans_ps"] = {name: [time(begin), time(end)] for name, (begin, end) in step["spans_ps"].items()}
        step["waits_ps"] = {name: time(value) for name, value in step["waits_ps"].items()}
        for field in ("energy_breakdown_pj",):
            step[field] = {name: value * numerator / denominator for name, value in step[field].items()}
        step["energy_pj"] *= numerator / denominator
    for name in result["energy_breakdown_j"]:
        result["energy_breakdown_j"][name] *= numerator / denominator
    for name in ("latency_s", "latency_p50_s", "latency_p99_s", "energy_j", "energy_per_sample_j"):
        result[name] *= numerator / denominator
    return result


def repeated(document, count):
    """A run of ``count`` operators: the steps over and over, one after the other."""
    result = copy.deepcopy(document)
    steps, last = document["steps"], max(step["end_ps"] for step in document["steps"])
    made = []
    for number in range(count):
        step = copy.deepcopy(steps[number % len(steps)])
        shift = number // len(steps) * last
        step["name"] = f"block.{number // len(steps)}.{step['name']}"
        step["start_ps"], step["end_ps"] = step["start_ps"] + shift, step["end_ps"] + shift
        spans = step["spans_ps"].items()
        step["spans_ps"] = {name: [begin + shift, end + shift] for name, (begin, end) in spans}
        made.append(step)
    result["steps"] = made
    return result


@pytest.fixture(scope="session")
def runs():
    """Real runs by name."""
    chip = ls.load_chip("lepton-c1")
    models = {"resnet50": "zoo:resnet50", "llama": "zoo:llama-3-8b?seq=1&past=128", "one operator": "gemm:64x64x64"}
    found = {name: ls.simulate(chip, ls.load_model(source)) for name, source in models.items()}
    lacking = ls.load_model(onnx.parser.parse_model(LACKING))
    found["work of the host"] = ls.execute(ls.compile(chip, lacking, unsupported="host"))
    return found


@pytest.fixture(scope="session")
def extremes(runs):
    """Results of every size and length by name."""
    resnet, one = runs["resnet50"].to_dict(), runs["one operator"].to_dict()
    long = scaled(resnet, 3600 * 10**12, resnet["makespan_ps"])
    long["model"] = "m" * 300
    for step in long["steps"]:
        step["name"] = f"{step['name']}.<script>alert(1)</script>$\\frac{{}}$" + "/n" * 140
    cores = ls.load_chip("lepton-c1", ["cores=64"])
    documents = {
        "one operator of a nanosecond": scaled(one, 1000, one["makespan_ps"]),
        "an hour of long names": long,
        "5,000 operators": repeated(resnet, 5000),
        "64 cores": ls.simulate(cores, ls.load_model("zoo:resnet50")).to_dict(),
    }
    host = {"work of the host": runs["work of the host"]}
    return {**{name: saved(document) for name, document in documents.items()}, **host}


@pytest.fixture(scope="session")
def governed(runs):
    """A run under a governor: the part ``power`` as results of such runs have it, with even pieces."""
    document = copy.deepcopy(runs["resnet50"].to_dict())
    ends = [document["makespan_ps"] * number // 8 for number in range(9)]
    watts = [1.0 * number for number in range(len(style.COMPONENTS))]
    document["power"] = {
        "governor": "ondemand", "samples": 8, "changes": 3, "residency_ps": {"eco": ends[4], "base": ends[8] - ends[4]},
        "throttled_ps": 0, "die_max_c": 52.0, "die_end_c": 52.0, "die_steady_c": 61.0,
        "components": list(document["energy_breakdown_j"]),
        "segments": [
            [begin, end, 10**9 if number > 3 else 7 * 10**8, 0.55, 45.0 + number, *watts]
            for number, (begin, end) in enumerate(itertools.pairwise(ends))
        ],
        "domains": {},
    }  # fmt: skip
    return saved(document)


@pytest.fixture(scope="session")
def page_texts(runs, extremes):
    """Pages in HTML by name."""
    results = {"resnet50": runs["resnet50"], "many": extremes["5,000 operators"]}
    results["hostile"] = extremes["an hour of long names"]
    return {name: report_html(result) for name, result in results.items()}
