"""Suggest which persons are probably one, though their records share no identifier: pairs go to profiles.matches.

By names, year of birth and postcode, with splink (the extra lettermill[matching]). The distinct persons come to the
driver for it. build_profiles uses the pairs as evidence only where profiles.yml says so (identity.probable.use).
"""

import pyarrow as pa
from pyspark.sql import functions as F

from lettermill.collected import rows_of
from lettermill.job import Run, job
from lettermill.matching import COMPARED, suggested
from lettermill.profiles.suggestions import comparable, match_suggestions
from lettermill.tables.profiles import IDENTITIES, MATCHES, PEOPLE


@job()
def main(run: Run) -> None:
    run.lake.create(MATCHES)
    compared = comparable(run.read(PEOPLE), identities=run.read(IDENTITIES))
    with run.doing("comparing records"):
        records = pa.Table.from_pylist(rows_of(compared), schema=COMPARED)
        pairs = suggested(records, above=run.settings.profiles.identity.probable.suggest_above)
    found = run.spark.createDataFrame(pairs, "record string, other_record string, probability double")
    standing = run.lake.read(MATCHES)
    run.lake.merge(match_suggestions(found, standing=standing, as_of=F.lit(run.as_of)), into=MATCHES)
    run.count(compared=records.num_rows, suggested=len(pairs))


if __name__ == "__main__":
    main()
