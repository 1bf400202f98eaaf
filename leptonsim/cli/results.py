"""``leptonsim results``: what sweeps found, as a table or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from leptonsim.explore.results import Record

SHOWN = ("latency_s", "throughput_per_s", "energy_j", "power_avg_w", "area_mm2", "bound_by")


@click.command()
@click.option("--sweep", "sweep", metavar="NAME", help="Only the points of one sweep of the file.")
@click.option("--where", "conditions", multiple=True, metavar="CONDITION", help="Only rows such as 'power_avg_w < 75'.")
@click.option("--sort", "by", multiple=True, metavar="COLUMN", help="Sort by a column; -COLUMN for the largest first.")
@click.option("--columns", metavar="A,B,...", help="Only these columns.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many rows.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write CSV; - for standard output.")
@click.option("--json", "json_path", metavar="FILE", help="Write JSON; - for standard output.")
@click.option("--parquet", "parquet_path", metavar="FILE", help="Write Parquet (extra: parquet).")
@click.argument("file")
def command(
    sweep: str | None,
    conditions: tuple[str, ...],
    by: tuple[str, ...],
    columns: str | None,
    limit: int | None,
    csv_path: str | None,
    json_path: str | None,
    parquet_path: str | None,
    file: str,
) -> None:
    """Show, filter, sort and export the points of FILE, the store of `leptonsim sweep`. Sorted by key if not told
    otherwise.
    """
    from leptonsim.explore.results import chosen, ordered, to_csv, to_json, to_parquet
    from leptonsim.files import check_writable, write_whole

    for path in (csv_path, json_path, parquet_path):
        if path not in (None, "-"):
            check_writable(path)
    records = ordered(chosen(_records(file, sweep), conditions), by)[:limit]
    if columns is not None:
        records = _only(records, [name.strip() for name in columns.split(",")])
    for path, write in ((csv_path, to_csv), (json_path, to_json)):
        if path == "-":
            click.echo(write(records), nl=False)
        elif path is not None:
            write_whole(path, write(records))
    if parquet_path is not None:
        write_whole(parquet_path, to_parquet(records))
    if csv_path is None and json_path is None and parquet_path is None:
        _show(records, everything=columns is not None)


def _records(file: str, sweep: str | None) -> list[Record]:
    from leptonsim.errors import LeptonError
    from leptonsim.explore.results import table
    from leptonsim.explore.store import Store
    from leptonsim.suggest import near

    with Store(file, read_only=True) as store:
        names = [name for name, _ in store.sweeps()]
        if sweep is not None and sweep not in names:
            raise LeptonError(f"{file}: holds no sweep {sweep!r}; {near(sweep, names)}")
        return table(store.rows(sweep))


def _only(records: list[Record], names: list[str]) -> list[Record]:
    from leptonsim.errors import LeptonError
    from leptonsim.suggest import near

    for name in names:
        if records and name not in records[0]:
            raise LeptonError(f"no column is called {name!r}; {near(name, list(records[0]))}")
    return [{name: record[name] for name in names} for record in records]


def _show(records: list[Record], everything: bool) -> None:
    import sys

    from rich import box
    from rich.console import Console
    from rich.table import Table

    from leptonsim.explore.results import parameters_of

    shown = list(records[0]) if everything and records else []
    if records and not everything:
        shown = ["key", "chip", "model", "batch", *parameters_of(records), *SHOWN]
        shown += ["error"] if any(record["error"] for record in records) else []
        shown = [
            name for name in shown if name not in ("chip", "model", "batch") or len({r[name] for r in records}) > 1
        ]
    view = Table(box=box.SIMPLE_HEAD)
    for name in shown:
        view.add_column(
            name.replace("core.tensor_core.", "tensor_core."), justify="left" if name in ("key", "error") else "right"
        )
    for record in records:
        view.add_row(*(_text(name, record[name]) for name in shown))
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 40 + 18 * len(shown))
    console.print(view)
    console.print(f"{len(records)} rows; --csv - gives all columns", markup=False)


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "key":
        return str(value)[:8]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
