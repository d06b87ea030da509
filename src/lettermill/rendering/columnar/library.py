"""What the columnar back end asks of a template library."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol


class Outcome(Protocol):
    """A text, or None with the fault; and the branch ids."""

    @property
    def text(self) -> str | None: ...

    @property
    def fault(self) -> str | None: ...

    @property
    def branches(self) -> tuple[str, ...]: ...


class Library(Protocol):
    """One compiled template of a library: its functions on Python values, and the rendering of a whole message.

    A function raises where the library would.
    """

    def filter(self, name: str) -> Callable[..., Any]:
        """The filter called `name`: value, arguments and options to the result."""
        ...

    def test(self, name: str) -> Callable[..., Any]:
        """The test called `name`: value and arguments to whether it holds."""
        ...

    def operator(self, name: str) -> Callable[..., Any]:
        """An operator: + - * / // %, eq ne lt le gt ge in notin, item, slice, concat, negative, positive, text."""
        ...

    def render(self, inputs: Mapping[str, Any]) -> Outcome:
        """Render one message; `inputs` lack what is missing."""
        ...
