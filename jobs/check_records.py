"""Check records: people go to quality.people, the catalogue to quality.products, the rest to quarantine.

Prints and asserts the balance `in = accepted + duplicates + quarantined` for people and products.
"""

from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.balances import balance
from lettermill.job import Run, job
from lettermill.lake import Lake
from lettermill.quality.definition import Quality
from lettermill.quality.people import accepted_people, judged_demographics, judged_people
from lettermill.quality.products import VERSION, accepted_products, judged_products, standing_products
from lettermill.quality.quarantine import mark_duplicates, quarantined
from lettermill.tables.ingest import RECORDS
from lettermill.tables.quality import PEOPLE, PRODUCTS, QUARANTINE


def judged(records: DataFrame, *, sources: dict[str, list[str]], quality: Quality) -> tuple[DataFrame, DataFrame]:
    """Judged people and judged products among the records."""
    of = {holds: records.where(F.col("source").isin(names)) for holds, names in sources.items()}
    rules = quality.of(PEOPLE)
    people = judged_people(of["people"], rules=rules)
    demographics = judged_demographics(of["demographics"], rules=rules)
    products = judged_products(of["products"], rules=quality.of(PRODUCTS))
    return people.unionByName(demographics, allowMissingColumns=True), products


def check(records: DataFrame, lake: Lake, *, sources: dict[str, list[str]], quality: Quality) -> None:
    people, products = judged(records, sources=sources, quality=quality)
    products = products.persist()
    marked = mark_duplicates(products, standing=standing_products(lake.read(PRODUCTS)), key=VERSION)
    for rows, table in ((people, PEOPLE), (marked, PRODUCTS)):
        lake.add(quarantined(rows, refused_by=table.name, raw=F.col("raw")), to=QUARANTINE)
    lake.add(accepted_people(people), to=PEOPLE)
    lake.append(accepted_products(marked), to=PRODUCTS)
    products.unpersist()


@job()
def main(run: Run) -> None:
    for table in (PEOPLE, PRODUCTS, QUARANTINE):
        run.lake.create(table)
    sources = {
        holds: [name for name, source in run.settings.sources.items() if source.holds == holds]
        for holds in ("people", "demographics", "products")
    }
    quality = run.settings.quality
    judged(run.lake.read(RECORDS), sources=sources, quality=quality)  # a rule that does not fit stops before any work
    with run.doing("checking records"):
        each = partial(check, sources=sources, quality=quality)
        run.lake.follow(RECORDS, each, as_name="check_records")
    of_products = F.col("source").isin(sources["products"])
    balance(run, PEOPLE, arrived=run.lake.read(RECORDS).where(~of_products).count())
    balance(run, PRODUCTS, arrived=run.lake.read(RECORDS).where(of_products).count())


if __name__ == "__main__":
    main()
