"""Lays a graph out in layers from top to bottom: few crossings, straight ways, no overlaps.

Boxes stand in every second layer; between them are the layers of the words beside the ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

GAP = 24.0
"""Between two places beside each other, and between two layers."""
LOOP = 26.0
"""What a way from a box to itself takes."""
SWEEPS = 12
_ROOM = 16.0
"""What a way takes that passes between boxes."""
Size = tuple[float, float]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Link:
    """One way from a box to another, with room for words beside it."""

    source: str
    target: str
    label: Size = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Laid:
    """Where the middles of boxes and words are, by which points each link goes, the size of all."""

    boxes: Mapping[str, Point]
    ways: tuple[tuple[Point, ...], ...]
    labels: tuple[Point, ...]
    size: Size


@dataclass(slots=True, eq=False)
class _Place:
    """A box, or where a long way passes a layer."""

    name: str
    width: float
    height: float
    layer: int
    x: float = 0.0
    above: list[_Place] = field(default_factory=list)
    below: list[_Place] = field(default_factory=list)


def lay_out(sizes: Mapping[str, Size], links: Iterable[Link]) -> Laid:
    """Place boxes of these sizes (width, height); their order decides what is undecided."""
    return _Layout(sizes, tuple(links)).laid()


class _Layout:
    def __init__(self, sizes: Mapping[str, Size], links: tuple[Link, ...]) -> None:
        self.sizes = sizes
        self.links = links
        self.back = _backward(sizes, links)
        depths = _depths(sizes, links, self.back)
        loops = {link.source: link.label[0] + LOOP for link in links if link.source == link.target}
        self.places = {
            n: _Place(n, w + 2 * loops.get(n, 0.0), h, 2 * depths[n]) for n, (w, h) in sizes.items()
        }
        self.layers: list[list[_Place]] = [
            [] for _ in range(2 * max(depths.values(), default=0) + 1)
        ]
        for place in self.places.values():
            self.layers[place.layer].append(place)
        self.chains = [self._chain(number) for number in range(len(links))]

    def _chain(self, number: int) -> list[_Place]:
        """Connect the ends of a link through a place in each layer between, from top to bottom."""
        link = self.links[number]
        ends = (link.target, link.source) if number in self.back else (link.source, link.target)
        top, bottom = (self.places[name] for name in ends)
        chain = [top]
        named = bottom.layer - 1 if number in self.back else top.layer + 1
        for layer in range(top.layer + 1, bottom.layer):
            width, height = link.label if layer == named else (0.0, 0.0)
            chain.append(_Place("", max(width, _ROOM), height, layer))
            self.layers[layer].append(chain[-1])
        chain.append(bottom)
        for upper, lower in pairwise(chain):
            if upper is not lower:
                upper.below.append(lower)
                lower.above.append(upper)
        return chain

    def laid(self) -> Laid:
        self._order()
        self._spread()
        tops = self._tops()
        left = min((p.x - p.width / 2 for layer in self.layers for p in layer), default=0.0)
        for layer in self.layers:
            for place in layer:
                place.x -= left
        middles = {n: (p.x, tops[p.layer][1]) for n, p in self.places.items()}
        width = max((p.x + p.width / 2 for layer in self.layers for p in layer), default=0.0)
        numbers = range(len(self.links))
        ways = tuple(self._way(number, tops) for number in numbers)
        labels = tuple(self._label(number, tops) for number in numbers)
        return Laid(middles, ways, labels, (width, tops[-1][2]))

    # --- order within layers -------------------------------------------------------------------

    def _order(self) -> None:
        best, fewest = [list(layer) for layer in self.layers], self._crossings()
        for sweep in range(SWEEPS):
            down = sweep % 2 == 0
            for layer in self.layers if down else reversed(self.layers):
                ranks = self._ranks()
                layer.sort(key=lambda p: _mean(p.above if down else p.below, ranks, ranks[p]))
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(layer) for layer in self.layers], crossings
        self.layers = best

    def _ranks(self) -> dict[_Place, float]:
        return {p: float(rank) for layer in self.layers for rank, p in enumerate(layer)}

    def _crossings(self) -> int:
        ranks = self._ranks()
        return sum(_crossed(layer, ranks) for layer in self.layers)

    # --- places along a layer ------------------------------------------------------------------

    def _spread(self) -> None:
        for layer in self.layers:
            at = 0.0
            for place in layer:
                place.x = at + place.width / 2
                at += place.width + GAP
        for sweep in range(SWEEPS):
            down = sweep % 2 == 0
            for layer in self.layers if down else reversed(self.layers):
                _settle(layer, [_wish(place, down=down) for place in layer])

    def _tops(self) -> list[tuple[float, float, float]]:
        """Give the upper edge, the middle and the lower edge of each layer."""
        edges, at = [], 0.0
        for layer in self.layers:
            height = max((place.height for place in layer), default=0.0)
            edges.append((at, at + height / 2, at + height))
            at += height + GAP
        return edges

    def _way(self, number: int, tops: list[tuple[float, float, float]]) -> tuple[Point, ...]:
        chain = self.chains[number]
        top, bottom = chain[0], chain[-1]
        if top is bottom:
            return _round(top.x + self.sizes[top.name][0] / 2, tops[top.layer][1])
        points = [(self._port(top, chain[1]), tops[top.layer][1] + top.height / 2)]
        for place in chain[1:-1]:
            upper, _, lower = tops[place.layer]
            points += [(place.x, upper), (place.x, lower)]
        points.append((self._port(bottom, chain[-2]), tops[bottom.layer][1] - bottom.height / 2))
        return tuple(reversed(points)) if number in self.back else tuple(points)

    def _port(self, box: _Place, other: _Place) -> float:
        """Choose where a way leaves a box: side by side, in the order in which they go on."""
        beside = sorted(box.below if other.layer > box.layer else box.above, key=lambda p: p.x)
        share = (beside.index(other) + 1) / (len(beside) + 1) - 0.5
        return box.x + share * 0.9 * self.sizes[box.name][0]

    def _label(self, number: int, tops: list[tuple[float, float, float]]) -> Point:
        chain, link = self.chains[number], self.links[number]
        if chain[0] is chain[-1]:
            right = chain[0].x + self.sizes[link.source][0] / 2
            return right + LOOP + link.label[0] / 2, tops[chain[0].layer][1]
        place = chain[-2] if number in self.back else chain[1]
        return place.x, tops[place.layer][1]


def _backward(sizes: Mapping[str, Size], links: tuple[Link, ...]) -> set[int]:
    """Find the links that lead back to where the way came from, walking in the boxes' order."""
    away: dict[str, list[int]] = {name: [] for name in sizes}
    for number, link in enumerate(links):
        away[link.source].append(number)
    state: dict[str, bool] = {}
    back: set[int] = set()
    for root in sizes:
        walk = [] if root in state else [(root, iter(away[root]))]
        state.setdefault(root, True)
        while walk:
            name, rest = walk[-1]
            number = next(rest, -1)
            if number < 0:
                state[name] = False
                walk.pop()
                continue
            target = links[number].target
            if state.get(target):
                back.add(number)
            elif target not in state:
                state[target] = True
                walk.append((target, iter(away[target])))
    return back


def _depths(sizes: Mapping[str, Size], links: tuple[Link, ...], back: set[int]) -> dict[str, int]:
    """Put each box one layer below the lowest that leads to it."""
    above: dict[str, list[str]] = {name: [] for name in sizes}
    for number, link in enumerate(links):
        if number not in back:
            above[link.target].append(link.source)
    depths: dict[str, int] = {}
    waiting = list(sizes)
    while waiting:
        left = [name for name in waiting if any(source not in depths for source in above[name])]
        for name in waiting:
            if name not in left:
                depths[name] = max((depths[source] + 1 for source in above[name]), default=0)
        waiting = left
    return depths


def _mean(beside: list[_Place], ranks: Mapping[_Place, float], own: float) -> float:
    return sum(ranks[place] for place in beside) / len(beside) if beside else own


def _crossed(layer: list[_Place], ranks: Mapping[_Place, float]) -> int:
    ends = [(ranks[p], ranks[lower]) for p in layer for lower in p.below]
    return sum(
        (a[0] - b[0]) * (a[1] - b[1]) < 0 for number, a in enumerate(ends) for b in ends[:number]
    )


def _wish(place: _Place, *, down: bool) -> float:
    beside = place.above if down else place.below
    beside = beside or place.above or place.below
    return sum(each.x for each in beside) / len(beside) if beside else place.x


def _settle(layer: list[_Place], wishes: list[float]) -> None:
    """Bring each place as near to its wish as its neighbours let it: groups share their means."""
    groups: list[tuple[float, float, list[tuple[_Place, float]]]] = []
    for place, wish in zip(layer, wishes, strict=True):
        members, middle, width = [(place, 0.0)], wish, place.width
        while groups and groups[-1][0] + groups[-1][1] / 2 + GAP > middle - width / 2:
            left_middle, left_width, left = groups.pop()
            whole = left_width + GAP + width
            begin = (
                len(left) * (left_middle - left_width / 2)
                + len(members) * (middle - width / 2 - left_width - GAP)
            ) / (len(left) + len(members))
            shift = left_width + GAP
            members = [*left, *((each, offset + shift) for each, offset in members)]
            middle, width = begin + whole / 2, whole
        groups.append((middle, width, members))
    for middle, width, members in groups:
        for place, offset in members:
            place.x = middle - width / 2 + offset + place.width / 2


def _round(right: float, middle: float) -> tuple[Point, ...]:
    """Lead a way from a box round to itself, on its right."""
    far, high, low = right + LOOP - 6, middle - 6, middle + 6
    return ((right, high), (far, high), (far, low), (right, low))
