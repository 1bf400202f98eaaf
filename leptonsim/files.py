"""Writing results: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from leptonsim.errors import LeptonError


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write a file so that it holds all of ``content`` or is not touched. Raises LeptonError if that cannot be done."""
    target = Path(path)
    data = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, target)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise LeptonError(f"{target}: cannot be written: {error.strerror or error}") from None
    except BaseException:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise


def check_writable(path: str | Path) -> None:
    """Refuse an output that could not be written, before any work is done for it. Raises LeptonError."""
    target = Path(path)
    if target.is_dir():
        raise LeptonError(f"{target}: a folder, not a file to write")
    if not target.parent.is_dir():
        raise LeptonError(f"{target}: the folder {target.parent} does not exist; create it first")
    if not os.access(target.parent, os.W_OK):
        raise LeptonError(f"{target}: the folder {target.parent} cannot be written")
