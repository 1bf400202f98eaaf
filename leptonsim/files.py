"""Writing results: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from leptonsim.errors import LeptonError


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write a file so that it holds all of ``content`` or is not touched. Raises LeptonError if that cannot be done.

    A link stays a link: what it points to is replaced. What is no regular file (a device, a pipe) is written in place.
    """
    target = Path(os.path.realpath(path))
    data = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
            return
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, target)
    except OSError as error:
        _forget(temporary)
        raise LeptonError(f"{path}: cannot be written: {error.strerror or error}") from None
    except BaseException:
        _forget(temporary)
        raise


def check_writable(path: str | Path) -> None:
    """Refuse an output that could not be written, before any work is done for it. Raises LeptonError."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise LeptonError(f"{path}: a folder, not a file to write")
    if not target.parent.is_dir():
        raise LeptonError(f"{path}: the folder {Path(path).parent} does not exist; create it first")
    if not os.access(target if target.exists() and not target.is_file() else target.parent, os.W_OK):
        raise LeptonError(f"{path}: cannot be written: permission denied")


def _forget(temporary: str | None) -> None:
    if temporary is not None:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
