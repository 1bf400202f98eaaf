import json

import pytest

from leptonsim.errors import LeptonError
from leptonsim.explore.results import chosen, ordered, table, to_csv, to_json, to_parquet
from leptonsim.explore.store import Row


def row(key, latency_s, sram="1 MiB", status="ok", error=None, **parameters):
    measures = {} if latency_s is None else {"latency_s": latency_s, "bound_by": "dram", "makespan_ps": 7}
    options = {"batch": 1, "dtype": "int8", "requests": 1, "cold": False, "mapping": "own"}
    return Row(
        "s", key, "c1", "m", {"core.sram.size": sram, **parameters}, status, error, "c", "d", options, "0.1", measures
    )


ROWS = [
    row("c", 0.25, "8 MiB"),
    row("a", 0.1 + 0.2, "64 KiB", cores="4"),
    row("b", None, "16 MiB", "failed", 'said "no", twice'),
]


def keys(records):
    return "".join(record["key"] for record in records)


def test_csv_is_sorted_exact_and_holds_no_time_of_day():
    text = to_csv(ordered(table(ROWS), ()))
    lines = text.splitlines()
    assert lines[0].startswith(
        "key,sweep,chip,model,batch,dtype,requests,cold,mapping,core.sram.size,cores,status,error,latency_s,"
    )
    assert [line[0] for line in lines[1:]] == ["a", "b", "c"]
    assert ",0.30000000000000004," in lines[1]
    assert ',failed,"said ""no"", twice",,' in lines[2]
    assert lines[3].endswith(",0.1")
    assert text == to_csv(ordered(table(reversed(ROWS)), ()))


def test_rows_sort_by_value_not_by_letters():
    records = table(ROWS)
    assert keys(ordered(records, ["core.sram.size"])) == "acb"
    assert keys(ordered(records, ["-core.sram.size"])) == "bca"
    assert keys(ordered(records, ["latency_s"])) == "cab"
    assert keys(ordered(records, ["-latency_s"])) == "acb"
    assert keys(ordered(records, ["sweep", "-key"])) == "cba"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("latency_s < 0.3", "c"),
        ("latency_s > 0", "ca"),
        ("core.sram.size >= 8 MiB", "cb"),
        ("status == 'failed'", "b"),
        ("cores == 4", "a"),
        ("not cold", "cab"),
        ("bound_by == 'dram' and batch == 1", "ca"),
    ],
)
def test_conditions_choose_rows_and_empty_cells_fulfil_none(condition, expected):
    assert keys(chosen(table(ROWS), [condition])) == expected


def test_an_unknown_column_names_the_nearest():
    with pytest.raises(LeptonError, match="no column is called 'latency'; did you mean 'latency_s'"):
        ordered(table(ROWS), ["latency"])
    with pytest.raises(LeptonError, match="did you mean 'latency_s'"):
        chosen(table(ROWS), ["latency < 1"])


def test_json_reads_back():
    records = ordered(table(ROWS), ())
    assert json.loads(to_json(records)) == records
    assert to_json([]) == "[]\n"


def test_parquet_reads_back_and_is_the_same_twice(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    records = ordered(table(ROWS), ())
    data = to_parquet(records)
    assert data == to_parquet(records)
    (tmp_path / "x.parquet").write_bytes(data)
    assert parquet.read_table(tmp_path / "x.parquet").to_pylist() == records
