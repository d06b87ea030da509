"""What the checks of operators and filters ask of the inference that calls them."""

from typing import Protocol

from lettermill.rendering.check.facts import Facts
from lettermill.rendering.check.findings import Findings
from lettermill.rendering.check.values import Value
from lettermill.rendering.plan.nodes import Expr, Place, Rules


class Scene(Protocol):
    """The values of expressions, and where findings go."""

    findings: Findings
    rules: Rules

    def value(self, expr: Expr, facts: Facts) -> Value:
        """The value of `expr`, which may be null or undefined."""
        ...

    def needed(self, expr: Expr, facts: Facts, use: str) -> Value:
        """The value of `expr` where a null or an undefined one would be a fault."""
        ...

    def defined(self, expr: Expr, facts: Facts) -> Value:
        """The value of `expr` where only an undefined one would be a fault."""
        ...

    def doubt(self, expr: Expr, facts: Facts) -> None:
        """Note that a template asks whether `expr` is there."""
        ...

    def tell_no_field(self, of: Value, name: str, at: Place) -> None:
        """Report a field that a value does not have."""
        ...
