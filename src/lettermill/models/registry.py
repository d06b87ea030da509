"""The only door to MLflow: runs, registered models, and the alias `champion`."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import lightgbm
import mlflow
import pandas as pd
from matplotlib.figure import Figure
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model, infer_signature
from mlflow.pyfunc import PythonModel
from mlflow.tracking import MlflowClient

from lettermill.errors import ModelError

CHAMPION = "champion"
FINGERPRINT = "fingerprint"
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # no such model; no such alias
SERVED_WITH = ("lightgbm", "numpy", "pandas", "scikit-learn", "scipy")
"""Packages a model needs where it is served; named, since MLflow would find them by loading it in a new process."""

for chatter in ("mlflow", "alembic", "alembic.runtime.migration"):
    logging.getLogger(chatter).setLevel(logging.ERROR)


@dataclass(frozen=True)
class Registered:
    """One registered version of a model, with the metrics of the run that made it."""

    name: str
    version: str
    run_id: str
    fingerprint: str
    metrics: Mapping[str, float]


class Served(PythonModel):
    """Any object with `predict(pandas.DataFrame) -> pandas.DataFrame`, as MLflow serves it."""

    def __init__(self, wrapped: Any) -> None:
        self.wrapped = wrapped

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        return self.wrapped.predict(model_input)


@dataclass(frozen=True)
class Registry:
    """Models of one MLflow server; `artifacts` is the folder of their files where the tracking store is a database."""

    tracking_uri: str
    registry_uri: str
    experiment: str
    artifacts: str | None = None

    def champion(self, name: str) -> Registered | None:
        """The version in use, or None where none was registered yet."""
        try:
            return self._registered(self._client().get_model_version_by_alias(name, CHAMPION))
        except MlflowException as error:
            if error.error_code in NOT_THERE:
                return None
            raise

    def with_fingerprint(self, name: str, fingerprint: str) -> Registered | None:
        """The newest registered version trained from exactly this, or None."""
        versions = self._client().search_model_versions(f"name='{name}'")
        same = [version for version in versions if version.tags.get(FINGERPRINT) == fingerprint]
        return self._registered(max(same, key=lambda version: int(version.version))) if same else None

    def register(
        self,
        name: str,
        *,
        model: Any,
        fingerprint: str,
        parameters: Mapping[str, Any],
        metrics: Mapping[str, float],
        figures: Mapping[str, Figure],
        documents: Mapping[str, Any],
        tags: Mapping[str, str],
        input_example: pd.DataFrame,
    ) -> Registered:
        """Keep a trained model as one run and one registered version, and make it the champion.

        `figures` are stored as `<name>.png`, `documents` as JSON under their own file names.
        """
        client = self._client()
        with self._run(name, tags) as run_id:
            mlflow.log_params(dict(parameters))
            mlflow.log_metrics({key: float(value) for key, value in metrics.items()})
            for title, figure in figures.items():
                mlflow.log_figure(figure, f"{title}.png", save_kwargs={"dpi": 150})
            for file, document in documents.items():
                mlflow.log_dict(document, file)
            version = self._log(name, model, input_example)
        client.set_registered_model_alias(name, CHAMPION, version)
        # Last of all: a version that a crash left half-made has no fingerprint, and is trained again.
        client.set_model_version_tag(name, version, FINGERPRINT, fingerprint)
        return Registered(name, version, run_id, fingerprint, {key: float(value) for key, value in metrics.items()})

    def load(self, name: str, *, version: str) -> Any:
        """The booster, or the object that was registered. Raises ModelError where there is no such version."""
        self._client()
        uri = f"models:/{name}/{version}"
        try:
            if "lightgbm" in Model.load(uri).flavors:
                return mlflow.lightgbm.load_model(uri)
            return mlflow.pyfunc.load_model(uri).unwrap_python_model().wrapped
        except MlflowException as error:
            raise ModelError(
                f"model {name} version {version} cannot be loaded: {error.message}",
                place=self.registry_uri,
                mend=f"train it again, or point the alias {CHAMPION} at a version that is there",
            ) from error

    def document(self, registered: Registered, file: str) -> Any:
        """A JSON document of the run that made a version."""
        self._client()
        return mlflow.artifacts.load_dict(f"runs:/{registered.run_id}/{file}")

    def _client(self) -> MlflowClient:
        """MLflow with this registry as the one that its module functions speak to."""
        if self.tracking_uri.startswith("sqlite:///"):
            Path(self.tracking_uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(self.tracking_uri)
        mlflow.set_registry_uri(self.registry_uri)
        return MlflowClient(self.tracking_uri, self.registry_uri)

    @contextmanager
    def _run(self, name: str, tags: Mapping[str, str]) -> Iterator[str]:
        """Open a run in the experiment, which is made with its artifacts' folder if it is not there."""
        client = self._client()
        found = client.get_experiment_by_name(self.experiment)
        location = Path(self.artifacts).absolute().as_uri() if self.artifacts else None
        experiment_id = (
            found.experiment_id if found else client.create_experiment(self.experiment, artifact_location=location)
        )
        with mlflow.start_run(experiment_id=experiment_id, run_name=name, tags=dict(tags)) as run:
            yield run.info.run_id

    def _log(self, name: str, model: Any, input_example: pd.DataFrame) -> str:
        """Log the model to the open run and register it; the native flavour for a booster, else pyfunc."""
        given = {
            "name": "model",
            "registered_model_name": name,
            "signature": infer_signature(input_example, model.predict(input_example)),
            "input_example": input_example,
            "pip_requirements": list(SERVED_WITH),
        }
        with redirect_stderr(StringIO()):  # it prints each registration, whatever its log level
            if isinstance(model, lightgbm.Booster):
                logged = mlflow.lightgbm.log_model(model, **given)
            else:
                logged = mlflow.pyfunc.log_model(python_model=Served(model), **given)
        return str(logged.registered_model_version)

    def _registered(self, found: ModelVersion) -> Registered:
        run = self._client().get_run(str(found.run_id))
        fingerprint = found.tags.get(FINGERPRINT, "")
        return Registered(found.name, str(found.version), run.info.run_id, fingerprint, run.data.metrics)
