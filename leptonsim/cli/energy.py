"""``leptonsim energy``: what each operation of a chip costs, and where the figures are from."""

from __future__ import annotations

import click

from leptonsim.cli._options import ChipOptions


@click.command("energy")
@ChipOptions.bundled("chip_options")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(chip_options: ChipOptions, as_json: bool) -> None:
    """Print the energy of each operation of a chip, with its source, and the power of its blocks at rest.

    Energies are in pJ at the nominal voltage of the chip's node and at that of its performance state; what has a supply
    of its own (DRAM, PCIe) is the same at both. Powers are in W at the performance state; of the states of every domain
    those of the whole chip at rest.
    """
    import json
    import math

    from leptonsim.chip.energy import energy_table
    from leptonsim.chip.energy.listing import entries
    from leptonsim.chip.units import DATA_RATE, FREQUENCY
    from leptonsim.machine.energy import energy_model
    from leptonsim.machine.listing import dram_rows, idle_rows, idle_sources, state_rows

    chip = chip_options.load()
    model = energy_model(chip)
    nominal, present = energy_table(chip), model.table
    idle, dram = list(idle_rows(model)), list(dram_rows(model))
    rows = list(zip(entries(nominal), entries(present), strict=True))
    if as_json:
        document = {
            "chip": chip.name,
            "process_nm": chip.process_nm,
            "nominal_voltage_v": nominal.voltage_v,
            "voltage_v": present.voltage_v,
            "operations": {
                one.name: {"unit": one.unit, "nominal": one.value, "present": other.value, "source": one.source}
                for one, other in rows
            },
            "dram_pj_per_byte": {row.pattern: row.events_pj for row in dram},
            "blocks": {
                row.block: {
                    "static_w": row.static_w,
                    "rest_w": row.rest_w,
                    "gating": row.gating,
                    "asleep_w": row.asleep_w,
                }
                for row in idle
            },
            "states": [row._asdict() for row in state_rows(model)],
        }
        click.echo(json.dumps(document, indent=1, ensure_ascii=False))
        return
    click.echo(
        f"{chip.name}, {chip.process_nm} nm: nominal {nominal.voltage_v:g} V ({nominal.sources['nominal_voltage']})"
    )
    click.echo(f"\n{'operation':<16}{f'{nominal.voltage_v:g} V':>10}{f'{present.voltage_v:g} V':>10}  unit   source")
    for one, other in rows:
        click.echo(f"{one.name:<16}{one.value:>10.3f}{other.value:>10.3f}  {one.unit:<6} {one.source}")
    click.echo(f"\n{'byte of DRAM':<20}{'pJ/B':>8}  of peak  made of")
    for pattern in dram:
        total_pj = math.fsum(pattern.events_pj.values())
        made_of = ", ".join(f"{event} {value:.2f}" for event, value in pattern.events_pj.items())
        click.echo(f"{pattern.pattern:<20}{total_pj:>8.2f}{pattern.of_peak:>9.0%}  {made_of}")
    click.echo(f"\n{'block':<16}{'static W':>10}{'rest W':>10}  policy, and W asleep")
    for row in idle:
        asleep = ", ".join(f"{state} {watts:.3f}" for state, watts in row.asleep_w.items())
        click.echo(
            f"{row.block:<16}{row.static_w:>10.3f}{row.rest_w:>10.3f}  {row.gating}{': ' if asleep else ''}{asleep}"
        )
    states = list(state_rows(model))
    if states:
        click.echo(f"\n{'domain':<8}{'state':<12}{'clock':>12}{'voltage':>9}{'rest W':>9}")
    for state in states:
        clock = DATA_RATE.format(state.clock_hz) if state.memory else FREQUENCY.format(state.clock_hz)
        volts = f"{state.voltage_v:.3g} V" if state.voltage_v else "-"
        told = (
            "  {:.4g} GB/s, interface {:.3g} pJ/B, latency {:.3g} ns".format(
                state.memory["peak_bytes_per_s"] / 1e9, state.memory["io_pj_per_byte"], state.memory["latency_ps"] / 1e3
            )
            if state.memory
            else ""
        )
        click.echo(f"{state.domain:<8}{state.state:<12}{clock:>12}{volts:>9}{state.rest_w:>9.3f}{told}")
    for source in idle_sources(chip):
        click.echo(source)
