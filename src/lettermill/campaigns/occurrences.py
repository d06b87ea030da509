"""An occurrence of a campaign, wherever rows of several stand in one table."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def of_occurrence(campaign: str, occurrence: str) -> Column:
    """Whether a row, with columns `campaign` and `occurrence`, is of this occurrence of this campaign."""
    return (F.col("campaign") == campaign) & (F.col("occurrence") == occurrence)
