"""Deployment registers once, promotes only when told, and finishes what a killed run began."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mdlc.components.deployment import model_registry as rooms
from mdlc.components.deployment import registry_reachability
from mdlc.components.deployment.mlflow_client import mlflow_client
from mdlc.components.deployment.stage import deploy
from mdlc.core.bundle import open_bundle
from mdlc.core.documents.evaluation_result import Contender, Deployment, Interval
from mdlc.core.errors import ArtifactError, ServiceError
from mdlc.core.files import read_document, write_document
from tests.unit.bundles import make_training
from tests.winners import judged

UNIT = Interval(value=0.5, low=0.4, high=0.6)


@pytest.fixture(scope="module")
def _fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry whose migrations have run: they take seconds, so each test copies the file."""
    path = tmp_path_factory.mktemp("registry") / "mlflow.db"
    with registry_reachability.answering(f"sqlite:///{path}"), mlflow_client(f"sqlite:///{path}"):
        pass
    return path


@pytest.fixture
def registry(_fresh: Path, tmp_path: Path) -> str:
    copy = tmp_path / "mlflow.db"
    copy.write_bytes(_fresh.read_bytes())
    return f"sqlite:///{copy}"


def _judged(folder: Path, *, bias: float = 0.0, promote: bool = True) -> None:
    training = make_training(folder / "training", logistic={"bias": bias, "params": {"depth": 3}})
    page = Contender(
        name="logistic", folder="", metrics={"log_loss": UNIT}, money_per_decision=UNIT
    )
    made = training.candidates[0]
    evaluation = judged(
        page, digest=made.digest, folder=made.folder, promote=promote, reasons=["because"]
    )
    write_document(folder / "evaluation" / "evaluation.json", evaluation)


def _deploy(folder: Path, registry: str, *, out: str = "out") -> Deployment:
    (folder / out).mkdir(exist_ok=True)
    return deploy(
        "flights",
        evaluation=folder / "evaluation",
        training=folder / "training",
        registry=registry,
        out=folder / out,
    )


def test_a_promoted_winner_becomes_champion_with_its_bundle(tmp_path: Path, registry: str) -> None:
    _judged(tmp_path)
    got = _deploy(tmp_path, registry)
    manifest, _ = open_bundle(tmp_path / "out" / got.bundle)
    assert (got.version, got.promoted, got.replaced) == ("1", True, "")
    assert got.digest == manifest.digest
    assert read_document(tmp_path / "out" / "deployment.json", Deployment) == got
    champion = rooms.champion("flights", registry)
    assert champion == rooms.ChampionRef("1", got.digest, str(tmp_path / "out" / "bundle"))
    (version,) = rooms.versions("flights", registry)
    assert (version.aliases, version.candidate) == (("challenger", "champion"), "logistic")


def test_the_run_has_parameters_metrics_and_tags(tmp_path: Path, registry: str) -> None:
    _judged(tmp_path)
    got = _deploy(tmp_path, registry)
    with mlflow_client(registry) as client:
        experiment = client.get_experiment_by_name("flights")
        (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.params == {"depth": "3"}
    assert run.data.metrics["test.money_per_decision.low"] == 0.4
    assert run.data.tags["digest"] == got.digest
    assert run.info.status == "FINISHED"


def test_the_same_bundle_again_is_the_same_version(tmp_path: Path, registry: str) -> None:
    _judged(tmp_path)
    first = _deploy(tmp_path, registry)
    assert _deploy(tmp_path, registry) == first
    moved = _deploy(tmp_path, registry, out="elsewhere")
    assert moved == first
    (version,) = rooms.versions("flights", registry)
    assert version.source == str(tmp_path / "elsewhere" / "bundle")
    with sqlite3.connect(registry.removeprefix("sqlite:///")) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM metrics").fetchone() == (6,)


def test_without_promotion_the_champion_stays(tmp_path: Path, registry: str) -> None:
    _judged(tmp_path / "a")
    _judged(tmp_path / "b", bias=1.0, promote=False)
    _deploy(tmp_path / "a", registry)
    got = _deploy(tmp_path / "b", registry)
    assert (got.version, got.promoted, got.replaced) == ("2", False, "")
    aliases = {v.version: v.aliases for v in rooms.versions("flights", registry)}
    assert aliases == {"2": ("challenger",), "1": ("champion",)}


def test_a_successor_names_whom_it_replaced_even_after_a_crash(
    tmp_path: Path, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _judged(tmp_path / "a")
    _judged(tmp_path / "b", bias=1.0)
    _deploy(tmp_path / "a", registry)
    with monkeypatch.context() as patch:
        patch.setattr("mdlc.components.deployment.stage.write_document", _killed)
        with pytest.raises(KeyboardInterrupt):
            _deploy(tmp_path / "b", registry)
    got = _deploy(tmp_path / "b", registry)
    assert (got.version, got.replaced) == ("2", "1")


@pytest.mark.parametrize(
    "step",
    [
        "create_run",
        "log_batch",
        "set_terminated",
        "create_registered_model",
        "create_model_version",
        "set_model_version_tag",
        "set_registered_model_alias",
    ],
)
def test_a_run_killed_at_any_step_is_completed_by_the_next(
    tmp_path: Path, registry: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    from mlflow import MlflowClient

    _judged(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, step, _killed)
        with pytest.raises(KeyboardInterrupt):
            _deploy(tmp_path, registry)
    assert _deploy(tmp_path, registry).version == "1"
    (version,) = rooms.versions("flights", registry)
    assert version.aliases == ("challenger", "champion")
    with sqlite3.connect(registry.removeprefix("sqlite:///")) as connection:
        assert connection.execute("SELECT status FROM runs").fetchall() == [("FINISHED",)]
        assert connection.execute("SELECT count(*) FROM metrics").fetchone() == (6,)


def test_another_bundle_than_was_judged_is_refused(tmp_path: Path, registry: str) -> None:
    _judged(tmp_path)
    make_training(tmp_path / "training", logistic={"bias": 9.0})
    with pytest.raises(ArtifactError, match=r"not the bundle that evaluation\.json judged"):
        _deploy(tmp_path, registry)
    assert not (tmp_path / "out" / "bundle").exists()
    assert rooms.versions("flights", registry) == []


def test_nothing_is_there_before_the_first_deployment(tmp_path: Path, registry: str) -> None:
    assert rooms.champion("flights", registry) is None
    path = tmp_path / "none" / "mlflow.db"
    assert rooms.champion("flights", f"sqlite:///{path}") is None
    assert not path.parent.exists()


def test_a_locked_registry_is_one_line(
    tmp_path: Path, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_reachability, "WAIT_SECONDS", 0.1)
    _judged(tmp_path)
    holder = sqlite3.connect(registry.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ServiceError, match="database is locked") as caught:
        _deploy(tmp_path, registry)
    holder.close()
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    path.write_text("this is not a database, it is a note" * 50)
    with pytest.raises(ServiceError, match="does not answer: file is not a database"):
        rooms.versions("flights", f"sqlite:///{path}")


@pytest.mark.parametrize("scheme", ["http", "postgresql"])
def test_a_server_that_is_not_there_is_named_without_credentials(scheme: str) -> None:
    with pytest.raises(ServiceError, match="Connection refused") as caught:
        rooms.versions("flights", f"{scheme}://ann:secret@127.0.0.1:9/mlflow?password=secret")
    assert "secret" not in str(caught.value)


def test_credentials_are_left_out_of_names() -> None:
    clean = registry_reachability.without_credentials
    assert clean("postgresql://ann:s@cret@db:5432/m?x=1") == "postgresql://db:5432/m"
    assert clean("sqlite:////a/b.db") == "sqlite:////a/b.db"


def test_mlflow_is_silent_and_leaves_no_trace(tmp_path: Path) -> None:
    """A process of its own: a new registry with its migrations, warnings as errors."""
    _judged(tmp_path)
    code = (
        "import logging, sys; from pathlib import Path\n"
        "from mdlc.components.deployment.stage import deploy\n"
        "p = Path(sys.argv[1]); (p / 'out').mkdir()\n"
        "deploy('flights', evaluation=p / 'evaluation', training=p / 'training',\n"
        "       registry=f'sqlite:///{p}/new/mlflow.db', out=p / 'out')\n"
        "assert not logging.getLogger().handlers\n"
    )
    environment = {k: v for k, v in os.environ.items() if "MLFLOW" not in k and "PYTEST" not in k}
    (tmp_path / "cwd").mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path / "cwd",
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list((tmp_path / "cwd").iterdir()) == []


def test_loggers_get_their_levels_back(registry: str) -> None:
    with mlflow_client(registry):
        pass
    before = logging.getLogger("mlflow").level
    with mlflow_client(registry):
        assert logging.getLogger("mlflow").level > logging.CRITICAL
    assert logging.getLogger("mlflow").level == before <= logging.WARNING


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
