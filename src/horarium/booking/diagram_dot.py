"""A diagram as DOT text, for Graphviz and for wikis that draw it (seed 001 has such)."""

from __future__ import annotations

from collections.abc import Iterator

from horarium.booking.diagram import Column, Diagram, Kind, Node

_STYLES = {
    Kind.FOLDER: "shape=folder,style=filled,fillcolor=cyan",
    Kind.DATA: "shape=folder",
    Kind.QUESTION: "shape=ellipse,style=filled,fillcolor=gold",
    Kind.ACTION: "shape=ellipse,style=filled,fillcolor=darkorange",
    Kind.FAULT: "shape=ellipse,style=filled,fillcolor=red",
}


def to_dot(diagram: Diagram) -> str:
    """The diagram in the DOT language; what a decision took is drawn thick."""
    return "\n".join(_lines(diagram)) + "\n"


def _lines(diagram: Diagram) -> Iterator[str]:
    yield "digraph scheduling_decisions {"
    yield f"label={_quoted(diagram.title)};"
    yield 'node [shape=box,fontsize="13.0",fontname="Helvetica"];'
    taken = set(diagram.taken)
    rows: dict[int, list[Node]] = {}
    for node in diagram.nodes:
        rows.setdefault(node.row, []).append(node)
    for _, nodes in sorted(rows.items()):
        # What keeps quotas hangs from its own edges; rows are for what stands beside a question.
        beside = [node for node in nodes if node.column is not Column.KEEPING]
        yield from (_node(node, taken) for node in nodes if node not in beside)
        yield "subgraph {"
        yield "rank=same;"
        yield from (_node(node, taken) for node in beside)
        yield "}"
    for edge in diagram.edges:
        marks = ["style=dashed"] if edge.dashed else []
        if diagram.is_taken(edge):
            marks += ["penwidth=3", "color=darkgreen"]
        yield f"{edge.source} -> {edge.target}" + (f" [{','.join(marks)}]" if marks else "") + ";"
    yield "}"


def _node(node: Node, taken: set[str]) -> str:
    marked = ",penwidth=3,color=darkgreen" if node.id in taken else ""
    return f"{node.id} [label={_quoted(node.label)},{_STYLES[node.kind]}{marked}];"


def _quoted(text: str) -> str:
    plain = "".join(
        c if c == "\n" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text
    )
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
