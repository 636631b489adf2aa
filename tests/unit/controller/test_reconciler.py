"""What the controller does at each look, and says; each look is by a controller just started."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mdlc.controller.clients import ClientSettings, RolloutState
from mdlc.controller.desired_objects import Rendering
from mdlc.controller.finalizer import finalize
from mdlc.controller.lifecycle_object import RUN
from mdlc.core.errors import ServiceError, SpecError
from mdlc.core.spec import load
from mdlc.kubernetes.crd.lifecycle_status import AppliedObject
from mdlc.pipelines.kubeflow.run_state import RunState, TaskState
from mdlc.pipelines.kubeflow.step_settings import RunOutcome
from tests import tiny
from tests.unit.controller.world import KINDS, START, Life, document, pointer


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(document(tmp_path))


def ended(life: Life, state: str, outcome: str = "", *tasks: TaskState, why: str = "") -> None:
    newest = life.status.runs[-1]
    led = None
    if outcome:
        led = RunOutcome(
            name="tiny",
            run=newest.id,
            kind="training",
            outcome=outcome,
            version="1",
            reasons=[why],
            ended=datetime.now(UTC),
        )
    life.world.states[newest.id] = RunState(
        newest.id,
        newest.name,
        state,  # type: ignore[arg-type]
        list(tasks),
        led,
        error=why,
    )


def test_a_new_lifecycle_is_trained_watched_and_waits_for_a_release(life: Life) -> None:
    life.look()
    assert len(life.world.submitted) == 1
    assert life.said("Valid") == ("True", "Valid")
    assert life.said("Trained") == ("Unknown", "Running")
    assert life.said("Serving") == ("False", "NoRelease")
    assert life.said("Watched") == ("True", "Applied")
    assert life.said("Degraded") == ("False", "AsAsked")
    assert life.said("Ready") == ("False", "NotServing")
    assert {kind for kind, _ in life.world.cluster.objects} == {
        *("PrometheusRule", "PodMonitor", "ConfigMap")
    }
    owners = [
        one["metadata"]["ownerReferences"][0]["uid"] for one in life.world.cluster.objects.values()
    ]
    assert set(owners) == {"0f8f1c2d-aaaa"}


def test_the_same_file_is_one_run_however_often_somebody_looks(life: Life) -> None:
    for _ in range(3):
        life.look()
    life.edit("retrain", "max_per_month", value=7)
    life.look()
    assert len(life.world.submitted) == 1, "no model depends on that key"
    life.edit("model", "seed", value=7)
    life.look()
    assert len(life.world.submitted) == 2


def test_a_controller_killed_after_submitting_finds_its_run_by_name(life: Life) -> None:
    life.look()
    life.status.runs = []
    life.look()
    assert life.world.submitted[0] == life.world.submitted[1]
    assert len({run.id for run in life.status.runs}) == 1


def test_going_back_to_an_earlier_file_is_a_run_of_its_own(life: Life) -> None:
    life.look()
    life.edit("model", "seed", value=7)
    life.look()
    life.edit("model", "seed", value=0)
    life.look()
    assert len(set(life.world.submitted)) == 3


def test_a_failed_run_is_not_repeated_until_somebody_asks(life: Life) -> None:
    life.look()
    ended(life, "failed", "failed", TaskState("training", "FAILED", 3), why="row 7 is secret")
    life.look()
    life.look()
    assert life.said("Trained") == ("False", "Failed")
    assert life.said("Degraded") == ("True", "Trouble")
    assert life.status.run == "failed"
    assert "it failed at training" in life.status.runs[-1].message
    assert len(life.world.submitted) == 1
    for _ in range(2):
        life.annotations[RUN] = "once more"
        life.look()
    assert len(set(life.world.submitted)) == 2
    told = json.dumps([life.world.cluster.statuses, life.world.cluster.events])
    assert "row 7" not in told, "what a step said may quote data"


def test_what_is_released_is_deployed_once_and_again_when_it_changes(life: Life) -> None:
    life.look()
    ended(life, "succeeded", "promoted")
    life.world.released = pointer()
    life.look()
    life.look()
    assert life.world.deployed == ["1"]
    assert life.said("Trained") == ("True", "Promoted")
    assert life.said("Ready") == ("True", "Serving")
    assert life.status.serving is not None
    assert (life.status.serving.version, life.status.serving.money) == ("1", "0.25 USD")
    assert life.status.serving.url == "http://tiny"
    life.world.released = pointer("2", promised=None)
    life.look()
    assert life.world.deployed == ["1", "2"]
    assert life.status.serving.money == ""
    life.edit("deploy", "kserve", value={"min_replicas": 2})
    life.look()
    del life.world.cluster.objects["InferenceService", "tiny"]
    life.look()
    assert life.world.deployed == ["1", "2", "2", "2"], "the file; somebody deleted it"


def test_a_rollout_that_cannot_end_is_trouble_and_one_that_goes_on_is_not(life: Life) -> None:
    life.world.released = pointer()
    life.world.state = RolloutState(False, False, "0 of 1 predictors serve", "")
    life.look()
    assert life.said("Serving") == ("False", "Rollout")
    assert life.said("Degraded")[0] == "False"
    life.world.state = RolloutState(False, True, "the image cannot be pulled", "")
    life.look()
    assert life.said("Serving") == ("False", "NotReady")
    assert life.said("Degraded")[0] == "True"


def test_a_wrong_file_is_said_in_the_words_of_validate_and_what_was_there_stays(
    life: Life, tmp_path: Path
) -> None:
    life.look()
    before = dict(life.world.cluster.objects)
    life.edit("data", "features", value=["x", "known"])
    life.look()
    with pytest.raises(SpecError) as error:
        load(tiny.write_file(tmp_path, ("features: [x, y, group]", "features: [x, known]")))
    error.value.file = ""
    found = life.status.condition("Valid")
    assert found is not None
    assert found.message == str(error.value)
    assert life.said("Valid") == ("False", "Invalid")
    assert life.said("Watched") == ("True", "Applied")
    assert life.status.observed_generation == 2
    assert life.world.cluster.objects == before
    assert ("Invalid", found.message, True) in life.world.cluster.events


def test_services_that_are_away_are_said_and_the_rest_goes_on(life: Life) -> None:
    life.world.errors = {
        "submit": ServiceError("Kubeflow Pipelines does not answer"),
        "pointer": ServiceError("the object store does not answer"),
        "plan": ServiceError("the object store does not answer"),
    }
    life.look()
    assert life.said("Trained") == ("Unknown", "NotSubmitted")
    assert life.said("Serving") == ("Unknown", "StoreAway")
    assert life.said("Watched") == ("True", "Applied")
    assert life.said("Degraded") == ("True", "Trouble")
    assert life.status.plan is not None
    assert life.status.plan.unknown == "the object store does not answer"
    life.world.errors = {}
    life.look()
    assert life.said("Degraded") == ("False", "AsAsked")
    assert len(life.world.submitted) == 1


def test_only_kinds_that_the_cluster_has_are_applied(life: Life) -> None:
    life.world.cluster.has = set()
    life.world.released = pointer()
    life.look()
    assert {kind for kind, _ in life.world.cluster.objects} == {"ConfigMap"}
    assert life.said("Watched") == ("False", "NoOperator")
    assert life.said("Serving") == ("False", "NoKServe")


def test_what_is_not_wanted_any_more_goes_if_it_is_ours(life: Life) -> None:
    how = Rendering("http://trigger:8090", "/etc/token")
    life.world.settings = ClientSettings(rendering=how)
    life.look()
    name = ("AlertmanagerConfig", "tiny-alerts")
    assert name in life.world.cluster.objects
    life.status.objects.append(AppliedObject(kind="ConfigMap", name="somebody-elses"))
    other = {"kind": "ConfigMap", "metadata": {"name": "somebody-elses"}}
    life.world.cluster.objects["ConfigMap", "somebody-elses"] = other
    life.world.settings = ClientSettings()
    life.look()
    assert name not in life.world.cluster.objects
    assert ("ConfigMap", "somebody-elses") in life.world.cluster.objects


def test_the_trigger_gets_the_file(life: Life, tmp_path: Path) -> None:
    life.look()
    files = life.world.cluster.objects["ConfigMap", "lifecycles"]["data"]
    (tmp_path / "handed.yaml").write_text(files["tiny.yaml"])
    assert load(tmp_path / "handed.yaml").name == "tiny"
    assert "mdlc-controller-tiny" in life.world.cluster.managers, "each has its own part"


def test_without_an_operator_prometheus_gets_the_rules_as_a_file(life: Life) -> None:
    life.world.cluster.has = {"InferenceService"}
    life.world.settings = ClientSettings(rendering=Rendering(target="plain"))
    life.look()
    assert life.said("Watched") == ("True", "Applied")
    rules = YAML(typ="safe").load(
        life.world.cluster.objects["ConfigMap", "prometheus-rules"]["data"]["tiny.rules.yaml"]
    )
    alerts = {rule.get("alert") for group in rules["groups"] for rule in group["rules"]}
    assert {"CalibrationOff", "PredictorDown"} <= alerts
    assert {kind for kind, _ in life.world.cluster.objects} == {"ConfigMap"}
    assert "prometheus-rules" not in {made.name for made in life.status.objects}, "it is shared"
    finalize(life.subject(), life.world)  # type: ignore[arg-type]
    assert "data" not in life.world.cluster.objects["ConfigMap", "prometheus-rules"]


def test_nothing_is_written_where_nothing_changed(life: Life) -> None:
    life.look()
    life.look()
    written, told = len(life.world.cluster.statuses), len(life.world.cluster.events)
    life.look()
    assert (len(life.world.cluster.statuses), len(life.world.cluster.events)) == (written, told)


def test_a_condition_keeps_its_time_until_its_answer_changes(life: Life) -> None:
    life.look()
    valid = life.status.condition("Valid")
    ended(life, "succeeded", "refused")
    life.look()
    trained = life.status.condition("Trained")
    again = life.status.condition("Valid")
    assert valid is not None
    assert trained is not None
    assert again is not None
    assert again.last_transition_time == valid.last_transition_time > START
    assert trained.last_transition_time > valid.last_transition_time
    assert trained.reason == "Refused"


def test_deleting_takes_what_is_ours_and_tells_what_is_kept(life: Life) -> None:
    life.world.released = pointer()
    life.look()
    life.world.cluster.names = ["tiny"]
    said = finalize(life.subject(), life.world)  # type: ignore[arg-type]
    left = life.world.cluster.objects
    assert set(left) == {("ConfigMap", "lifecycles")}
    assert "data" not in left["ConfigMap", "lifecycles"]
    assert life.world.ended == [life.status.runs[-1].id]
    assert "InferenceService tiny" in said
    assert "kept: models, history and caches in s3://models/mdlc/tiny" in said
    finalize(life.subject(), life.world)  # type: ignore[arg-type]


def test_kubeflow_that_is_gone_keeps_nobody_from_deleting(life: Life) -> None:
    life.look()
    life.world.errors["terminate"] = ServiceError("no answer")
    assert "says no" in finalize(life.subject(), life.world)  # type: ignore[arg-type]


def test_without_pipelines_nothing_is_started(life: Life) -> None:
    life.world.settings = ClientSettings(pipelines=False)
    life.look()
    assert life.world.submitted == []
    assert life.said("Trained") == ("Unknown", "NoPipelines")
    assert {"PrometheusRule"} < KINDS
