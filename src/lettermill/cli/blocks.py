"""`lettermill blocks`: the library of content blocks that campaigns share."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lettermill.block_library import library_of, with_block_pictures, with_looks, write_library
from lettermill.rendering.preview.blocks_page import Library
from lettermill.settings import PACKAGED, load

INSTALLED = Path(str(PACKAGED))
Env = Annotated[str, typer.Option("--env", help="environment: a file of conf")]
Conf = Annotated[Path, typer.Option("--conf", help="folder of base.yml and <env>.yml")]

blocks = typer.Typer(help="The library of content blocks that campaigns share.", no_args_is_help=True)


@blocks.command("list")
def list_blocks(env: Env = "local", conf: Conf = INSTALLED) -> None:
    """List the blocks: version, parts, what each reads, and which campaigns show it in which slot."""
    library = library_of(load(env, conf=conf))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("block", "version", "parts", "reads", "shown by"):
        table.add_column(column, no_wrap=column in ("block", "version"))
    for block in library.blocks:
        uses = "\n".join(use.words for use in block.uses) or "no campaign"
        table.add_row(block.name, block.version[:12], ", ".join(block.parts), ", ".join(block.inputs), uses)
    console = Console(highlight=False)
    console.print(table)
    _tell(library, console)


@blocks.command("preview")
def preview(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="blocks to show")] = None,
    every: Annotated[bool, typer.Option("--all", help="show every block of the library")] = False,
    out: Annotated[Path, typer.Option("--out", help="folder to write to")] = Path("var/blocks"),
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="leave Chromium alone")] = False,
    env: Env = "local",
    conf: Conf = INSTALLED,
) -> None:
    """Render blocks with their samples and write HTML, pictures and an index page.

    Exit code 0; 1 where a block is faulty or something is wrong with it; 2 for a wrong call.
    """
    if bool(names) == every:
        raise typer.BadParameter("name blocks, or give --all")
    settings = load(env, conf=conf)
    library = with_looks(library_of(settings, only=names or ()), settings=settings)
    if not no_pictures:
        with Console(stderr=True).status(f"taking pictures of {len(library.blocks)} blocks"):
            library = with_block_pictures(library, folder=out)
    console = Console(highlight=False)
    for block in library.blocks:
        for view in block.views:
            told = f"[red]faulty: {view.fault}[/red]" if view.fault else f"with {block.sample}"
            console.print(f"{view.name}: {told}")
    _tell(library, console)
    console.print(f"wrote {write_library(library, folder=out)}", markup=False)
    raise typer.Exit(1 if library.faults else 0)


def _tell(library: Library, console: Console) -> None:
    for note in library.notes:
        console.print(note, markup=False)
