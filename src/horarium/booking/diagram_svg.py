"""A diagram as SVG text: rows below each other, columns beside each other, no program needed.

Lengths are pixels. Nodes are as wide as their text is guessed to be, since fonts differ; a column
is as wide as its widest node, a row as high as its highest.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import accumulate

from horarium.booking.diagram import Column, Diagram, Edge, Kind, Node

# The widest usual letters of 13 pixels; a guess too small would let text run out of its node.
LETTER, LINE = 7.4, 17
MARGIN, BETWEEN_ROWS, BETWEEN_COLUMNS = 24, 38, 56
MOST_LETTERS = 34
_FILL = {
    Kind.FOLDER: "#a5ecf2",
    Kind.DATA: "#ffffff",
    Kind.QUESTION: "#ffd94a",
    Kind.ACTION: "#ffb35c",
    Kind.FAULT: "#ff8a80",
}
_STYLE = (
    "text{font:13px Helvetica,Arial,sans-serif;text-anchor:middle;fill:#111}"
    ".title{font-weight:bold;text-anchor:start}"
    ".shape{stroke:#444}.edge{fill:none;stroke:#444;marker-end:url(#arrow)}"
    ".dashed{stroke-dasharray:5 4}"
    ".taken{stroke:#0a7d24;stroke-width:3}.edge.taken{marker-end:url(#arrow-taken)}"
    ".aside{opacity:.45}"
)


@dataclass(frozen=True, slots=True)
class _Box:
    """A node with its lines of text and its place; x and y are those of its centre."""

    node: Node
    lines: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2


def to_svg(diagram: Diagram) -> str:
    """The diagram as one SVG document; what a decision took is drawn thick, the rest pale."""
    boxes = _place(diagram)
    right = max(box.right for box in boxes.values())
    width = max(right, MARGIN + len(diagram.title) * LETTER * 1.1) + MARGIN
    height = max(box.bottom for box in boxes.values()) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">',
        f"<title>{_text(diagram.title)}</title>",
        f"<style>{_STYLE}</style>",
        f"<defs>{_arrow('arrow', '#444', 9)}{_arrow('arrow-taken', '#0a7d24', 5)}</defs>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff"/>',
        f'<text class="title" x="{MARGIN}" y="22">{_text(diagram.title)}</text>',
    ]
    for edge in sorted(diagram.edges, key=diagram.is_taken):
        parts.append(_edge(diagram, edge, boxes))
    for box in boxes.values():
        parts.extend(_drawn(box, diagram))
    return "\n".join([*parts, "</svg>"]) + "\n"


# --- places --------------------------------------------------------------------


def _place(diagram: Diagram) -> dict[str, _Box]:
    lines = {node.id: tuple(_wrapped(node.label)) for node in diagram.nodes}
    sizes = {node.id: _size(node, lines[node.id]) for node in diagram.nodes}
    slots = _slots(diagram)
    widths = [0.0] * (max(slots.values()) + 1)
    heights = [0.0] * (max(node.row for node in diagram.nodes) + 1)
    for node in diagram.nodes:
        width, height = sizes[node.id]
        widths[slots[node.id]] = max(widths[slots[node.id]], width)
        heights[node.row] = max(heights[node.row], height)
    lefts = list(accumulate((w + BETWEEN_COLUMNS for w in widths), initial=float(MARGIN)))
    tops = list(accumulate((h + BETWEEN_ROWS for h in heights), initial=float(MARGIN + 20)))
    return {
        node.id: _Box(
            node,
            lines[node.id],
            lefts[slots[node.id]] + widths[slots[node.id]] / 2,
            tops[node.row] + heights[node.row] / 2,
            *sizes[node.id],
        )
        for node in diagram.nodes
    }


def _slots(diagram: Diagram) -> dict[str, int]:
    """The number of each node's column; what stands aside has a column for each."""
    used = sorted({n.column.value for n in diagram.nodes if n.column is not Column.SIDE})
    slots = {n.id: used.index(n.column.value) for n in diagram.nodes if n.column.value in used}
    aside = [node.id for node in diagram.nodes if node.column is Column.SIDE]
    return slots | {id_: len(used) + number for number, id_ in enumerate(aside)}


def _wrapped(label: str) -> Iterator[str]:
    for part in label.split("\n"):
        yield from textwrap.wrap(part, MOST_LETTERS) or [""]


def _size(node: Node, lines: tuple[str, ...]) -> tuple[float, float]:
    text = max(len(line) for line in lines) * LETTER
    height = len(lines) * LINE
    if node.kind in (Kind.FOLDER, Kind.DATA):
        return text + 28, height + 22
    return text * 1.2 + 34, height * 1.25 + 22


# --- drawing -------------------------------------------------------------------


def _drawn(box: _Box, diagram: Diagram) -> Iterator[str]:
    took = box.node.id in diagram.taken
    classes = "shape taken" if took else "shape"
    yield "<g>" if diagram.is_near(box.node.id) else '<g class="aside">'
    fill = _FILL[box.node.kind]
    if box.node.kind in (Kind.FOLDER, Kind.DATA):
        tab = min(box.width / 2, 34)
        yield (
            f'<path class="{classes}" fill="{fill}" d="M{box.left:.1f} {box.bottom:.1f}'
            f'V{box.top - 6:.1f}h{tab:.1f}l5 6H{box.right:.1f}V{box.bottom:.1f}Z"/>'
        )
    else:
        yield (
            f'<ellipse class="{classes}" fill="{fill}" cx="{box.x:.1f}" cy="{box.y:.1f}" '
            f'rx="{box.width / 2:.1f}" ry="{box.height / 2:.1f}"/>'
        )
    first = box.y - (len(box.lines) - 1) * LINE / 2 + 4.5
    for number, line in enumerate(box.lines):
        yield f'<text x="{box.x:.1f}" y="{first + number * LINE:.1f}">{_text(line)}</text>'
    yield "</g>"


def _edge(diagram: Diagram, edge: Edge, boxes: Mapping[str, _Box]) -> str:
    source, target = boxes[edge.source], boxes[edge.target]
    took = diagram.is_taken(edge)
    classes = " ".join(["edge"] + ["dashed"] * edge.dashed + ["taken"] * took)
    near = diagram.is_near(edge.source) and diagram.is_near(edge.target)
    pale = not took and (edge.dashed or source.node.column is not Column.DATA or not near)
    aside = " aside" if diagram.taken and pale else ""
    return f'<path class="{classes}{aside}" d="{_path(source, target, boxes)}"/>'


def _path(source: _Box, target: _Box, boxes: Mapping[str, _Box]) -> str:
    one, two = source.node.column, target.node.column
    if two is Column.SIDE:
        # Out of the side of the question, then straight down: what leaves joins in one line.
        return f"M{source.right:.1f} {source.y:.1f}H{target.x:.1f}V{target.top - 8:.1f}"
    if one is two and target.node.row == source.node.row + 1:
        gap = 8 if target.node.kind in (Kind.FOLDER, Kind.DATA) else 2
        return f"M{source.x:.1f} {source.bottom:.1f}V{target.top - gap:.1f}"
    if one is two:
        way = min(box.left for box in boxes.values() if box.node.column is one) - 14
        return (
            f"M{source.left:.1f} {source.y:.1f}C{way:.1f} {source.y:.1f} {way:.1f} {target.y:.1f} "
            f"{target.left - 2:.1f} {target.y:.1f}"
        )
    if one.value < two.value:
        return _across(source.right, source.y, target.left - 2, target.y)
    return _across(source.left, source.y, target.right + 2, target.y)


def _across(x1: float, y1: float, x2: float, y2: float) -> str:
    half = (x1 + x2) / 2
    return f"M{x1:.1f} {y1:.1f}C{half:.1f} {y1:.1f} {half:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"


def _arrow(id_: str, colour: str, size: int) -> str:
    return (
        f'<marker id="{id_}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{size}" '
        f'markerHeight="{size}" orient="auto"><path d="M0 1L10 5L0 9Z" fill="{colour}"/></marker>'
    )


def _text(text: str) -> str:
    """Text as XML may hold it."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return escape(plain, quote=False)
