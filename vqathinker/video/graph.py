"""Filters of libavfilter over a few frames, each time in a graph of its own: nothing is remembered between calls."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import av
import av.filter


def filtered(chain: str, frames: Sequence[av.VideoFrame]) -> list[av.VideoFrame]:
    """Frames of one size and format through a chain of filters, "crop=64:48:0:8", each written with its arguments."""
    first, graph = frames[0], av.filter.Graph()
    base = first.time_base or Fraction(1, 25)
    nodes = [graph.add_buffer(width=first.width, height=first.height, format=first.format, time_base=base)]
    for link in chain.split(","):
        name, _, arguments = link.partition("=")
        nodes.append(graph.add(name, arguments or None))
    nodes.append(graph.add("buffersink"))
    for earlier, later in zip(nodes, nodes[1:], strict=False):
        earlier.link_to(later)
    graph.configure()
    for frame in frames:
        graph.vpush(frame)
    graph.vpush(None)
    out = []
    while True:
        try:
            out.append(graph.vpull())
        except (av.BlockingIOError, av.EOFError):
            return out
