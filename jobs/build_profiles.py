"""Build profiles: who is who (profiles.identities), one golden record each (profiles.people), and their consents.

Works from what had arrived by --as-of. A person keeps the id they were once given; on a merge the oldest id survives.
"""

from pyspark.sql import functions as F

from lettermill.errors import BalanceError
from lettermill.job import Run, job
from lettermill.profiles.consents import consent_changes
from lettermill.profiles.identity import ROUNDS, identities, known_records, labelled, unsettled
from lettermill.profiles.people import golden_records
from lettermill.profiles.suppressions import suppressions
from lettermill.secrets import resolve
from lettermill.tables import quality
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.profiles import CONSENTS, IDENTITIES, PEOPLE, SUPPRESSIONS


@job()
def main(run: Run) -> None:
    as_of = F.lit(run.as_of)
    run.lake.create(IDENTITIES)
    run.lake.create(OUTBOX)
    events = run.read(quality.EVENTS)
    records = known_records(run.read(quality.PEOPLE), as_of=as_of)
    linked = labelled(records).persist()
    with run.doing("resolving who is who"):
        if not unsettled(linked).isEmpty():
            raise BalanceError(
                f"identities are linked over more than {ROUNDS} hops", mend="raise profiles.identity.ROUNDS"
            )
        found = identities(linked, events=events, standing=run.lake.read(IDENTITIES), as_of=as_of)
        run.lake.merge(found, into=IDENTITIES)
    known = run.lake.read(IDENTITIES)
    with run.doing("building golden records"):
        run.lake.merge(golden_records(records, identities=known), into=PEOPLE)
    with run.doing("collecting consents"):
        of = {"identities": known, "messages": run.lake.read(OUTBOX), "rules": run.settings.consents}
        run.lake.merge(consent_changes(records, events=events, **of, as_of=as_of), into=CONSENTS)
        consents = run.lake.read(CONSENTS)
        topics = [row["topic"] for row in consents.select("topic").distinct().collect()]
        held = suppressions(
            consents,
            identities=known,
            topics=topics,
            address_key=resolve(run.settings.secrets.address_key),
            as_of=as_of,
        )
        run.lake.merge(held, into=SUPPRESSIONS)
    linked.unpersist()
    run.count(
        person_records=records.count(),
        identifiers=known.count(),
        people=run.lake.read(PEOPLE).count(),
        consent_changes=consents.count(),
        suppressed_addresses=run.lake.read(SUPPRESSIONS).where("state = 'suppressed'").count(),
    )


if __name__ == "__main__":
    main()
