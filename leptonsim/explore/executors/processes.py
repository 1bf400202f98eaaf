"""Worker processes of this machine, each replaced when it dies.

Each worker is a ``ProcessPoolExecutor`` of one process, so that the death of one disturbs no other and tells whose job
it was. Workers are started afresh (spawn), so that they inherit neither threads nor open stores, and hold the end of a
pipe, their leash: when this process ends, however it ends, or lets go, they end too. They ignore Ctrl-C, which this
process answers for them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from leptonsim.explore.executors import PointExecutor


@dataclass
class _Worker:
    """One process, the pipe that keeps it alive, and its latest job."""

    pool: ProcessPoolExecutor
    leash: Connection
    job: Future[Any] | None = None

    def is_free(self) -> bool:
        return self.job is None or self.job.done()

    def is_dead(self) -> bool:
        return self.job is not None and self.job.done() and isinstance(self.job.exception(), BrokenExecutor)

    def end(self) -> None:
        self.leash.close()
        self.pool.shutdown(wait=False, cancel_futures=True)


class Processes(PointExecutor):
    """So many worker processes; all cores if not told."""

    def __init__(self, workers: int | None = None) -> None:
        self._count = workers or available_cores()
        self._workers: list[_Worker] = []
        self._context = multiprocessing.get_context("spawn")

    @property
    def width(self) -> int:
        """One job for each worker."""
        return self._count

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give a job to a free worker, starting or replacing one where needed; one with the least to do where none is
        free.
        """
        worker = self._free()
        try:
            with _interrupts_held():
                worker.job = worker.pool.submit(fn, *args, **kwargs)
        except BrokenExecutor as error:
            # It died while it had nothing to do.
            worker.job = Future()
            worker.job.set_exception(error)
        return worker.job

    def is_loss(self, error: BaseException) -> bool:
        """Whether a worker died."""
        return isinstance(error, BrokenExecutor)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers, after the jobs in hand if ``wait``."""
        if wait:
            for worker in self._workers:
                worker.pool.shutdown(wait=True, cancel_futures=cancel_futures)
        self.abandon()

    def abandon(self) -> None:
        """Let go of all leashes: the workers end whatever they are doing."""
        for worker in self._workers:
            worker.end()
        self._workers = []

    def _free(self) -> _Worker:
        for index, worker in enumerate(self._workers):
            if worker.is_dead():
                worker.end()
                self._workers[index] = self._start()
                return self._workers[index]
            if worker.is_free():
                return worker
        if len(self._workers) < self._count:
            self._workers.append(self._start())
            return self._workers[-1]
        return self._workers[0]

    def _start(self) -> _Worker:
        theirs, ours = self._context.Pipe(duplex=False)
        return _Worker(ProcessPoolExecutor(1, self._context, _initialise, (theirs,)), ours)


def available_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _initialise(leash: Connection) -> None:
    """In the worker: leave Ctrl-C to the parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(leash,), daemon=True).start()


def _follow(leash: Connection) -> None:
    """Wait until nobody holds the other end, then end the process at once."""
    with contextlib.suppress(OSError, EOFError):
        leash.recv()
    os._exit(1)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C while a process starts, so that it does not meet it before it can ignore it: the mask is
    inherited.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
