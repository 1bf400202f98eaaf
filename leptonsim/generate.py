"""Text generation: the prompt once, then one decode step for every further token over a cache that grows.

    generate(chip, "zoo:llama-3-8b?seq=512", tokens=128)

The first run reads the prompt and gives the first token: its latency is the time to the first token. Every further
token is a run of its own, from the host and back, over a cache that is one position longer than before. How long such a
step takes changes smoothly with the cache, but for small jumps where the mapping changes. Steps are therefore simulated
at both ends and in the middle of a range of lengths; where the middle lies on the line between the ends, to within
``TOLERANCE``, the steps between are taken from the lines; where it does not, both halves are looked at in the same way.
With a tolerance of 0 every step is simulated.

Not modelled: sampling on the host (its time between steps is the chip's ``software.launch``), and batches whose samples
end at different lengths.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    from leptonsim.chip.spec import Chip
    from leptonsim.compiler.policy import Policy
    from leptonsim.model import Model
    from leptonsim.result.result import Result

SCHEMA = "leptonsim-generation-1"
TOLERANCE = 0.002
"""Relative distance of a simulated step from the line between its neighbours that is still taken as lying on it."""

Point = tuple[float, float]
"""Seconds and joules of one step."""


@dataclass(frozen=True, slots=True)
class Step:
    """A decode step that was simulated: positions in the cache before it, its latency and energy."""

    past: int
    latency_s: float
    energy_j: float


@dataclass(frozen=True, slots=True)
class Generation:
    """What generating a text takes; ``batch`` texts are generated at once, each of ``generated_tokens``.

    ``tokens_per_s`` counts all texts' tokens over the whole time, ``decode_tokens_per_s`` those after the first over
    the time after the first. ``cache_bytes`` are those of the cache that the last step reads.
    """

    schema: str
    chip: str
    model: str
    batch: int
    prompt_tokens: int
    generated_tokens: int
    time_to_first_token_s: float
    decode_s: float
    total_s: float
    tokens_per_s: float
    decode_tokens_per_s: float | None
    energy_j: float
    energy_per_token_j: float
    weights_bytes: int
    cache_bytes: int
    dram_capacity_bytes: int
    simulated_steps: tuple[Step, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> str:
        """The record as JSON; the same input gives the same bytes."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def save(self, path: str | Path) -> None:
        """Write the record, whole or not at all. Raises LeptonError if the file cannot be written."""
        from leptonsim.files import write_whole

        write_whole(path, self.to_json())


def generate(
    chip: Chip,
    source: str | Path,
    *,
    tokens: int,
    prompt: int | None = None,
    batch: int | None = None,
    dims: Mapping[str, int] | None = None,
    dtype: str | None = None,
    policy: Policy | None = None,
    tolerance: float = TOLERANCE,
    watch: Callable[[str], None] = lambda stage: None,
) -> Generation:
    """Generate ``tokens`` tokens after a prompt of ``prompt`` (default: what the model's name or ``dims`` say).

    ``source`` is a built-in language model, or a file whose sequence and cache lengths are open (``dims`` gives other
    dimensions). ``watch`` is told what is being simulated. Raises LeptonError if the model has no cache that grows.
    """
    from leptonsim.api import execute
    from leptonsim.compiler.compile import compile
    from leptonsim.model.decoding import open_decoder

    if tokens < 1:
        raise LeptonError(f"{tokens} tokens to generate: at least one is needed")
    decoder = open_decoder(source, prompt, batch, dims or {})
    warnings: dict[str, None] = {}

    def run(model: Model) -> Result:
        program = compile(chip, model, dtype=dtype, policy=policy)
        warnings.update(dict.fromkeys(program.warnings))
        return execute(program)

    watch(f"the prompt of {decoder.prompt} tokens")
    first = run(decoder.prefill())
    found: dict[int, Result] = {}

    def step(past: int) -> Point:
        if past not in found:
            watch(f"a token after {past}")
            found[past] = run(decoder.step(past))
        return found[past].latency_s, found[past].energy_j

    last = decoder.prompt + tokens - 2
    decode_s, decode_j = summed(step, decoder.prompt, last, tolerance) if tokens > 1 else (0.0, 0.0)
    largest = found[max(found)] if found else first
    total_s, energy_j = first.latency_s + decode_s, first.energy_j + decode_j
    return Generation(
        schema=SCHEMA,
        chip=chip.name,
        model=decoder.name,
        batch=first.program.batch,
        prompt_tokens=decoder.prompt,
        generated_tokens=tokens,
        time_to_first_token_s=first.latency_s,
        decode_s=decode_s,
        total_s=total_s,
        tokens_per_s=first.program.batch * tokens / total_s,
        decode_tokens_per_s=first.program.batch * (tokens - 1) / decode_s if tokens > 1 else None,
        energy_j=energy_j,
        energy_per_token_j=energy_j / (first.program.batch * tokens),
        weights_bytes=largest.program.memory.weights_bytes,
        cache_bytes=largest.program.memory.state_bytes,
        dram_capacity_bytes=chip.dram.capacity_bytes,
        simulated_steps=tuple(Step(past, each.latency_s, each.energy_j) for past, each in sorted(found.items())),
        warnings=tuple(warnings),
    )


def summed(step: Callable[[int], Point], first: int, last: int, tolerance: float) -> Point:
    """The sum of ``step(first)`` to ``step(last)``, from lines between steps where these are straight.

    Raises LeptonError for a range without steps.
    """
    if last < first:
        raise LeptonError(f"no steps from {first} to {last}")
    total = [0.0, 0.0]
    ranges = [(first, last)]
    while ranges:
        low, high = ranges.pop()
        ends = step(low), step(high)
        middle = (low + high) // 2
        if middle == low:
            _add(total, [ends[0], ends[1]] if high > low else [ends[0]])
            continue
        at_middle = step(middle)
        on_line = _between(ends, (middle - low) / (high - low))
        if abs(at_middle[0] - on_line[0]) <= tolerance * at_middle[0] and tolerance > 0:
            halves = ((low, middle, ends[0], at_middle), (middle + 1, high, at_middle, ends[1]))
            for begin, end, left, right in halves:
                start = low if begin == low else middle
                _add(total, [_between((left, right), (at - start) / (end - start)) for at in range(begin, end + 1)])
        else:
            ranges += [(middle + 1, high), (low, middle)]
    return total[0], total[1]


def _between(ends: tuple[Point, Point], share: float) -> Point:
    (low_s, low_j), (high_s, high_j) = ends
    return low_s + share * (high_s - low_s), low_j + share * (high_j - low_j)


def _add(total: list[float], points: Sequence[Point]) -> None:
    for seconds, joules in points:
        total[0] += seconds
        total[1] += joules
