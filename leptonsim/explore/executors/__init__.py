"""Where points are computed: each file is one way, behind the standard library's ``concurrent.futures.Executor``.

``open_executor(None, workers)`` gives processes of this machine; an address such as ``tcp://host:8786`` a Dask cluster.
An executor has ``width``, how many jobs it can have in hand at once, ``obstacle``, what it waits for itself, and
``is_loss(error)``, whether the error of a job means that its worker died rather than that the job failed.
"""

from __future__ import annotations

from abc import abstractmethod
from concurrent.futures import Executor


class PointExecutor(Executor):
    """An executor that tells how much it can take, and a dead worker from a job that failed."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Jobs to have in hand at once."""

    @property
    def obstacle(self) -> str:
        """What keeps it from working at all for now; empty where nothing does."""
        return ""

    @abstractmethod
    def is_loss(self, error: BaseException) -> bool:
        """Whether a job's error says that its worker died; raises LeptonError where all of them are gone for good."""

    @abstractmethod
    def abandon(self) -> None:
        """End at once; jobs in hand are dropped."""


def open_executor(scheduler: str | None, workers: int | None) -> PointExecutor:
    """The executor of a scheduler's address, or of this machine. Raises LeptonError."""
    if scheduler is None:
        from leptonsim.explore.executors.processes import Processes

        return Processes(workers)
    from leptonsim.explore.executors.dask import DaskCluster

    return DaskCluster(scheduler)
