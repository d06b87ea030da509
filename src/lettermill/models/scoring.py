"""Score people by a registered classifier. The workers need LightGBM alone, neither SynapseML nor MLflow."""

from collections.abc import Iterable, Iterator

import lightgbm
import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.tables.models import SCORES


def predict(booster: lightgbm.Booster, rows: pd.DataFrame) -> np.ndarray:
    """Probabilities of the event for `rows`, which hold the booster's features by name; missing ones are NaN."""
    numbers = rows[booster.feature_name()].to_numpy(dtype="float64", na_value=np.nan)
    return np.asarray(booster.predict(numbers, num_threads=1))


def scores(features: DataFrame, *, model: str, booster: lightgbm.Booster, model_version: str) -> DataFrame:
    """Rows for models.scores: one per row of `features` (features.people) of a person who ever purchased.

    Others have no purchase features to speak of, and get no score.
    """
    text = features.sparkSession.sparkContext.broadcast(booster.model_to_string())
    known = features.where(F.col("orders_all") > 0).select(
        "person_id", "as_of", *(F.col(name).cast("double") for name in booster.feature_name())
    )

    def score(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        fitted = lightgbm.Booster(model_str=text.value)
        for batch in batches:
            if len(batch):
                yield batch[["person_id", "as_of"]].assign(score=predict(fitted, batch))

    scored = known.mapInPandas(score, "person_id string, as_of timestamp, score double")
    named = scored.withColumn("model", F.lit(model)).withColumn("model_version", F.lit(model_version))
    return named.select(*SCORES.column_names)
