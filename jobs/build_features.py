"""Build what is known of every person at --as-of, into features.people.

Orders that quality.reviews keeps out count in none of it.
"""

from pyspark.sql import functions as F

from lettermill import tables
from lettermill.features.people import people_features
from lettermill.job import Run, job
from lettermill.reviewed import reviewed_lines


@job()
def main(run: Run) -> None:
    features = people_features(
        run.read(tables.profiles.PEOPLE),
        run.read(tables.profiles.IDENTITIES),
        reviewed_lines(run),
        run.read(tables.quality.PRODUCTS),
        run.read(tables.quality.EVENTS),
        moments=[run.as_of],
        excluded_departments=run.settings.models.excluded_departments,
    )
    with run.doing(f"features as known at {run.as_of:%Y-%m-%d}"):
        run.lake.replace(features, into=tables.features.PEOPLE, where={"as_of": run.as_of})
    stored = run.lake.read(tables.features.PEOPLE).where(F.col("as_of") == F.lit(run.as_of))
    run.count(people_with_features=stored.count())


if __name__ == "__main__":
    main()
