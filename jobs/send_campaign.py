"""Hand one campaign's planned messages over, once: fence them again, render them again, compare, and write the files.

Needs a passed pre-flight by this engine. Stores delivery.outbox (suppressed, handed_over, rejected) and the ledger that
follows from it; files go below `files.folder`. Killed anywhere and run again, it leaves the files as they are and
completes the ledger. `--dry-run yes` tells what would be done and changes nothing. `--test-mode yes` hands over the
campaign's seeds instead, marked as a test, to allowed addresses alone, into files of their own; no table is touched.
"""

from functools import partial

from pyspark.sql import functions as F

from lettermill.delivery.fence import fenced
from lettermill.delivery.send import due_messages, hand_over, require_preflight
from lettermill.job import Argument, Run, job
from lettermill.permitting import with_permission
from lettermill.preflighting import judged_slot
from lettermill.rendering.messages import render_bodies
from lettermill.rendering.templates import stored_template
from lettermill.seeding import hand_over_seeds
from lettermill.sending import open_slot
from lettermill.tables.rendering import MESSAGES, TEMPLATES


@job(
    Argument("--campaign", "the campaign's folder below campaigns/", required=True),
    Argument("--occurrence", "the schedule's slot: a local date, 2018-01-01", required=True),
    Argument("--dry-run", "yes: tell what would be handed over, and change nothing", default="no"),
    Argument("--test-mode", "yes: hand over the campaign's seeds, and nobody else", default="no"),
)
def main(run: Run) -> None:
    slot = open_slot(run)
    is_rehearsal = run.arguments.dry_run == "yes"
    if run.arguments.test_mode == "yes":
        hand_over_seeds(slot, is_rehearsal=is_rehearsal)
        return
    if not is_rehearsal:
        slot.settle(slot.provider().recover(), recovered=True)

    contexts, planned = slot.contexts(), slot.planned()
    addressed = contexts.select("message_id", "person_id", "address")
    permitted = with_permission(run, addressed, address="address", topic=slot.campaign.topic)
    suppressed = fenced(planned, permitted=permitted).persist()
    leaving = planned.join(suppressed, on="message_id", how="left_anti")
    judged = judged_slot(run, slot.campaign, messages=run.read(MESSAGES), contexts=contexts)
    due = due_messages(leaving, contexts=contexts, messages=judged, engine=slot.engine)
    versions = (
        due.groupBy("template_version").agg(F.count("*").alias("messages"), F.count("expected").alias("seen")).collect()
    )
    of_slot = {"campaign": slot.campaign.name, "occurrence": slot.occurrence}
    require_preflight(slot.verdicts(), due=versions, engine=slot.engine, **of_slot)
    rows = sum(version["messages"] for version in versions)
    run.count(suppressed=suppressed.count(), due=rows)
    if is_rehearsal or not run.counts["suppressed"] + rows:
        return

    slot.suppress(suppressed)
    stored = run.read(TEMPLATES).where(F.col("template_version").isin([row["template_version"] for row in versions]))
    templates = {row["template_version"]: stored_template(row) for row in stored.collect()}
    with run.doing("handing over"):
        outcomes = hand_over(
            due,
            rows=rows,
            render=partial(render_bodies, templates=templates),
            provider=slot.provider(),
            unsubscribe=f"{run.settings.campaigns.shop['url']}/mail/unsubscribe/",
        )
        slot.settle(outcomes)


if __name__ == "__main__":
    main()
