"""Repetitions of the program in progress, and the tokens by which steps wait for each other.

Each instance has one token for each operator (given when all its steps are over), one for each step, one for the
request's inputs and one for the launch. Two instances may be in progress at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

from leptonsim.kernels.plain.tiles.accounts import Cause, Source, delayed
from leptonsim.kernels.plain.tiles.program import Program

IN_PROGRESS = 2


@dataclass(slots=True)
class Instance:
    """Completions that each token still awaits, who gave the last one, and the steps still to end."""

    left: list[int]
    given_by: list[Source | None]
    steps_left: int


class Instances:
    """How many instances were submitted and completed, and the tokens of those between."""

    def __init__(self, program: Program) -> None:
        self.operator_of = [step.operator for step in program.steps]
        self.operators = program.operators
        self.submitted = self.completed = 0
        self.open: dict[int, Instance] = {}

    @property
    def inputs_token(self) -> int:
        """Token of the request's inputs."""
        return self.operators + len(self.operator_of)

    @property
    def launch_token(self) -> int:
        """Token of the launch."""
        return self.inputs_token + 1

    def may_begin(self, number: int) -> bool:
        """Whether tiles of this instance may be granted staging space."""
        return number < self.completed + IN_PROGRESS

    def get(self, number: int) -> Instance:
        """Tokens of an instance."""
        if number not in self.open:
            steps = len(self.operator_of)
            left = [self.operator_of.count(operator) for operator in range(self.operators)] + [1] * (steps + 2)
            self.open[number] = Instance(left, [None] * len(left), steps)
        return self.open[number]

    def signal(self, number: int, token: int, engine: int, now_ps: int) -> None:
        """The outside gives a token."""
        if not self.completed <= number < self.completed + IN_PROGRESS:
            raise ValueError(f"instance {number} is not one of the two that may be in progress")
        self.get(number).left[token] = 0
        self.get(number).given_by[token] = Source(engine, Cause.DEPENDENCY, now_ps)

    def delay(self, since_ps: int, now_ps: int) -> None:
        """Tokens that were given since an instant count as given now."""
        for instance in self.open.values():
            instance.given_by = [delayed(source, since_ps, now_ps) for source in instance.given_by]

    def step_is_over(self, number: int, step: int, engine: int, now_ps: int) -> bool:
        """A step's last tile was written: its operator and itself are one completion nearer; whether the instance is
        done."""
        instance = self.get(number)
        for token in (self.operator_of[step], self.operators + step):
            instance.left[token] -= 1
            if instance.left[token] == 0:
                instance.given_by[token] = Source(engine, Cause.DEPENDENCY, now_ps)
        instance.steps_left -= 1
        if instance.steps_left == 0:
            del self.open[number]
            self.completed += 1
        return instance.steps_left == 0
