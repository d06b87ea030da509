"""What reviews leave for features, segments and training: order lines that count, and people who are kept out."""

from pyspark.sql import DataFrame

from lettermill.job import Run
from lettermill.quality.reviews import held_people, trusted_lines
from lettermill.tables.profiles import IDENTITIES
from lettermill.tables.quality import ORDER_LINES, REVIEWS


def reviewed_lines(run: Run) -> DataFrame:
    """quality.order_lines without orders that are excluded, or wait for a decision that holds them.

    Nothing is held where no audit has run yet.
    """
    lines = run.read(ORDER_LINES)
    return trusted_lines(lines, run.read(REVIEWS)) if run.lake.exists(REVIEWS) else lines


def people_kept_out(run: Run) -> DataFrame:
    """`person_id` of people who are excluded, or wait for a decision that holds them."""
    if not run.lake.exists(REVIEWS):
        return run.spark.createDataFrame([], "person_id string")
    return held_people(run.read(REVIEWS), run.read(IDENTITIES))
