"""Groups of copies: articles with one label, the least number among them at the time that they joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def join_groups(edges: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Map each label in pairs of labels of one group to the least label of that group (union-find)."""
    parents: dict[int, int] = {}

    def find(label: int) -> int:
        root = label
        while (parent := parents.setdefault(root, root)) != root:
            root = parent
        while parents[label] != root:
            parents[label], label = root, parents[label]
        return root

    for first, second in edges:
        low, high = sorted((find(first), find(second)))
        parents[high] = low
    return {label: find(label) for label in list(parents)}
