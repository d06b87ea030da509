"""Replay: a message again, byte for byte, from its stored context and template, checked against what was kept of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from pyspark.sql import functions as F

from lettermill.collected import rows_of
from lettermill.delivery.due import message_of
from lettermill.delivery.payloads import COLUMNS, as_row, row_at
from lettermill.delivery.provider import Message
from lettermill.errors import ConfigError, TableError
from lettermill.lake import Lake
from lettermill.rendering.messages import render_bodies
from lettermill.rendering.templates import Template, stored_template
from lettermill.tables.campaigns import stored_contexts
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.rendering import MESSAGES, PREFLIGHTS, TEMPLATES


@dataclass(frozen=True)
class Replay:
    """A message as it renders now, and what rendering.messages kept of it: branches, and hashes by part or the fault.

    `engine_then` is None where no pre-flight rendered the message.
    """

    context: Mapping[str, Any]
    bodies: Mapping[str, str]
    fault: str | None
    kept: Mapping[str, str]
    kept_fault: str | None
    branches: tuple[str, ...]
    engine_then: str | None
    engine_now: str

    @property
    def message_id(self) -> str:
        return str(self.context["message_id"])

    @property
    def hashes(self) -> dict[str, str]:
        """sha256 of each part as it renders now."""
        return {part: sha256(body.encode()).hexdigest() for part, body in self.bodies.items()}

    @property
    def different(self) -> tuple[str, ...]:
        """The parts that are not what was kept; `fault` where the message is faulty in another way than it was."""
        made = self.hashes
        parts = sorted(part for part in {*made, *self.kept} if made.get(part) != self.kept.get(part))
        return (*parts, *(["fault"] if self.fault != self.kept_fault else []))

    @property
    def is_byte_equal(self) -> bool:
        """Whether there is a message, and every part is what was kept of it."""
        return self.engine_then is not None and self.fault is None and not self.different

    def message(self, *, unsubscribe: str) -> Message:
        """What a provider gets of it; `unsubscribe` is the address before the token."""
        return message_of({**self.context, "bodies": self.bodies}, unsubscribe=unsubscribe)


def find_message(lake: Lake, message_id: str) -> dict[str, Any]:
    """The row of delivery.outbox of a message, by its id or the beginning of it.

    Raises ConfigError where no message or several begin so.
    """
    mend = "give the id as delivery.outbox has it, or as much of it as names one message"
    if not message_id:
        raise ConfigError("no message id was given", place="delivery.outbox", mend=mend)
    begins = lake.read(OUTBOX).where(F.col("message_id").startswith(message_id))
    found = rows_of(begins.orderBy(F.length("message_id"), "message_id").limit(2))
    if not found:
        raise ConfigError(f"no message begins with {message_id!r}", place="delivery.outbox", mend=mend)
    if len(found) > 1 and found[0]["message_id"] != message_id:
        problem = f"{message_id!r} begins several messages, such as {' and '.join(row['message_id'] for row in found)}"
        raise ConfigError(problem, place="delivery.outbox", mend=mend)
    return found[0]


def replays(lake: Lake, *, contexts_table: str, message_ids: Sequence[str], engine: str) -> list[Replay]:
    """Render messages of one contexts table again, by the function that a hand-over uses; in the order of their ids.

    `engine` is the fingerprint now. Raises TableError where a message has no context any more.
    """
    contexts = lake.read(stored_contexts(contexts_table)).where(F.col("message_id").isin([*message_ids]))
    versions = [row["template_version"] for row in contexts.select("template_version").distinct().collect()]
    templates = templates_of(lake, versions)
    made = {row["message_id"]: row for row in rows_of(render_bodies(contexts, templates=templates))}
    kept = _kept(lake, message_ids, engine=engine)
    lost = [one for one in message_ids if one not in made]
    if lost:
        mend = "restore the table, or look whether the person was erased"
        problem = f"{len(lost):,} of {len(message_ids):,} messages have no context, such as {lost[0]}"
        raise TableError(problem, place=contexts_table, mend=mend)
    return [_replay(made[one], kept.get((one, made[one]["template_version"])), engine) for one in sorted(message_ids)]


def templates_of(lake: Lake, versions: Sequence[str]) -> dict[str, Template]:
    """Templates by version, as they were compiled when they were first used."""
    stored = lake.read(TEMPLATES).where(F.col("template_version").isin([*versions])).collect()
    return {row["template_version"]: stored_template(row) for row in stored}


def payload_differences(message: Message, *, reference: str | None, folder: Path) -> tuple[str, ...] | None:
    """The fields in which the message is not the row of the payload file that was handed over.

    `reference` is the file's name and line; None where there is no such file here (any more).
    """
    name, _, line = (reference or "").rpartition(":")
    file = folder / message.campaign / message.occurrence / name
    if not name or not line.isdigit() or not file.is_file():
        return None
    format_ = name.rsplit(".", 2)[-2]
    handed_over, now = row_at(file, format_, line=int(line)), as_row(message, format_)
    return tuple(field for field in handed_over or COLUMNS if handed_over.get(field) != now.get(field))


def _replay(row: dict[str, Any], kept: Mapping[str, Any] | None, engine: str) -> Replay:
    return Replay(
        context={name: value for name, value in row.items() if name not in ("bodies", "fault")},
        bodies=row["bodies"],
        fault=row["fault"],
        kept={part: one["sha256"] for part, one in kept["parts"].items()} if kept else {},
        kept_fault=kept["fault"] if kept else None,
        branches=tuple(kept["branches"]) if kept else (),
        engine_then=kept["engine"] if kept else None,
        engine_now=engine,
    )


def _kept(lake: Lake, message_ids: Sequence[str], *, engine: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What is kept of messages, by message and template: of the engine now, else of the one checked last."""
    if not (lake.exists(MESSAGES) and lake.exists(PREFLIGHTS)):
        return {}
    checked = (
        lake.read(PREFLIGHTS)
        .groupBy("template_version", "occurrence", "engine")
        .agg(F.max("checked_as_of").alias("checked_as_of"))
    )
    # right side: one row per template version, occurrence and engine
    rows = (
        lake.read(MESSAGES)
        .where(F.col("message_id").isin([*message_ids]))
        .join(checked, on=["template_version", "occurrence", "engine"], how="left")
    )
    found = sorted(
        rows_of(rows),
        key=lambda row: (row["engine"] == engine, str(row["checked_as_of"] or ""), row["engine"]),
    )
    return {(row["message_id"], row["template_version"]): row for row in found}
