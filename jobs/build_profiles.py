"""Build profiles: who is who (profiles.identities), one golden record each (profiles.people), and their consents.

Works from what had arrived by --as-of. A person keeps the id they were once given; on a merge the oldest id survives.
"""

from pyspark.sql import functions as F

from lettermill.errors import BalanceError
from lettermill.job import Run, job
from lettermill.profiles.consents import consent_changes
from lettermill.profiles.identity import ROUNDS, identities, known_records, labelled, unsettled
from lettermill.profiles.people import golden_records
from lettermill.tables import quality
from lettermill.tables.profiles import CONSENTS, IDENTITIES, PEOPLE


@job()
def main(run: Run) -> None:
    as_of = F.lit(run.as_of)
    run.lake.create(IDENTITIES)
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
        run.lake.merge(consent_changes(records, events=events, identities=known, as_of=as_of), into=CONSENTS)
    linked.unpersist()
    run.count(
        person_records=records.count(),
        identifiers=known.count(),
        people=run.lake.read(PEOPLE).count(),
        consent_changes=run.lake.read(CONSENTS).count(),
    )


if __name__ == "__main__":
    main()
