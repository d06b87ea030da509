"""The files that a campaign's template may name: of its folder, of the library of blocks, and those of its slots."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from lettermill.errors import TemplateError
from lettermill.rendering.content_blocks import LIBRARY, Slot, block_file, slot_of, slot_source


class Files(Mapping[str, str]):
    """The files of a campaign's folder `home` and of the library beside it, read when they are asked for; `read` holds
    those that were. `slots` are written as templates when they are asked for."""

    def __init__(self, home: Path, *, slots: Mapping[str, Slot]) -> None:
        self.home = home
        self.slots = slots
        self.read: dict[str, str] = {}

    def __getitem__(self, file: str) -> str:
        if file not in self.read:
            source = self._slot(file) if slot_of(file, self.slots) else source_of(self._folder(file), file)
            if source is None:
                raise KeyError(file)
            self.read[file] = source
        return self.read[file]

    def __iter__(self) -> Iterator[str]:
        return (path.relative_to(self.home).as_posix() for path in self.home.rglob("*") if path.is_file())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def slots_read(self) -> set[str]:
        """The slots of which a file was asked for."""
        return {found[0] for file in self.read if (found := slot_of(file, self.slots))}

    def _folder(self, file: str) -> Path:
        return self.home.parent if file.startswith(f"{LIBRARY}/") else self.home

    def _slot(self, file: str) -> str:
        slot, part = slot_of(file, self.slots) or ("", "")
        ending = file.rpartition(".")[2]
        blocks = self.slots[slot].shown
        for block in blocks:
            if source_of(self.home.parent, block_file(block, part, ending=ending)) is None:
                raise TemplateError(
                    f"the slot {slot!r} may show the block {block!r}, which has no {part}.{ending}",
                    place=str(self.home.parent / LIBRARY / block),
                    mend=f"write {part}.{ending}, or show another block",
                )
        return slot_source(slot, blocks, part=part, ending=ending)


def source_of(home: Path, file: str) -> str | None:
    """The text of a file of the folder, with `\\n` line ends; None where it is not one.

    The line break that ends a file is no part of it: Jinja2 leaves it out itself, Liquid does not.
    """
    if "\0" in file:
        return None
    path = (home / file).resolve()
    if not path.is_relative_to(home.resolve()) or not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TemplateError(
            f"not UTF-8 at byte {error.start}", place=str(path), mend="save the file as UTF-8"
        ) from None
    return text.removesuffix("\n") if file.endswith(".liquid") else text
