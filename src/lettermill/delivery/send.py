"""Handing over: render again, compare with what was pre-flighted, and give what is the same to a provider."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from math import ceil
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.provider import Message, Outcome, Provider, Status
from lettermill.errors import DeliveryError, PreflightBlocked

BATCH = 2_000
"""Messages rendered at a time: the driver holds one batch of bodies, however many messages there are."""


def require_preflight(
    verdicts: Sequence[Any], *, due: Sequence[Any], campaign: str, occurrence: str, engine: str
) -> None:
    """Refuse to go on unless pre-flight under this engine has passed and has seen every message that is due.

    `verdicts` are rows of rendering.preflights; `due` say per `template_version` how many `messages` there are and how
    many of them pre-flight has `seen`. Raises PreflightBlocked where a pre-flight is missing, blocked or older than the
    plan, DeliveryError where it was made by another engine.
    """
    place = f"{campaign} {occurrence}"
    again = f"run render_campaign --campaign {campaign} --occurrence {occurrence}"
    of_slot = [row for row in verdicts if (row["campaign"], row["occurrence"]) == (campaign, occurrence)]
    for version in sorted(due, key=lambda row: row["template_version"]):
        name = f"template {version['template_version'][:12]}"
        of_version = [row for row in of_slot if row["template_version"] == version["template_version"]]
        if not of_version:
            raise PreflightBlocked(f"{name} has no pre-flight for this slot", place=place, mend=again)
        verdict = next((row for row in of_version if row["engine"] == engine), None)
        if verdict is None:
            problem = f"{name} was pre-flighted by another engine, which may have made other bytes"
            raise DeliveryError(problem, place=place, mend=f"{again} for a new pre-flight")
        if verdict["verdict"] != "passed":
            exceeded = "; ".join(limit["words"] for limit in verdict["limits"] if limit["is_exceeded"])
            mend = f"mend the template or the inputs, plan again, and {again}; or raise the named limit in campaign.yml"
            raise PreflightBlocked(f"pre-flight blocked: {exceeded}", place=place, mend=mend)
        if version["seen"] < version["messages"]:
            problem = f"{version['messages'] - version['seen']:,} messages were planned after the pre-flight"
            raise PreflightBlocked(problem, place=place, mend=again)


def due_messages(planned: DataFrame, *, contexts: DataFrame, messages: DataFrame, engine: str) -> DataFrame:
    """The contexts of the planned messages with `expected`, the hash of each part in the pre-flight, as `part=sha256`.

    `messages` are rows of rendering.messages as pre-flight judges them, so that `expected_fault` says whatever it holds
    back; `expected` is null where pre-flight did not see the message.
    """
    hashes = F.array_sort(
        F.transform(F.map_entries("parts"), lambda part: F.concat_ws("=", part["key"], part["value"]["sha256"]))
    )
    seen = messages.where(F.col("engine") == engine).select(
        "message_id", "template_version", hashes.alias("expected"), F.col("fault").alias("expected_fault")
    )
    # right sides: one row per message, and one per message and template version under one engine
    return contexts.join(planned.select("message_id"), on="message_id", how="left_semi").join(
        seen, on=["message_id", "template_version"], how="left"
    )


def hand_over(
    due: DataFrame, *, rows: int, render: Callable[[DataFrame], DataFrame], provider: Provider, unsubscribe: str
) -> Iterator[Outcome]:
    """Render the due messages in the order of their ids and hand them over; yield one outcome for each.

    `render` adds `bodies` and `fault` and keeps the order of rows; `unsubscribe` is the address before the token.
    A message that renders differently from its pre-flight, or is faulty, is rejected with the reason, not handed over.
    """
    ordered = due.repartitionByRange(max(1, ceil(rows / BATCH)), "message_id").sortWithinPartitions("message_id")
    rejected: list[Outcome] = []

    def accepted() -> Iterator[Message]:
        for row in render(ordered).toLocalIterator():
            reason = refusal(row["bodies"], fault=row["fault"] or row["expected_fault"], expected=row["expected"])
            if reason is None:
                yield message_of(row, unsubscribe=unsubscribe)
            else:
                rejected.append(Outcome(row["message_id"], Status.REJECTED, reason=reason))

    yield from provider.send(accepted())
    yield from rejected


def refusal(bodies: Mapping[str, str], *, fault: str | None, expected: Sequence[str]) -> str | None:
    """Why a message must not leave, or null."""
    if fault:
        return f"faulty: {fault}"
    made = {f"{part}={sha256(body.encode()).hexdigest()}" for part, body in bodies.items()}
    different = sorted({entry.split("=")[0] for entry in made.symmetric_difference(expected)})
    return f"{', '.join(different)} rendered differently from the pre-flight" if different else None


def message_of(row: Any, *, unsubscribe: str) -> Message:
    """What a provider gets of a context with its `bodies`; `unsubscribe` is the address before the token."""
    bodies = row["bodies"]
    return Message(
        message_id=row["message_id"],
        person_id=row["person_id"],
        address=row["address"],
        campaign=row["campaign"],
        occurrence=row["occurrence"],
        locale=row["locale"],
        subject=bodies["subject"],
        preheader=bodies.get("preheader", ""),
        html=bodies["html"],
        text=bodies["text"],
        unsubscribe_url=f"{unsubscribe}{row['unsubscribe_token']}",
        template_version=row["template_version"],
    )


def settled(planned: DataFrame, *, outcomes: Iterable[Outcome]) -> DataFrame:
    """The planned messages that have a definite outcome, with `outcome`, `outcome_reason` and `outcome_reference`.

    What a provider deferred stays planned.
    """
    definite = [(o.message_id, str(o.status), o.reason, o.reference) for o in outcomes if o.status != Status.DEFERRED]
    columns = "message_id string, outcome string, outcome_reason string, outcome_reference string"
    # right side: one row per message
    return planned.join(planned.sparkSession.createDataFrame(definite, columns), on="message_id", how="inner")
