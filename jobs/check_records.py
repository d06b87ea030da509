"""Check records: people and demographics go to quality.people, the catalogue to quality.products, the rest to quarantine.

Prints and asserts the balance `in = accepted + duplicates + quarantined` for people and products.
"""

from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.balances import balance
from lettermill.job import Run, job
from lettermill.lake import Lake
from lettermill.quality.people import accepted_people, judged_demographics, judged_people
from lettermill.quality.products import accepted_products, judged_products
from lettermill.quality.quarantine import quarantined
from lettermill.tables.ingest import RECORDS
from lettermill.tables.quality import PEOPLE, PRODUCTS, QUARANTINE


def check(records: DataFrame, lake: Lake, *, sources: dict[str, list[str]]) -> None:
    of = {holds: records.where(F.col("source").isin(names)) for holds, names in sources.items()}
    people = judged_people(of["people"]).unionByName(judged_demographics(of["demographics"]), allowMissingColumns=True)
    products = judged_products(of["products"], standing=lake.read(PRODUCTS)).persist()
    lake.add(accepted_people(people), to=PEOPLE)
    lake.add(quarantined(people, refused_by=PEOPLE.name), to=QUARANTINE)
    lake.add(accepted_products(products), to=PRODUCTS)
    lake.add(quarantined(products, refused_by=PRODUCTS.name), to=QUARANTINE)
    products.unpersist()


@job()
def main(run: Run) -> None:
    for table in (PEOPLE, PRODUCTS, QUARANTINE):
        run.lake.create(table)
    sources = {
        holds: [name for name, source in run.settings.sources.items() if source.holds == holds]
        for holds in ("people", "demographics", "products")
    }
    with run.doing("checking records"):
        run.lake.follow(RECORDS, partial(check, sources=sources), as_name="check_records")
    of_products = F.col("source").isin(sources["products"])
    balance(run, PEOPLE, arrived=run.lake.read(RECORDS).where(~of_products).count())
    balance(run, PRODUCTS, arrived=run.lake.read(RECORDS).where(of_products).count())


if __name__ == "__main__":
    main()
