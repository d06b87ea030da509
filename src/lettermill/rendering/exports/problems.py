"""What cannot be exported, gathered over a whole template, so that one run names all of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from lettermill.errors import TemplateError
from lettermill.rendering.plan.nodes import NOWHERE, Node, Place


class ExportError(TemplateError):
    """A template says what a target language cannot; `problems` are all such places, in the template's order."""

    def __init__(self, problems: tuple[TemplateError, ...]) -> None:
        self.problems = problems
        first = problems[0]
        super().__init__(first.problem, place=first.place, mend=first.mend)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class Inexpressible(Exception):  # noqa: N818 (it says what happened; it never leaves this package)
    """What `node`, or the statement being written, says cannot be said; caught where that statement is left out."""

    def __init__(self, construct: str, node: Node | None = None, *, mend: str) -> None:
        super().__init__(construct)
        self.construct, self.node, self.mend = construct, node, mend


class Problems:
    """Gathers problems; each place and construct counts once."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.found: dict[tuple[str, str], TemplateError] = {}

    def note(self, construct: str, place: Place, *, mend: str) -> None:
        """Something at `place` that cannot be exported."""
        problem = f"{construct} cannot be exported to {self.target}"
        where = f"{place.file.split(':', 1)[-1]}:{place.line}"  # an included file by its own name
        self.found.setdefault((problem, where), TemplateError(problem, place=where, mend=mend))

    @contextmanager
    def noting(self, place: Place) -> Iterator[None]:
        """Note what is Inexpressible within, at its own place or else at `place`, and go on."""
        try:
            yield
        except Inexpressible as told:
            own = told.node.place if told.node is not None else NOWHERE
            self.note(str(told), own if own.file else place, mend=told.mend)

    def raise_if_any(self) -> None:
        """Raise ExportError with all of them."""
        if self.found:
            raise ExportError(tuple(self.found.values()))
