"""Pictures for the pages of docs/: in few colours, so that they are small."""

from __future__ import annotations

import io
from pathlib import Path

from leptonsim.files import write_whole

LARGEST_BYTES = 250_000
COLOURS = 256


def keep(picture: Path | bytes, kept: Path) -> None:
    """Put a picture (a PNG file, or its bytes) among a page's. Ends the program if it is too large for one."""
    from PIL import Image

    drawn, small = io.BytesIO(picture if isinstance(picture, bytes) else picture.read_bytes()), io.BytesIO()
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(small, format="png", optimize=True)
    if small.tell() > LARGEST_BYTES:
        raise SystemExit(f"{kept}: {small.tell()} bytes, more than {LARGEST_BYTES}")
    write_whole(kept, small.getvalue())
