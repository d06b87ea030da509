"""How long a part gets: the literal text of its longest way, loops by the declared limits, data by what is usual."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from lettermill.rendering.check.flow import Shown
from lettermill.rendering.check.values import Kind
from lettermill.rendering.plan.nodes import Branch, Capture, Captured, Loop, Place, Section, Show, Statement, Text

USUAL: Mapping[Kind, int] = {"text": 24, "number": 5, "date": 16, "instant": 24}
LINK = 80
UNLIMITED = 10
"""How often a loop is taken for that has no declared limit."""


@dataclass(frozen=True)
class Sizes:
    """Measures statements. `limits` are the largest lengths of lists, by the number of the loop."""

    shown: Mapping[Place, Shown]
    limits: Mapping[int, int]

    def longest(self, body: tuple[Statement, ...], *, data: bool = True) -> Counter[str]:
        """Bytes of the longest way, by the file that branch ids name; without `data`, of literal text alone."""
        sizes: Counter[str] = Counter()
        for statement in body:
            sizes.update(self._longest(statement, data))
        return sizes

    def _longest(self, statement: Statement, data: bool) -> Counter[str]:
        if isinstance(statement, Text):
            return Counter({statement.place.file: len(statement.text.encode())})
        if isinstance(statement, Show):
            return self._shown(statement, data)
        if isinstance(statement, Section | Capture):
            return self.longest(statement.body, data=data) if isinstance(statement, Section) else Counter()
        if isinstance(statement, Branch):
            ways = [*(arm.body for arm in statement.arms), statement.otherwise]
            return max((self.longest(way, data=data) for way in ways), key=Counter.total)
        if isinstance(statement, Loop):
            often = self.limits.get(statement.loop, UNLIMITED) if data else 1
            once = self.longest(statement.body, data=data)
            return Counter({file: size * often for file, size in once.items()})
        return Counter()

    def _shown(self, show: Show, data: bool) -> Counter[str]:
        if isinstance(show.value, Captured):
            return self.longest(show.value.body, data=data)
        shown = self.shown.get(show.place)
        if not data or shown is None:
            return Counter()
        name = (shown.value.path or "").rpartition(".")[2]
        usual = LINK if "url" in name or "image" in name or "links." in (shown.value.path or "") else 24
        return Counter({show.place.file: USUAL.get(shown.value.kind, 24) if shown.value.kind != "text" else usual})
