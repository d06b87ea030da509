"""Check records: people go to quality.people, the catalogue to quality.products, the rest to quarantine.

Prints and asserts the balance `in = accepted + duplicates + quarantined` for people and products.
"""

from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.balances import balance, balance_of_sources
from lettermill.blocking import without_erased
from lettermill.job import Run, job
from lettermill.lake import Lake
from lettermill.quality.definition import Quality
from lettermill.quality.mapping.applying import Mappings
from lettermill.quality.mapping.targets import Holds
from lettermill.quality.people import accepted_people, judged_demographics, judged_people
from lettermill.quality.products import VERSION, accepted_products, judged_products, standing_products
from lettermill.quality.quarantine import mark_duplicates, quarantined
from lettermill.tables.ingest import RECORDS
from lettermill.tables.quality import PEOPLE, PRODUCTS, QUARANTINE

HELD: tuple[Holds, ...] = ("people", "demographics", "products")


def judged(records: DataFrame, *, mappings: dict[Holds, Mappings], quality: Quality) -> tuple[DataFrame, DataFrame]:
    """Judged people and judged products among the records."""
    of = {holds: records.where(F.col("source").isin(*read.by_source)) for holds, read in mappings.items()}
    rules = quality.of(PEOPLE)
    people = judged_people(of["people"], mappings=mappings["people"], rules=rules)
    demographics = judged_demographics(of["demographics"], mappings=mappings["demographics"], rules=rules)
    products = judged_products(of["products"], mappings=mappings["products"], rules=quality.of(PRODUCTS))
    return people.unionByName(demographics, allowMissingColumns=True), products


def check(records: DataFrame, lake: Lake, *, mappings: dict[Holds, Mappings], quality: Quality) -> None:
    people, products = judged(records, mappings=mappings, quality=quality)
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
    mappings, quality = {holds: run.settings.mappings_of(holds) for holds in HELD}, run.settings.quality
    judged(run.lake.read(RECORDS), mappings=mappings, quality=quality)  # a rule that does not fit stops before any work
    of_products = F.col("source").isin(*mappings["products"].by_source)
    of_people = ~of_products & ~F.col("source").isin(*run.settings.mappings_of("social").by_source)
    counted = {PEOPLE: of_people, PRODUCTS: of_products}
    with run.doing("checking records"):
        checked = without_erased(
            run,
            partial(check, mappings=mappings, quality=quality),
            arriving=RECORDS,
            counted=lambda rows: {table: rows.where(of) for table, of in counted.items()},
        )
        run.lake.follow(RECORDS, checked, as_name="check_records")
    balance_of_sources(run, PEOPLE, run.lake.read(RECORDS).where(of_people))  # check_events adds whom events identify
    balance(run, PRODUCTS, arrived=run.lake.read(RECORDS).where(of_products).count())


if __name__ == "__main__":
    main()
