"""A small campaign, planned: what the tests of rendering and sending start from."""

import argparse
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pyspark.sql import functions as F

from lettermill.delivery.outbox import outbox_rows
from lettermill.job import Run
from lettermill.rendering.templates import load_template, template_rows
from lettermill.settings import load, load_campaign
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.profiles import CONSENTS, PEOPLE
from lettermill.tables.rendering import TEMPLATES

AS_OF = datetime(2018, 1, 1, tzinfo=UTC)
SLOT = {"campaign": "spring", "occurrence": "2018-01-01"}
CAMPAIGN = """
description: Spring is here
audience: "true"
experiment: {name: spring}
preflight: {max_faulty_share: 0.4, max_html_bytes: 20}
parts: {subject: subject.j2, html: body.html.j2}
slate: {size: 1, reason: "''"}
inputs:
  first_name: {type: string, value: first_name, missing: default}
"""
FILES = {
    "campaign.yml": CAMPAIGN,
    "subject.j2": "Spring, {{ first_name }}",
    "body.html.j2": "<p>{{ first_name }}</p>",
}


def settings_in(folder, *, files=FILES, providers=None):
    """Settings with the campaign in a folder of the test's own; the journal is in that folder too."""
    home = folder / "campaigns" / "spring"
    home.mkdir(parents=True)
    for name, content in files.items():
        (home / name).write_text(content)
    local = load("local")
    campaigns = replace(local.campaigns, folder=home.parent)
    delivery = replace(local.delivery, journal=str(folder / "journal"), providers=providers or {}, lease_seconds=5.0)
    return replace(
        local,
        campaigns=campaigns,
        delivery=delivery,
        files=replace(local.files, folder=folder / "payloads", max_rows=2),
    )


def run_of(lake, settings, *, as_of=AS_OF, **arguments):
    report = str(settings.files.folder.with_name("preflight.html"))
    named = argparse.Namespace(
        **{**SLOT, "dry_run": "no", "test_mode": "no", "limit": None, "report": report, **arguments}
    )
    return Run(lake, settings, as_of, "local", as_of, arguments=named)


def plan_contexts(lake, settings, given, *, names, more=(), **columns):
    """Plan a message for each name; null makes a faulty one. Ids, persons and addresses follow the list.

    `more` are inputs beside the name, the same for everybody, as are other columns of the contexts.
    """
    folder = settings.campaigns.folder
    campaign = load_campaign("spring", folder=folder)
    template = load_template(campaign, folder=folder)
    lake.add(template_rows(template, spark=lake.spark, as_of=F.lit(AS_OF)), to=TEMPLATES)
    contexts = given(
        campaign.contexts,
        *(
            {
                **SLOT,
                "message_id": f"m{n}",
                "person_id": f"p{n}",
                "address": f"p{n}@shop.example",
                "template_version": template.version,
                "unsubscribe_token": f"t{n}",
                "missing": [],
                "inputs": (name, *more),
                **columns,
            }
            for n, name in enumerate(names, start=1)
        ),
    )
    lake.add(contexts, to=campaign.contexts)
    return campaign, contexts


def plan(lake, settings, given, *, names, **inputs):
    """Plan messages, with the people, their consents and the outbox."""
    campaign, contexts = plan_contexts(lake, settings, given, names=names, **inputs)
    people = [{"person_id": f"p{n}", "email": f"p{n}@shop.example"} for n in range(1, len(names) + 1)]
    lake.add(given(PEOPLE, *people), to=PEOPLE)
    lake.add(given(CONSENTS, *(consent(one["person_id"], "granted", hours=-9) for one in people)), to=CONSENTS)
    rows = outbox_rows(
        contexts, provider=campaign.provider, contexts_table=campaign.contexts.name, address_key=b"k", as_of=AS_OF
    )
    lake.add(rows, to=OUTBOX)


def consent(person, state, *, hours, reason="crm record"):
    at = AS_OF + timedelta(hours=hours)
    said = {"person_id": person, "channel": "email", "purpose": "mail", "state": state, "reason": reason,
            "topic": "all", "said_by": "person"}  # fmt: skip
    return {**said, "changed_at": at, "available_at": at, "evidence": f"{person}{state}{hours}"}
