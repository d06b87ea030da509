"""`lettermill message show`: a message again, byte for byte, checked against what was kept of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.text import Text

from lettermill.cli.message_found import INSTALLED, Catalog, Conf, Env, Found, MessageId, ShowPersonal, found
from lettermill.delivery.mime import mime
from lettermill.delivery.provider import Message
from lettermill.explaining import HIDDEN
from lettermill.progress import told
from lettermill.replaying import Replay, payload_differences, replays

DIFFERENT = 1
NAMES = 13
FILES = {"html": "mail.html", "text": "mail.txt"}
Shown = Literal["subject", "preheader", "html", "text"]


def show(
    message_id: MessageId,
    part: Annotated[Shown | None, typer.Option("--part", help="print one part as it is, and write nothing")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="folder to write to; var/message/ID if not given")] = None,
    as_mime: Annotated[bool, typer.Option("--mime", help="write the e-mail too, with its headers: mail.eml")] = False,
    show_personal: ShowPersonal = False,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """Render a message again from its stored context and template, and compare it with what was kept of it.

    Exit code 0: byte-equal; 1: different, faulty or never pre-flighted; 2: no such message, or a wrong call.
    """
    about = found(message_id, env=env, conf=conf, catalog=catalog)
    with told(about.lake.spark, "rendering"):
        table, ids = about.posted["contexts_table"], [about.posted["message_id"]]
        (replay,) = replays(about.lake, contexts_table=table, message_ids=ids, engine=about.engine)
    if part is not None:
        _print_part(replay, part)
    else:
        console = Console(highlight=False, soft_wrap=True)
        console.print(_headline(replay, show_personal=show_personal))
        if replay.bodies or replay.kept:
            console.print(_parts(replay))
        console.print(_handed_over(about, replay))
        files = {FILES[name]: body.encode() for name, body in replay.bodies.items() if name in FILES}
        if as_mime and replay.fault is None:
            files["mail.eml"] = _email(about, replay)
        for file in _write(files, folder=out or Path("var/message") / replay.message_id):
            console.print(f"wrote {file}", markup=False)
        console.print(_verdict(replay))
    raise typer.Exit(0 if replay.is_byte_equal else DIFFERENT)


def _write(files: Mapping[str, bytes], *, folder: Path) -> list[Path]:
    """Write files into a folder, which is made where there is anything to write."""
    for name, content in files.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def _message(about: Found, replay: Replay) -> Message:
    return replay.message(unsubscribe=f"{about.settings.campaigns.shop['url']}/mail/unsubscribe/")


def _email(about: Found, replay: Replay) -> bytes:
    """The message as an e-mail of the moment it was last heard of."""
    shop, date = about.settings.campaigns.shop, about.posted["changed_at"]
    return mime(_message(about, replay), sender=shop["name"], sender_address=shop["support_email"], date=date)


def _print_part(replay: Replay, part: str) -> None:
    """The part alone on standard output; what is to be said of it goes to standard error."""
    if part in replay.bodies:
        typer.echo(replay.bodies[part].encode(), nl=False)
    elif replay.fault is None:
        typer.echo(f"the message has no {part}", err=True)
    if not replay.is_byte_equal:
        typer.echo(_verdict(replay).plain, err=True)


def _headline(replay: Replay, *, show_personal: bool) -> Text:
    context = replay.context
    engine = "none: never pre-flighted"
    if replay.engine_then is not None:
        same = replay.engine_then == replay.engine_now
        engine = f"{replay.engine_now} as then" if same else f"{replay.engine_then} then, {replay.engine_now} now"
    told_of = {
        "message": replay.message_id,
        "campaign": f"{context['campaign']} {context['occurrence']}",
        "to": f"person {context['person_id']}, address {context['address'] if show_personal else HIDDEN}",
        "written for": f"{context['locale']}, {context['timezone']}",
        "subject": replay.bodies.get("subject", ""),
        "template": context["template_version"],
        "engine": engine,
    }
    text = Text()
    for name, value in told_of.items():
        text.append(f"{name:<{NAMES}}", "bold").append(f"{value}\n")
    return text


def _parts(replay: Replay) -> Text:
    text = Text()
    hashes, different = replay.hashes, replay.different
    for part in sorted({*hashes, *replay.kept}):
        now, then = hashes.get(part, "not there"), replay.kept.get(part, "not kept")
        size = len(replay.bodies.get(part, "").encode())
        text.append(f"{part:<{NAMES}}", "bold").append(f"{size:>9,} bytes  sha256 {now}  ")
        text.append(*(("different, was " + then, "bold red") if part in different else ("byte-equal", "green")))
        text.append("\n")
    return text


def _handed_over(about: Found, replay: Replay) -> Text:
    """Whether the payload file that a provider took says the same."""
    state, reference = about.posted["state"].replace("_", " "), about.posted["provider_reference"]
    text = Text().append(f"{'delivery':<{NAMES}}", "bold").append(f"{state}, {reference}" if reference else state)
    if replay.fault is not None:
        return text
    folder = about.settings.files.folder
    differences = payload_differences(_message(about, replay), reference=reference, folder=folder)
    if differences:
        text.append(f": the file differs in {', '.join(differences)}", "bold red")
    elif differences is not None:
        text.append(": the file says the same", "green")
    elif reference:
        text.append(f": no such file below {folder}, so it is not compared")
    return text


def _verdict(replay: Replay) -> Text:
    if replay.is_byte_equal:
        return Text("byte-equal to what was kept of it", "bold green")
    if replay.engine_then is None:
        return Text("never pre-flighted, so there is nothing to compare it with", "bold red")
    if replay.different:
        parts = ", ".join(replay.different)
        return Text(f"not what was kept of it: {parts}" + (f" ({replay.fault})" if replay.fault else ""), "bold red")
    return Text(f"faulty, as it was then: {replay.fault}", "bold red")
