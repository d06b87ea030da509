"""Publish people for the gateway: a snapshot of who has which identifier, with what is known of each, as Parquet files.

Goes to the folder `gateway.graphql.people` of the settings, and does nothing without one. A newer snapshot takes the
place of the older, whose files go; where the tables have not changed, nothing is written.
"""

from lettermill.job import Run, job
from lettermill.services.gateway.people import IDENTIFIER, KIND, announce, announced
from lettermill.tables.profiles import IDENTITIES, PEOPLE


@job()
def main(run: Run) -> None:
    folder = run.settings.gateway.graphql.people
    if folder is None:
        run.note("nothing is published: gateway.graphql.people is not set")
        return
    people, identities = run.read(PEOPLE), run.read(IDENTITIES)
    name = f"people-{run.versions[PEOPLE.name]}-{run.versions[IDENTITIES.name]}"
    if announced(folder) == name:
        run.note(f"{name} is published already")
        return
    # right side: one row per person
    rows = identities.select(KIND, IDENTIFIER, "person_id").join(people, on="person_id", how="inner")
    with run.doing("publishing people"):
        # Sorted, so that a question reads one stretch of one file.
        rows.sort(KIND, IDENTIFIER).write.mode("overwrite").parquet(str((folder / name).absolute()))
    announce(folder, name)
    run.note(f"published {folder / name}")


if __name__ == "__main__":
    main()
