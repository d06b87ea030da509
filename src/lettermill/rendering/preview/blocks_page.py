"""The page of the block library: what it shows of each block. Rendering and pictures are the caller's."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from lettermill.rendering.preview.page import Screen

PAGE = "blocks.html.j2"


@dataclass(frozen=True)
class Use:
    """A campaign that shows the block, in a slot, or by its name where `slot` is None."""

    campaign: str
    slot: str | None = None
    choose: str = ""

    @property
    def words(self) -> str:
        return f"{self.campaign}: slot {self.slot}, by {self.choose}" if self.slot else f"{self.campaign}: by its name"


@dataclass(frozen=True)
class View:
    """The block as it looks in one campaign; `page` is its html with nothing to load."""

    name: str
    style: str
    page: str
    texts: Mapping[str, str]
    fault: str | None = None
    screens: tuple[Screen, ...] = ()


@dataclass(frozen=True)
class Shown:
    """One block: `inputs` are declared types by name, `sample` says where those it is shown with come from."""

    name: str
    description: str
    version: str
    tags: tuple[str, ...]
    inputs: Mapping[str, str]
    parts: tuple[str, ...]
    uses: tuple[Use, ...]
    sample: str = ""
    views: tuple[View, ...] = ()

    @property
    def faults(self) -> int:
        return sum(view.fault is not None for view in self.views)


@dataclass(frozen=True)
class Library:
    """What the page tells."""

    shop: str
    blocks: tuple[Shown, ...]
    notes: tuple[str, ...] = ()

    @property
    def faults(self) -> int:
        return sum(block.faults for block in self.blocks)

    @property
    def unused(self) -> int:
        return sum(not block.uses for block in self.blocks)

    @property
    def campaigns(self) -> int:
        return len({use.campaign for block in self.blocks for use in block.uses})


def blocks_source() -> str:
    """The page's template; it includes `report_style.css.j2`, the style of all pages."""
    return (files(__package__) / PAGE).read_text(encoding="utf-8")
