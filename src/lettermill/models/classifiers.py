"""Gradient-boosted classifiers: fitted by SynapseML, kept as LightGBM's own model. The only door to SynapseML."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from pyspark.ml.linalg import Vectors, VectorUDT
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import IntegerType, StructField, StructType
from synapse.ml.lightgbm import LightGBMClassifier


@dataclass(frozen=True)
class Boosting:
    """The knobs of a classifier, chosen on months before the holdout: few leaves, many shrunken trees."""

    rounds: int = 200
    learning_rate: float = 0.03
    leaves: int = 7
    least_rows_in_leaf: int = 60
    feature_share: float = 0.4
    row_share: float = 0.7
    l2: float = 5.0
    seed: int = 7

    def as_parameters(self) -> dict[str, Any]:
        return asdict(self)


def fit_rows(
    spark: SparkSession, rows: pd.DataFrame, *, label: str, features: Sequence[str], boosting: Boosting
) -> lightgbm.Booster:
    """Fit on `rows` (features and a 0/1 `label`): the same rows in the same order give the same model, to the last bit.

    They go to Spark as one partition: the sums of a histogram, and so the trees, depend on how rows are split.
    """
    vectors = _vectors(spark, rows, label=label, features=features).persist()
    classifier = LightGBMClassifier(
        featuresCol="features",
        labelCol="label",
        slotNames=list(features),
        numIterations=boosting.rounds,
        learningRate=boosting.learning_rate,
        numLeaves=boosting.leaves,
        minDataInLeaf=boosting.least_rows_in_leaf,
        featureFraction=boosting.feature_share,
        baggingFraction=boosting.row_share,
        baggingFreq=1,
        lambdaL2=boosting.l2,
        seed=boosting.seed,
        deterministic=True,
        numTasks=1,
        numThreads=1,
        useSingleDatasetMode=True,
        dataTransferMode="bulk",
        matrixType="dense",
        passThroughArgs="force_row_wise=true",
        verbosity=-1,
    )
    try:
        return lightgbm.Booster(model_str=classifier.fit(vectors).getNativeModel())
    finally:
        vectors.unpersist()


def _vectors(spark: SparkSession, rows: pd.DataFrame, *, label: str, features: Sequence[str]) -> DataFrame:
    numbers = rows[list(features)].to_numpy(dtype="float64", na_value=np.nan)  # LightGBM takes NaN for missing
    pairs = [(Vectors.dense(row), int(value)) for row, value in zip(numbers, rows[label], strict=True)]
    schema = StructType([StructField("features", VectorUDT()), StructField("label", IntegerType())])
    return spark.createDataFrame(spark.sparkContext.parallelize(pairs, 1), schema)


def importance(booster: lightgbm.Booster) -> Mapping[str, float]:
    """Share of the total gain by feature, largest first; ties by name."""
    gains = dict(zip(booster.feature_name(), booster.feature_importance("gain"), strict=True))
    total = sum(gains.values()) or 1.0
    return {name: float(gains[name] / total) for name in sorted(gains, key=lambda name: (-gains[name], name))}
