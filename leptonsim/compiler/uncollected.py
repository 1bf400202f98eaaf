"""Many records that all stay are made without the cyclic garbage collector looking for some that do not.

A model's work is tens of thousands of small records, which refer to each other without cycles. While they are made the
collector would walk all that there are several times and find nothing; for a large model that is a quarter of the time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Within it the collector of cycles rests; it goes on afterwards if it was at work before."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
