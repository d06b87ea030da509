"""Build profiles: who is who, the history of each attribute, one golden record per person, and their consents.

Works from what had arrived by --as-of. A person keeps the id they were once given; on a merge the oldest id survives,
and each merge and split is kept in profiles.identity_changes. A moment before the last one built changes nothing.
"""

from pyspark.sql import functions as F

from lettermill.consenting import build_consents
from lettermill.job import Run, job
from lettermill.profiles.attributes import attribute_history
from lettermill.profiles.identity import households, known_records
from lettermill.profiles.people import golden_records
from lettermill.profiles.phones import with_e164
from lettermill.resolving import is_built_for_later, resolve
from lettermill.tables import quality
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.profiles import (
    ATTRIBUTES,
    CONSENTS,
    HOUSEHOLDS,
    IDENTITIES,
    IDENTITY_CHANGES,
    IDENTITY_FLAGS,
    PEOPLE,
    SUPPRESSIONS,
)  # fmt: skip


@job()
def main(run: Run) -> None:
    as_of, lake, policy = F.lit(run.as_of), run.lake, run.settings.profiles
    if is_built_for_later(run):
        run.note("profiles are already built for a later moment: nothing is changed")
        return
    for table in (IDENTITIES, IDENTITY_FLAGS, OUTBOX):
        lake.create(table)
    events = run.read(quality.EVENTS)
    usable = ~F.col("source").isin(run.settings.sources_without_basis)
    known = known_records(run.read(quality.PEOPLE).where(usable), as_of=as_of)
    records = with_e164(known, region=policy.identity.phone_region).persist()
    with run.doing("resolving who is who"):
        found = resolve(run, records, events, standing=lake.read(IDENTITIES), flagged=lake.read(IDENTITY_FLAGS))
        lake.merge(found.flags, into=IDENTITY_FLAGS)
        lake.add(found.changes, to=IDENTITY_CHANGES)
        lake.replace(found.identities, into=IDENTITIES, where={})
    identities = lake.read(IDENTITIES)
    with run.doing("deciding attributes"):
        lake.replace(
            attribute_history(records, identities=identities, policy=run.settings.conflicts), into=ATTRIBUTES, where={}
        )
        people = golden_records(records, identities=identities, attributes=lake.read(ATTRIBUTES), as_of=as_of)
        lake.replace(people, into=PEOPLE, where={})
        lake.replace(households(records, identities=identities), into=HOUSEHOLDS, where={})
    with run.doing("collecting consents"):
        build_consents(run, records, events=events)
    run.count(
        person_records=records.count(),
        identifiers=identities.count(),
        people=lake.read(PEOPLE).count(),
        attribute_values=lake.read(ATTRIBUTES).where("known_to IS NULL").count(),
        dropped_as_evidence=lake.read(IDENTITY_FLAGS).where("known_to IS NULL").count(),
        consent_changes=lake.read(CONSENTS).count(),
        suppressed_addresses=lake.read(SUPPRESSIONS).where("state = 'suppressed'").count(),
    )
    records.unpersist()


if __name__ == "__main__":
    main()
