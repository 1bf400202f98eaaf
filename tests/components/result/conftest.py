"""Results to draw: real ones, and extremes made of them."""

import copy

import pytest

import leptonsim as ls
from leptonsim.result.load import SavedResult
from leptonsim.result.report import report_html
from leptonsim.result.step import Step


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
    return {name: ls.simulate(chip, ls.load_model(source)) for name, source in models.items()}


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
    return {name: saved(document) for name, document in documents.items()}


@pytest.fixture(scope="session")
def page_texts(runs, extremes):
    """Pages in HTML by name."""
    results = {"resnet50": runs["resnet50"], "many": extremes["5,000 operators"]}
    results["hostile"] = extremes["an hour of long names"]
    return {name: report_html(result) for name, result in results.items()}
