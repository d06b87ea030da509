"""Write everyone's slate: ranked products from their own purchases, from ALS and from what is popular, as of --as-of.

Uses the recommender in use (the champion); what people bought since it was trained counts as well.
"""

from dataclasses import asdict

from pyspark.sql import functions as F

from lettermill.errors import ModelError
from lettermill.job import Run, job
from lettermill.models.interactions import interactions, lines_of_nobody
from lettermill.models.recommender import NAME
from lettermill.models.registry import Registry
from lettermill.permitting import without_objectors
from lettermill.recommending import slates_of
from lettermill.reviewed import reviewed_lines
from lettermill.tables.models import RECOMMENDATIONS
from lettermill.tables.profiles import IDENTITIES, PEOPLE
from lettermill.tables.quality import PRODUCTS


@job()
def main(run: Run) -> None:
    registry = Registry(**asdict(run.settings.mlflow))
    champion = registry.champion(NAME)
    if champion is None:
        raise ModelError(f"no {NAME} is registered", place=registry.registry_uri, mend="first run train_recommender")
    model = registry.load(NAME, version=champion.version)
    lines, identities = reviewed_lines(run), run.read(IDENTITIES)
    people, products = run.read(PEOPLE), run.read(PRODUCTS)
    with run.doing("summing up who bought what"):
        bought = interactions(lines, without_objectors(run, identities), as_of=run.as_of).persist()
        slated = slates_of(run, bought, people, products, model=model, version=champion.version)
    with run.doing("filling slates"):
        run.lake.replace(slated, into=RECOMMENDATIONS, where={"as_of": run.as_of})
    bought.unpersist()
    written = run.lake.read(RECOMMENDATIONS).where(F.col("as_of") == F.lit(run.as_of))
    by_source = {row["source"]: row["count"] for row in written.groupBy("source").count().collect()}
    run.count(**{f"recommended_{source}": by_source[source] for source in sorted(by_source)})
    run.count(people_with_a_slate=written.select("person_id").distinct().count())
    run.count(lines_of_nobody=lines_of_nobody(lines, identities, as_of=run.as_of).count())
    run.note(f"slates by {NAME} {champion.version}")


if __name__ == "__main__":
    main()
