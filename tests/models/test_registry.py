"""The registry: a registered model comes back the same, is the champion, and is found by its fingerprint."""

import lightgbm
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from lettermill.errors import ModelError
from lettermill.models.registry import Registry

ROWS = pd.DataFrame({"x": np.arange(100.0)})


class Doubling:
    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"y": rows["x"] * 2})


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> Registry:
    folder = tmp_path_factory.mktemp("mlflow")
    store = f"sqlite:///{folder}/below/mlflow.db"
    return Registry(store, store, "tests", str(folder / "artifacts"))


def register(registry, name, model, *, fingerprint):
    figure = Figure()
    figure.subplots().plot([0, 1])
    return registry.register(
        name, model=model, fingerprint=fingerprint, parameters={"rounds": 5}, metrics={"roc_auc": 0.75},
        figures={"gain": figure}, documents={"curves.json": {"gain": [[0, 1]]}}, tags={"git_commit": "abc"},
        input_example=ROWS.head(2),
    )  # fmt: skip


def test_before_anything_is_registered_there_is_no_champion(registry):
    assert registry.champion("unheard_of") is None
    assert registry.with_fingerprint("unheard_of", "f1") is None
    with pytest.raises(ModelError, match="unheard_of version 1 cannot be loaded"):
        registry.load("unheard_of", version="1")


def test_a_booster_comes_back_the_same_and_the_newest_version_is_the_champion(registry):
    labels = (ROWS["x"] > 50).astype(int)
    booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(ROWS, label=labels), 5)

    first = register(registry, "churn", booster, fingerprint="f1")
    second = register(registry, "churn", booster, fingerprint="f2")

    assert (registry.champion("churn"), registry.with_fingerprint("churn", "f1")) == (second, first)
    assert registry.with_fingerprint("churn", "f3") is None
    assert registry.document(second, "curves.json") == {"gain": [[0, 1]]}
    assert list(registry.load("churn", version="1").predict(ROWS)) == list(booster.predict(ROWS))


def test_any_predictor_comes_back_as_it_was(registry):
    registered = register(registry, "doubling", Doubling(), fingerprint="f1")

    assert isinstance(registry.load("doubling", version=registered.version), Doubling)
