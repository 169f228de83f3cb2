"""Which frames of HEVC other frames may refer to."""

from __future__ import annotations

import av

SLICE_TYPES = 32
"""Types of NAL units below this one hold a picture (ITU-T H.265, table 7-1)."""
LOOK = 8192
"""Bytes of a packet in which its first slice must begin."""


def is_layered(packet: av.Packet, extradata: bytes | None) -> bool:
    """Whether a picture lies above the lowest temporal layer, or cannot be told to lie in it.

    Where all lie in the lowest one, no frame refers to a picture that is marked as no reference of its layer.
    """
    data = bytes(memoryview(packet)[:LOOK])
    prefixed = bool(extradata) and extradata[0] == 1 and len(extradata) > 21
    for start in _units(data, (extradata[21] & 3) + 1 if prefixed else 0):
        if start + 1 >= len(data):
            return True
        if data[start] >> 1 & 0x3F < SLICE_TYPES:
            return data[start + 1] & 7 != 1
    return True


def _units(data: bytes, length_bytes: int):
    """Offsets of the headers of NAL units: by their lengths, or behind the start codes of Annex B."""
    position = 0
    if length_bytes:
        while position + length_bytes < len(data):
            yield position + length_bytes
            position += length_bytes + int.from_bytes(data[position : position + length_bytes], "big")
        return
    while (position := data.find(b"\0\0\1", position)) >= 0:
        position += 3
        if position < len(data):
            yield position
