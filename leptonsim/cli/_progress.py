"""Progress of long work, on standard error, only where that is a terminal and only after a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import TracebackType

PATIENCE_S = 1.0
INTERVAL_S = 0.1


class Progress:
    """A line that says what is being done and how much of it is done; it is gone when the work is."""

    def __init__(self) -> None:
        self._doing = ""
        self._share: Callable[[], float] | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True) if sys.stderr.isatty() else None

    def __enter__(self) -> Progress:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def stage(self, doing: str) -> None:
        """What is being done from now on."""
        self._doing, self._share = doing, None

    def watch(self, share: Callable[[], float]) -> None:
        """How to ask for the share of the stage that is done, from 0 to 1."""
        self._share = share

    def _show(self) -> None:
        if self._over.wait(PATIENCE_S):
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(self._doing, total=None)
            while not self._over.wait(INTERVAL_S):
                share = self._share
                total = None if share is None else 1.0
                bar.update(task, description=self._doing, total=total, completed=share() if share else 0.0)
