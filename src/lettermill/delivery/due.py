"""What is due: messages that a pre-flight passed, and whether one that is rendered again is the same."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from lettermill.delivery.provider import Message
from lettermill.errors import DeliveryError, PreflightBlocked

CARRIED = (
    "message_id",
    "person_id",
    "address",
    "campaign",
    "occurrence",
    "locale",
    "unsubscribe_token",
    "template_version",
    "missing",
    "inputs",
)
"""Columns of a context that rendering and handing over need."""


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


def expected_hashes(messages: DataFrame, *, engine: str) -> DataFrame:
    """One row per message and template version under one engine, with `expected`, the hash of each part in the
    pre-flight as `part=sha256`, and `expected_fault`, whatever the pre-flight holds it back for.

    `messages` are rows of rendering.messages as pre-flight judges them.
    """
    hashes = F.array_sort(
        F.transform(F.map_entries("parts"), lambda part: F.concat_ws("=", part["key"], part["value"]["sha256"]))
    )
    return messages.where(F.col("engine") == engine).select(
        "message_id", "template_version", hashes.alias("expected"), F.col("fault").alias("expected_fault")
    )


def due_messages(batched: DataFrame, *, expected: DataFrame) -> DataFrame:
    """The messages, one row per `message_id` and `template_version`, with what the pre-flight made of each.

    `expected` is null where it did not see the message.
    """
    # right side: one row per message and template version
    return batched.join(expected, on=["message_id", "template_version"], how="left")


def seen_by_version(due: DataFrame) -> list[Row]:
    """One row per `template_version` of what is due: its `messages`, and how many of them pre-flight has `seen`."""
    counted = due.groupBy("template_version").agg(F.count("*").alias("messages"), F.count("expected").alias("seen"))
    return counted.collect()


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
