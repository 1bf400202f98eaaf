"""The wire format of Protocol Buffers, for single messages and for columns of equal ones.

Columns of integers take as many bytes for each as the greatest needs: a varint may be longer than it must be, and
readers take it (https://protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leptonsim.result.trace.model import Floats, Integers

Octets = npt.NDArray[np.uint8]
"""uint8 (rows, bytes)."""
VARINT, FIXED64, LENGTH = 0, 1, 2


def varint(value: int, width: int = 1) -> bytes:
    """A number that is not negative, in at least ``width`` bytes."""
    octets: list[int] = []
    while len(octets) < width - 1 or value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*octets, value])


def key(number: int, wire: int) -> bytes:
    """What comes before a field's value."""
    return varint(number << 3 | wire)


def integer(number: int, value: int) -> bytes:
    """A field that is a number."""
    return key(number, VARINT) + varint(value)


def nested(number: int, *parts: bytes) -> bytes:
    """A field that is a message of ``parts``, or bytes."""
    content = b"".join(parts)
    return key(number, LENGTH) + varint(len(content)) + content


def text(number: int, content: str) -> bytes:
    """A field that is text."""
    return nested(number, content.encode())


def repeated(octets: bytes, rows: int) -> Octets:
    """The same bytes in every row."""
    return np.broadcast_to(np.frombuffer(octets, dtype=np.uint8), (rows, len(octets)))


def varints(values: Integers, width: int = 0) -> Octets:
    """Numbers that are not negative, one in each row, in as many bytes as the greatest needs, at least ``width``."""
    greatest = int(values.max(initial=0))
    size = max(width, len(varint(greatest)))
    found = np.empty((len(values), size), dtype=np.uint8)
    for place in range(size):
        found[:, place] = (values >> (7 * place)) & 0x7F
        if place < size - 1:
            found[:, place] |= 0x80
    return found


def integers(number: int, values: Integers) -> list[Octets]:
    """A field that is a number in every row."""
    return [repeated(key(number, VARINT), len(values)), varints(values)]


def fixed64s(number: int, values: Integers) -> list[Octets]:
    """A field that is a number of eight bytes in every row."""
    octets = np.ascontiguousarray(values, dtype="<u8").view(np.uint8).reshape(-1, 8)
    return [repeated(key(number, FIXED64), len(values)), octets]


def doubles(number: int, values: Floats) -> list[Octets]:
    """A field that is a float in every row."""
    octets = np.ascontiguousarray(values, dtype="<f8").view(np.uint8).reshape(-1, 8)
    return [repeated(key(number, FIXED64), len(values)), octets]


def width(parts: list[Octets]) -> int:
    """Bytes of a row."""
    return sum(part.shape[1] for part in parts)


def messages(number: int, parts: list[Octets]) -> list[Octets]:
    """A field that is a message of ``parts`` in every row."""
    head = key(number, LENGTH) + varint(width(parts))
    return [repeated(head, len(parts[0])), *parts]


def rows(parts: list[Octets]) -> Octets:
    """All parts side by side."""
    return np.concatenate(parts, axis=1)
