"""A Dask cluster: the scheduler's workers compute, on as many machines as they run on.

Dask runs the jobs of a worker that died on another by itself, some times; what it gives up on comes back as a loss, and
is run again from here. Results are counted here, once. The workers need leptonsim of the same version; models travel
with the jobs, so that files need to be on this machine only (but for a DRAM part of one's own, which is named by its
path).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any

from leptonsim.errors import LeptonError
from leptonsim.explore.executors import PointExecutor

CONNECT_TIMEOUT_S = 10
WIDTH_HOLDS_S = 1.0
JOBS_PER_THREAD = 2
"""One to compute and one to follow at once: the way to the scheduler and back is not waited for."""


class DaskCluster(PointExecutor):
    """The workers of one scheduler. Raises LeptonError where it cannot be reached."""

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError:
            raise LeptonError("--scheduler needs Dask: pip install 'leptonsim[dask]'") from None
        client: Any = distributed.Client
        self._address = address
        try:
            self._client = client(address, timeout=CONNECT_TIMEOUT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise LeptonError(
                f"no Dask scheduler answers at {address} ({' '.join(str(error).split())}); "
                "start one with `dask scheduler`"
            ) from None
        self._executor = self._client.get_executor(pure=False, retries=2)
        self._threads = 0
        self._asked_s = -math.inf

    @property
    def width(self) -> int:
        """Two jobs for each thread of a worker, so that none waits for the network; two while there are no workers."""
        if time.monotonic() - self._asked_s > WIDTH_HOLDS_S:
            try:
                threads = self._client.nthreads()
            except OSError:
                raise self._gone() from None
            self._asked_s = time.monotonic()
            self._threads = sum(threads.values())
        return JOBS_PER_THREAD * max(1, self._threads)

    @property
    def obstacle(self) -> str:
        """Whether there are no workers, when the scheduler was last asked."""
        if self._threads:
            return ""
        return f"the Dask scheduler at {self._address} has no workers; start one with `dask worker {self._address}`"

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give a job to the scheduler."""
        try:
            future: Future[Any] = self._executor.submit(fn, *args, **kwargs)
        except OSError:
            raise self._gone() from None
        return future

    def is_loss(self, error: BaseException) -> bool:
        """Whether Dask gave a job up because its workers died."""
        from distributed.scheduler import KilledWorker

        if isinstance(error, OSError) or (isinstance(error, CancelledError) and self._client.status != "running"):
            raise self._gone() from None
        return isinstance(error, KilledWorker | CancelledError)

    def _gone(self) -> LeptonError:
        return LeptonError(
            f"the Dask scheduler at {self._address} went away; points stored so far are kept, "
            "run the same command to go on"
        )

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster as it is; jobs in hand are cancelled unless ``wait``."""
        self._executor.shutdown(wait=wait and not cancel_futures)
        self._client.close()

    def abandon(self) -> None:
        """Leave at once."""
        self._executor.shutdown(wait=False)
        self._client.close()
