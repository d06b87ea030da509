"""What people said of being mailed, from a run's tables to profiles.consents and profiles.suppressions.

A build writes down all that was said. What arrives between two builds is written down at once: a mail that leaves
before the next build must not go to whoever has just left.
"""

from datetime import datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.holding import held
from lettermill.job import Run
from lettermill.lake import Lake
from lettermill.profiles.consents import consent_changes, spoken_kinds
from lettermill.profiles.suppressions import suppressions
from lettermill.secrets import resolve
from lettermill.tables import quality
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.profiles import CONSENTS, IDENTITIES, SUPPRESSIONS
from lettermill.waiting import waited

MOMENT = timedelta(microseconds=1)


def build_consents(run: Run, records: DataFrame, *, events: DataFrame) -> None:
    """Write down every statement of records (of profiles.identity.known_records) and events at the run's moment."""
    lake = run.lake
    lake.merge(_changes(run, lake, records, events=events, as_of=run.as_of), into=CONSENTS)
    lake.merge(_suppressed(run, lake.read(CONSENTS), lake, as_of=run.as_of), into=SUPPRESSIONS)


def suppress_at_once(arrived: DataFrame, lake: Lake, *, run: Run) -> None:
    """Write down what a batch of quality.events says of consent, and suppress addresses by it, beside the last build.

    Nothing is lifted: a build does that. Events after the run's moment suppress as well, from their own time on. Notes
    how long they waited, from their receipt to the suppression.
    """
    rules = run.settings.consents
    spoken = arrived.where(F.col("kind").isin(*spoken_kinds(rules)))
    first, last = F.min("occurred_at"), F.max(F.greatest("occurred_at", "available_at"))
    (span,) = spoken.agg(first.alias("first"), last.alias("last"), F.count("*").alias("events")).collect()
    if not span["events"]:
        return
    # A rule that counts looks back; what came late may make a later event the last of so many.
    since = span["first"] - timedelta(days=max((rule.within_days for rule in rules.suppress.values()), default=0))
    events = lake.read(quality.EVENTS).where(F.col("kind").isin(*spoken_kinds(rules)))
    as_of = max(run.as_of, _aware(span["last"]) + MOMENT)
    lately = events.where(F.col("occurred_at") >= F.lit(since))
    with held(_changes(run, lake, None, events=lately, as_of=as_of)) as changes:
        lake.merge(changes, into=CONSENTS)
        said = lake.read(CONSENTS).join(changes.select("person_id").distinct(), on="person_id", how="left_semi")
        barred = _suppressed(run, said, lake, as_of=as_of).where("state = 'suppressed'")
        lake.merge(barred, into=SUPPRESSIONS)
    run.count(events_of_consent=span["events"])
    run.note(waited(spoken, since="received_at", until=run.now(), what="from receipt to suppression"))


def _changes(run: Run, lake: Lake, records: DataFrame | None, *, events: DataFrame, as_of: datetime) -> DataFrame:
    return consent_changes(
        records,
        events=events,
        identities=lake.read(IDENTITIES),
        messages=lake.read(OUTBOX),
        rules=run.settings.consents,
        as_of=F.lit(as_of),
    )


def _suppressed(run: Run, consents: DataFrame, lake: Lake, *, as_of: datetime) -> DataFrame:
    topics = [row["topic"] for row in consents.select("topic").distinct().collect()]
    return suppressions(
        consents,
        identities=lake.read(IDENTITIES),
        topics=topics,
        address_key=resolve(run.settings.secrets.address_key),
        as_of=F.lit(as_of),
    )


def _aware(instant: datetime) -> datetime:
    """An instant of a collected row, which Spark gives in the machine's zone and without one."""
    return instant.astimezone()
