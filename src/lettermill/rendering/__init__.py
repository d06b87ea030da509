"""Rendering: templates into messages, deterministically, with a fault per message instead of a stop.

`compile_template` makes a `Renderer` of a template and the Arrow schema of its inputs; `Renderer.render` gives a
`Rendered` for a record batch: text, fault and branch ids, row for row.
"""

from lettermill.rendering.compiled import Rendered, Renderer, compile_template

__all__ = ["Rendered", "Renderer", "compile_template"]
