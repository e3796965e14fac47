"""A layered layout of a graph: who calls whom from left to right, with few crossings."""

from collections.abc import Iterable, Mapping, Sequence

SWEEPS = 4

Edge = tuple[str, str]
Places = dict[str, tuple[int, int]]


def lay_out(nodes: Sequence[str], edges: Iterable[Edge]) -> Places:
    """Return the column and the row of each node.

    A column is the longest way from a node that nobody calls; an edge that closes a circle does
    not count. Rows follow the mean row of a node's neighbours, a few sweeps back and forth.
    """
    known = set(nodes)
    forward = without_circles(
        nodes, [edge for edge in edges if edge[0] != edge[1] and set(edge) <= known]
    )
    columns = find_columns(nodes, forward)
    layers: list[list[str]] = [[] for _ in range(max(columns.values(), default=-1) + 1)]
    for node in nodes:
        layers[columns[node]].append(node)
    _sweep(layers, forward)
    return {
        node: (column, row) for column, layer in enumerate(layers) for row, node in enumerate(layer)
    }


def without_circles(nodes: Sequence[str], edges: Sequence[Edge]) -> list[Edge]:
    """Leave out the edges that lead back to where a walk comes from, walking in the nodes' order."""
    targets: dict[str, list[str]] = {}
    for source, target in edges:
        targets.setdefault(source, []).append(target)
    called = {target for _, target in edges}
    kept: list[Edge] = []
    done: set[str] = set()
    for root in sorted(nodes, key=lambda node: node in called):
        _walk(root, targets, done, kept)
    return kept


def find_columns(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Return the longest way to each node; the edges must be without circles."""
    columns = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for source, target in edges:
            columns[target] = max(columns[target], columns[source] + 1)
    return columns


def _walk(root: str, targets: Mapping[str, list[str]], done: set[str], kept: list[Edge]) -> None:
    if root in done:
        return
    done.add(root)
    path, ways = [root], [iter(targets.get(root, []))]
    while path:
        target = next(ways[-1], None)
        if target is None:
            path.pop()
            ways.pop()
            continue
        if target in path:
            continue
        kept.append((path[-1], target))
        if target not in done:
            done.add(target)
            path.append(target)
            ways.append(iter(targets.get(target, [])))


def _sweep(layers: list[list[str]], edges: Sequence[Edge]) -> None:
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for source, target in edges:
        before.setdefault(target, []).append(source)
        after.setdefault(source, []).append(target)
    for turn in range(SWEEPS):
        _sort(layers[1:] if turn % 2 == 0 else layers[-2::-1], layers,
              before if turn % 2 == 0 else after)  # fmt: skip


def _sort(
    order: Iterable[list[str]], layers: Iterable[list[str]], neighbours: Mapping[str, list[str]]
) -> None:
    """Sort each layer by the mean row of its neighbours; a node without any stays where it is."""
    rows = {node: row / len(layer) for layer in layers for row, node in enumerate(layer)}
    for layer in order:
        layer.sort(key=lambda node: _mean(neighbours.get(node, [node]), rows))
        rows.update({node: row / len(layer) for row, node in enumerate(layer)})


def _mean(nodes: Sequence[str], rows: Mapping[str, float]) -> float:
    return sum(rows[node] for node in nodes) / len(nodes)
