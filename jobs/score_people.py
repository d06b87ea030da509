"""Score everybody who ever purchased by the champion of each classifier, from features at --as-of."""

from dataclasses import asdict
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.errors import ModelError
from lettermill.job import Argument, Run, job
from lettermill.models.registry import Registry
from lettermill.models.scoring import scores
from lettermill.permitting import without_objectors

MODELS = Argument("--models", help="registered names, with commas", default=",".join(tables.models.CLASSIFIERS))


@job(MODELS)
def main(run: Run) -> None:
    registry = Registry(**asdict(run.settings.mlflow))
    features = run.read(tables.features.PEOPLE).where(F.col("as_of") == F.lit(run.as_of))
    features = without_objectors(run, features)
    if features.isEmpty():
        raise ModelError(
            f"features.people has no row for {run.as_of}", mend="run build_features for this --as-of first"
        )
    by_model = [_scored(run, registry, name, features) for name in run.arguments.models.split(",")]
    with run.doing("scoring people"):
        run.lake.replace(reduce(DataFrame.unionByName, by_model), into=tables.models.SCORES, where={"as_of": run.as_of})
    run.count(scores=run.lake.read(tables.models.SCORES).where(F.col("as_of") == F.lit(run.as_of)).count())


def _scored(run: Run, registry: Registry, name: str, features: DataFrame) -> DataFrame:
    champion = registry.champion(name)
    if champion is None:
        raise ModelError(
            f"no champion of {name} is registered", place=registry.registry_uri, mend="run train_models first"
        )
    run.note(f"{name}: version {champion.version}")
    booster = registry.load(name, version=champion.version)
    return scores(features, model=name.split(".")[-1], booster=booster, model_version=champion.version)


if __name__ == "__main__":
    main()
