"""Check records: people go to quality.people, the catalogue to quality.products, the rest to quarantine.

Prints and asserts the balance `in = accepted + duplicates + quarantined` for people and products.
"""

from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.balances import balance
from lettermill.blocking import without_erased
from lettermill.job import Run, job
from lettermill.lake import Lake
from lettermill.quality.people import accepted_people, judged_demographics, judged_people
from lettermill.quality.products import VERSION, accepted_products, judged_products, standing_products
from lettermill.quality.quarantine import mark_duplicates, quarantined
from lettermill.tables.ingest import RECORDS
from lettermill.tables.quality import PEOPLE, PRODUCTS, QUARANTINE


def check(records: DataFrame, lake: Lake, *, sources: dict[str, list[str]]) -> None:
    of = {holds: records.where(F.col("source").isin(names)) for holds, names in sources.items()}
    people = judged_people(of["people"]).unionByName(judged_demographics(of["demographics"]), allowMissingColumns=True)
    products = judged_products(of["products"]).persist()
    marked = mark_duplicates(products, standing=standing_products(lake.read(PRODUCTS)), key=VERSION)
    for judged, table in ((people, PEOPLE), (marked, PRODUCTS)):
        lake.add(quarantined(judged, refused_by=table.name, raw=F.col("raw")), to=QUARANTINE)
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
    of_products = F.col("source").isin(sources["products"])
    with run.doing("checking records"):
        counted = {PEOPLE: ~of_products, PRODUCTS: of_products}
        checked = without_erased(
            run,
            partial(check, sources=sources),
            arriving=RECORDS,
            counted=lambda rows: {table: rows.where(of) for table, of in counted.items()},
        )
        run.lake.follow(RECORDS, checked, as_name="check_records")
    balance(run, PEOPLE, arrived=run.lake.read(RECORDS).where(~of_products).count())
    balance(run, PRODUCTS, arrived=run.lake.read(RECORDS).where(of_products).count())


if __name__ == "__main__":
    main()
