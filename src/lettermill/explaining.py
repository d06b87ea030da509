"""Why a message is as it is: everything the tables know of it, as one plain document."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pyspark.sql import functions as F

from lettermill import tables
from lettermill.campaigns.definition import Campaign
from lettermill.collected import rows_of
from lettermill.errors import ConfigError
from lettermill.lake import Lake
from lettermill.rendering.preview.branches import line_of
from lettermill.rendering.templates import stored_template
from lettermill.replaying import Replay, replays
from lettermill.settings import Settings, load_campaign
from lettermill.tables import Table

HIDDEN = "hidden: give --show-personal"
ITEM = ("product_id", "name", "source", "reason")
"""What is told of an item that a mail shows; a list is one of items where its elements have a source or a reason."""


def explanation(
    lake: Lake, settings: Settings, posted: Mapping[str, Any], *, engine: str, show_personal: bool
) -> dict[str, Any]:
    """Why a message is as it is, as values that JSON can hold, instants as ISO 8601.

    `posted` is its row of delivery.outbox, `engine` the fingerprint now.
    """
    (replay,) = replays(
        lake, contexts_table=posted["contexts_table"], message_ids=[posted["message_id"]], engine=engine
    )
    context = _inputs_of(lake, posted) | dict(replay.context)
    campaign = _declared(posted["campaign"], settings)
    person = {"person_id": posted["person_id"]}
    told = {
        "message": _message(context, show_personal=show_personal),
        "audience": _audience(lake, posted, campaign),
        "experiment": _experiment(lake, person, context, campaign),
        "models": _models(lake, person, context),
        "blocks": _blocks(lake, posted),
        "items": _items(lake, person, context),
        "inputs": _inputs(context, show_personal=show_personal),
        "versions": dict(sorted(context["versions"].items())),
        "template": _template(lake, replay),
        "engine": {"then": replay.engine_then, "now": engine, "is_byte_equal": replay.is_byte_equal},
        "delivery": _delivery(lake, posted),
    }
    return {name: _plain(value) for name, value in told.items()}


def _inputs_of(lake: Lake, posted: Mapping[str, Any]) -> dict[str, Any]:
    contexts = lake.read(tables.campaigns.stored_contexts(posted["contexts_table"]))
    return rows_of(contexts.where(F.col("message_id") == posted["message_id"]))[0]


def _declared(name: str, settings: Settings) -> Campaign | None:
    """The campaign as it is declared now; None where it is gone."""
    try:
        return load_campaign(name, folder=settings.campaigns.folder)
    except ConfigError:
        return None


def _message(context: Mapping[str, Any], *, show_personal: bool) -> dict[str, Any]:
    shown = ("message_id", "campaign", "occurrence", "person_id", "locale", "timezone")
    address = context["address"] if show_personal else HIDDEN
    return {name: context[name] for name in shown} | {"address": address, "planned_at": context["created_at"]}


def _audience(lake: Lake, posted: Mapping[str, Any], campaign: Campaign | None) -> dict[str, Any]:
    """The rule is that of campaign.yml now: its text of then is in the commit that the plan's run names."""
    key = {name: posted[name] for name in ("campaign", "occurrence", "person_id")}
    found = _rows(lake, tables.campaigns.AUDIENCES, key)
    judged = found[0] if found else {}
    return {
        "rule": campaign.audience if campaign else None,
        "verdict": judged.get("verdict"),
        "detail": judged.get("detail"),
        "planned_as_of": judged.get("planned_as_of"),
    }


def _experiment(
    lake: Lake, person: Mapping[str, Any], context: Mapping[str, Any], campaign: Campaign | None
) -> dict[str, Any]:
    name = campaign.experiment.name if campaign else None
    drawn = _rows(lake, tables.campaigns.ASSIGNMENTS, {**person, "experiment": name}) if name else []
    assigned_at = drawn[0]["assigned_at"] if drawn else None
    return {"name": name, "arm": context["arm"], "propensity": context["propensity"], "assigned_at": assigned_at}


def _models(lake: Lake, person: Mapping[str, Any], context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The scores that were there for the plan, in the version of the table that it read."""
    rows = _as_planned(lake, tables.models.SCORES, person, context)
    shown = ("model", "score", "model_version")
    return [{name: row[name] for name in shown} for row in sorted(rows, key=lambda row: row["model"])]


def _blocks(lake: Lake, posted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The block that each slot shows, how it was chosen, and how likely that was."""
    rows = _rows(lake, tables.campaigns.EXPOSURES, {"message_id": posted["message_id"], "kind": "block"})
    shown = {"slot": "slot", "block": "shown", "source": "source", "propensity": "propensity"}
    told = ({name: row[column] for name, column in shown.items()} for row in rows)
    return sorted(told, key=lambda one: str(one["slot"]))


def _items(lake: Lake, person: Mapping[str, Any], context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each item shown, with the recommendation that it came from."""
    ranked = {row["product_id"]: row for row in _as_planned(lake, tables.models.RECOMMENDATIONS, person, context)}
    items = []
    for name, item in _shown_items(context["inputs"]):
        proposed = ranked.get(item.get("product_id"), {})
        scored = {field: proposed.get(field) for field in ("rank", "score", "times_bought", "model_version")}
        items.append({"input": name, **{field: item.get(field) for field in ITEM}, **scored})
    return items


def _shown_items(inputs: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, value in inputs.items():
        for place, one in enumerate(value if isinstance(value, list) else ()):
            if isinstance(one, dict) and ("source" in one or "reason" in one):
                yield f"{name}[{place}]", one


def _inputs(context: Mapping[str, Any], *, show_personal: bool) -> list[dict[str, Any]]:
    told = []
    for name, value in context["inputs"].items():
        at = context["inputs_at"].get(name)
        is_missing = name in context["missing"]
        told.append(
            {
                "input": name,
                "is": "missing" if is_missing else "null" if value is None else "given",
                "value": value if show_personal else None if value is None else HIDDEN,
                "made_from": at,
                "age_hours": round((context["created_at"] - at).total_seconds() / 3600, 2) if at else None,
            }
        )
    return told


def _template(lake: Lake, replay: Replay) -> dict[str, Any]:
    """The template's version, and the tag that stands at each branch the message came through."""
    version = replay.context["template_version"]
    used = _rows(lake, tables.rendering.TEMPLATES, {"template_version": version})
    template = stored_template(used[0]) if used else None
    return {
        "version": version,
        "first_used_at": used[0]["first_used_at"] if used else None,
        "parts": {part: {"sha256": hash_} for part, hash_ in sorted(replay.kept.items())},
        "fault": replay.kept_fault,
        "branches": [
            {"branch": branch, "line": line_of(branch, template) if template else None} for branch in replay.branches
        ],
    }


def _delivery(lake: Lake, posted: Mapping[str, Any]) -> dict[str, Any]:
    rows = _rows(lake, tables.delivery.LEDGER, {"message_id": posted["message_id"]})
    shown = ("state_before", "state", "reason", "attempt", "provider_reference", "changed_at", "commit_version")
    history = [{name: row[name] for name in shown} for row in sorted(rows, key=lambda row: row["commit_version"])]
    now = {name: posted[name] for name in ("provider", "state", "reason", "provider_reference", "attempt")}
    return now | {"history": history}


def _as_planned(
    lake: Lake, table: Table, person: Mapping[str, Any], context: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The person's rows for the plan's as-of, of the table's version that the plan read."""
    version = context["versions"].get(table.name)
    key = {**person, "as_of": context["created_at"]}
    return _rows(lake, table, key, version=int(version)) if version is not None else []


def _rows(lake: Lake, table: Table, equal: Mapping[str, Any], *, version: int | None = None) -> list[dict[str, Any]]:
    """The rows whose columns equal what is given; none where the table does not exist yet."""
    if not lake.exists(table):
        return []
    rows = lake.read(table, version=version)
    for name, value in equal.items():
        rows = rows.where(F.col(name) == F.lit(value))
    return rows_of(rows)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
