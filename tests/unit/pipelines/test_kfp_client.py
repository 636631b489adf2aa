"""Submitting is safe to repeat, and what KFP refuses is said in one line. Against the stand-in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.errors import ServiceError, SpecError
from mdlc.core.spec import Lifecycle
from mdlc.pipelines.kubeflow.kfp_client import KfpClient, Submitted
from mdlc.pipelines.kubeflow.recurring_runs import RecurringRuns, RunTrigger
from mdlc.pipelines.kubeflow.run_state import TaskState, run_state
from mdlc.pipelines.stage_arguments import Renewal
from tests.services.kfp_standin import standin
from tests.unit.pipelines.cluster import on_cluster, uploaded

WAITING, FAILING, DONE = ["sleep", "60"], ["false"], ["true"]


@pytest.fixture
def lifecycle(tmp_path: Path) -> Lifecycle:
    return on_cluster(tmp_path)


@pytest.fixture
def kfp(tmp_path: Path) -> Iterator[Any]:
    with standin(tmp_path / "kfp", command=WAITING) as running:
        yield running


def ended(client: KfpClient, run_id: str) -> str:
    for _ in range(100):
        state = client.state(run_id).state
        if state != "running":
            return state
        time.sleep(0.1)
    raise AssertionError(f"{run_id} does not end")


def test_the_same_question_is_the_same_run(kfp: Any, lifecycle: Lifecycle, tmp_path: Path) -> None:
    sources, client = uploaded(lifecycle, tmp_path), KfpClient(kfp.url)
    one = client.submit(lifecycle, sources=sources)
    assert client.submit(lifecycle, sources=sources) == one
    assert KfpClient(kfp.url).submit(lifecycle) == one, "the upload is remembered"
    assert len(kfp.state.versions) == len(kfp.state.things["pipelines"]) == 1
    assert client.submit(lifecycle, sources=sources, again=True) != one


def test_changed_data_are_a_new_run_of_the_same_version(
    kfp: Any, lifecycle: Lifecycle, tmp_path: Path
) -> None:
    client = KfpClient(kfp.url)
    one = client.submit(lifecycle, sources=uploaded(lifecycle, tmp_path))
    with (tmp_path / "rows.csv").open("a") as rows:
        rows.write("999,2026-01-02 23:00:00,2026-01-02 23:30:00,0.5,a,left,1\n")
    two = client.submit(lifecycle, sources=uploaded(lifecycle, tmp_path))
    assert one != two
    assert len(kfp.state.versions) == 1


def test_a_changed_cluster_section_is_a_new_version(kfp: Any, tmp_path: Path) -> None:
    client = KfpClient(kfp.url)
    for line in ("image: a:1", "image: b:1"):
        lifecycle = on_cluster(tmp_path, line)
        client.submit(lifecycle, sources=uploaded(lifecycle, tmp_path))
    assert len(kfp.state.versions) == 2
    assert len(kfp.state.things["pipelines"]) == 1


def test_a_failed_run_is_tried_anew_but_a_named_one_never(
    lifecycle: Lifecycle, tmp_path: Path
) -> None:
    sources = uploaded(lifecycle, tmp_path)
    with standin(tmp_path / "failing", command=FAILING) as kfp:
        client = KfpClient(kfp.url)
        one = client.submit(lifecycle, sources=sources)
        assert ended(client, one) == "failed"
        assert client.submit(lifecycle, sources=sources) != one
        named = client.submit(lifecycle, sources=sources, name="tiny-retraining-7")
        assert ended(client, named) == "failed"
        assert client.submit(lifecycle, sources=sources, name="tiny-retraining-7") == named


def test_a_run_ends_by_itself_or_by_us(kfp: Any, lifecycle: Lifecycle, tmp_path: Path) -> None:
    client = KfpClient(kfp.url)
    one = client.submit(lifecycle, sources=uploaded(lifecycle, tmp_path))
    assert client.state(one).state == "running"
    client.terminate(one)
    client.terminate(one)
    assert ended(client, one) == "failed"
    client.terminate(one)
    assert client.state(one).stopped, "whoever is told of the failure can tell"
    with standin(tmp_path / "done", command=DONE) as other:
        client = KfpClient(other.url)
        two = client.submit(lifecycle)
        assert ended(client, two) == "succeeded"
        client.terminate(two)
        assert (client.state(two).state, client.state(two).stopped) == ("succeeded", False)
        assert [run.run_id for run in client.runs("tiny")] == [two]
        assert client.runs("unknown") == []


def test_of_all_nodes_of_a_run_ours_are_told() -> None:
    import kfp_server_api as api

    began, never = datetime(2026, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)
    nodes = [
        ("tiny-x7k", "RUNNING", never),
        ("candidate-driver", "SUCCEEDED", began),
        ("executor(0)", "FAILED", began),
        ("candidate", "SUCCEEDED", began + timedelta(seconds=9)),
        ("candidate", "RUNNING", never),
        ("front", "SUCCEEDED", began + timedelta(seconds=4)),
        ("back", None, began),
    ]
    details = [
        api.V2beta1PipelineTaskDetail(display_name=n, state=s, start_time=began, end_time=end)
        for n, s, end in nodes
    ]
    run = api.V2beta1Run(
        run_id="r",
        display_name="r",
        state="RUNNING",
        run_details=api.V2beta1RunDetails(task_details=details),
    )
    assert run_state(run).tasks == [
        TaskState("candidate", "RUNNING", 0.0),
        TaskState("front", "SUCCEEDED", 4.0),
    ]


def test_a_retraining_exports_the_log_or_brings_its_feedback(
    kfp: Any, lifecycle: Lifecycle, tmp_path: Path
) -> None:
    client, sources = KfpClient(kfp.url), uploaded(lifecycle, tmp_path)
    one = client.submit(lifecycle, kind="retraining", sources=sources, name="r-1")
    rows = tmp_path / "rows.csv"
    two = client.submit(
        lifecycle, kind="retraining", renewal=Renewal(feedback=rows), sources=sources, name="r-2"
    )
    given = [kfp.state.things["runs"][run].runtime_config.parameters for run in (one, two)]
    assert given[0]["feedback"] == "log"
    assert given[1]["feedback"].endswith(f"/feedback/{given[1]['feedback_digest']}.parquet")
    assert given[0]["epoch"] == "r-1", "KFP's own cache does not answer a retraining"
    assert given[0]["warm"].endswith("/tiny/serving.json")


def test_two_that_make_the_same_pipeline_at_once_share_it(
    kfp: Any, lifecycle: Lifecycle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, sources = KfpClient(kfp.url), uploaded(lifecycle, tmp_path)
    client.submit(lifecycle, sources=sources)
    known = client._pipeline
    answers = iter([None])
    monkeypatch.setattr(client, "_pipeline", lambda name: next(answers, known(name)))
    client.submit(lifecycle, sources=sources, name="second")
    assert len(kfp.state.things["pipelines"]) == 1


def test_a_profile_has_pipelines_of_its_own(kfp: Any, lifecycle: Lifecycle, tmp_path: Path) -> None:
    sources = uploaded(lifecycle, tmp_path)
    for namespace in ("ada", "bob", None):
        client = KfpClient(kfp.url, namespace=namespace)
        one = client.submit(lifecycle, sources=sources)
        assert client.submit(lifecycle, sources=sources) == one
    made = kfp.state.things["pipelines"].values()
    assert [pipeline.namespace for pipeline in made] == ["ada", "bob", None]


def test_of_many_that_submit_at_once_one_makes_the_run(
    kfp: Any, lifecycle: Lifecycle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, many = uploaded(lifecycle, tmp_path), 6
    KfpClient(kfp.url).experiment("tiny")
    met, looks = threading.Barrier(many), threading.local()
    find = KfpClient.find

    def find_together(client: KfpClient, name: str, *, experiment: str) -> Any | None:
        found = find(client, name, experiment=experiment)
        if not hasattr(looks, "first"):
            looks.first = found
            met.wait(120)  # a bound for a deadlock, not for a busy machine
        return found

    monkeypatch.setattr(KfpClient, "find", find_together)

    def send(_: int) -> Submitted:
        given: Any = {"kind": "training", "renewal": Renewal(), "sources": sources}
        return KfpClient(kfp.url).send(lifecycle, **given)

    with ThreadPoolExecutor(many) as pool:
        made = list(pool.map(send, range(many)))
    monkeypatch.setattr(KfpClient, "find", find)
    assert len({one.run_id for one in made}) == 1
    assert [one.created for one in made].count(True) == 1
    states = {run.run_id: run.state for run in kfp.state.things["runs"].values()}
    assert len(states) == many, "all were made, for KFP does not refuse a name"
    assert [run for run, state in states.items() if not state.startswith("CANCEL")] == [
        made[0].run_id
    ]
    assert KfpClient(kfp.url).submit(lifecycle, sources=sources) == made[0].run_id, (
        "and so it stays"
    )


def test_refusals_in_one_line(
    lifecycle: Lifecycle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = uploaded(lifecycle, tmp_path)
    with standin(tmp_path / "kfp", token="a-token", command=DONE) as kfp:
        with pytest.raises(ServiceError, match=r"401.*MDLC_KFP_TOKEN"):
            KfpClient(kfp.url).submit(lifecycle, sources=sources)
        monkeypatch.setenv("MDLC_KFP_TOKEN", "a-token")
        client = KfpClient(kfp.url)
        client.submit(lifecycle, sources=sources)
        with pytest.raises(ServiceError, match="404"):
            client.state("no-such-run")
    with pytest.raises(ServiceError, match="does not answer"):
        KfpClient("http://127.0.0.1:9").submit(lifecycle, sources=sources)


def test_sources_beside_the_file_need_a_place(kfp: Any, lifecycle: Lifecycle) -> None:
    with pytest.raises(SpecError, match="--upload"):
        KfpClient(kfp.url).submit(lifecycle)


def test_a_lifecycle_has_one_schedule(kfp: Any, lifecycle: Lifecycle, tmp_path: Path) -> None:
    schedules, sources = RecurringRuns(KfpClient(kfp.url)), uploaded(lifecycle, tmp_path)
    weekly = RunTrigger(cron="0 3 * * 1")
    one = schedules.add(lifecycle, trigger=weekly, sources=sources, fuse=None)
    same = schedules.add(lifecycle, trigger=weekly, sources=sources, fuse=None)
    assert (one.created, same.created, same.run_id) == (True, False, one.run_id)
    (stored,) = kfp.state.things["recurringruns"].values()
    assert stored.trigger.cron_schedule.cron == "0 0 3 * * 1"
    assert (stored.max_concurrency, stored.no_catchup) == ("1", True)
    daily = schedules.add(lifecycle, trigger=RunTrigger(seconds=86400), sources=sources, fuse=None)
    assert list(kfp.state.things["recurringruns"]) == [daily.run_id]
    assert schedules.remove("tiny") == 1
    assert schedules.all("tiny") == []
