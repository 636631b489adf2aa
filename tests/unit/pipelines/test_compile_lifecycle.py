"""What spec.cluster says is in the compiled IR, and the IR is one that KFP 2.14 reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format

from mdlc.core.errors import SpecError
from mdlc.core.spec.deploy import Canary
from mdlc.pipelines.kubeflow.cluster_pipeline import PARAMETERS
from mdlc.pipelines.kubeflow.compile_lifecycle import compile_lifecycle
from tests.services.kfp_standin import check_ir
from tests.unit.pipelines.cluster import asked, on_cluster

STAGES = {
    *("business", "collection", "preparation", "exploration", "selection"),
    *("training", "evaluation", "deployment", "release"),
}
UNCACHED = {"evaluation", "deployment", "release", "report"}


def compiled(folder: Path, *lines: str, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the pipeline spec, and each executor's platform spec."""
    lifecycle = on_cluster(folder, *lines)
    out = folder / "ir.yaml"
    compile_lifecycle(lifecycle, out, defaults=options.pop("defaults", {}), **options)
    check_ir(out.read_text())
    spec, *platform = list(yaml.safe_load_all(out.read_text()))
    found = platform[0]["platforms"]["kubernetes"]["deploymentSpec"] if platform else {}
    return spec, found.get("executors", {})


def containers(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    executors = spec["deploymentSpec"]["executors"]
    return {k.removeprefix("exec-"): v["container"] for k, v in executors.items()}


def tasks(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the tasks inside and outside of the exit handler."""
    inner = spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    outer = {k: v for k, v in spec["root"]["dag"]["tasks"].items() if k != "exit-handler-1"}
    return inner | outer


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    lifecycle = on_cluster(tmp_path)
    defaults = asked(lifecycle, tmp_path)
    one = compile_lifecycle(lifecycle, tmp_path / "1", defaults=defaults)
    two = compile_lifecycle(lifecycle, tmp_path / "2", defaults=defaults)
    assert one == two
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_arguments_and_parameters_are_the_same(tmp_path: Path) -> None:
    lifecycle = on_cluster(tmp_path)
    assert set(asked(lifecycle, tmp_path)) == set(PARAMETERS)


def test_every_stage_is_a_component_and_the_exit_handler_reports(tmp_path: Path) -> None:
    spec, _ = compiled(tmp_path)
    assert set(containers(spec)) == STAGES | {"report"}
    outer = spec["root"]["dag"]["tasks"]
    assert set(outer) == {"exit-handler-1", "report"}
    assert outer["report"]["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"


def test_the_light_plan_has_three_pods_and_the_same_artifacts(tmp_path: Path) -> None:
    spec, _ = compiled(tmp_path, fuse="light")
    assert set(containers(spec)) == {"front", "training", "back", "report"}
    plain, _ = compiled(tmp_path, fuse="none")

    def artifacts(of: dict[str, Any]) -> set[str]:
        names: set[str] = set()
        for name, component in of["components"].items():
            if "executorLabel" in component and name != "comp-report":
                names |= set(component["outputDefinitions"]["artifacts"])
        return {name for name in names if not name.endswith("page")}

    assert artifacts(spec) == artifacts(plain)


@pytest.mark.parametrize("fuse", ["none", "light"])
def test_candidates_in_pods_of_their_own(tmp_path: Path, fuse: Any) -> None:
    spec, platform = compiled(
        tmp_path,
        "parallel: 3",
        "each: {memory: 1Gi}",
        "stages: {training: {memory: 8Gi, gpu: 1, image: steps-gpu:1}}",
        "secrets: [{name: s, env: {A: b}, stages: [training]}]",
        fuse=fuse,
    )
    pods = containers(spec)
    assert "training" not in pods
    (loop,) = [task for task in tasks(spec).values() if "parameterIterator" in task]
    assert loop["iteratorPolicy"] == {"parallelismLimit": 3}
    maker = "front" if fuse == "light" else "selection"
    assert loop["dependentTasks"][-1:] == [maker]
    assert pods["candidate"]["resources"]["resourceMemoryLimit"] == "8Gi"
    assert pods["candidate"]["resources"]["accelerator"]["resourceCount"] == "1"
    # What joins them trains nothing, but its image's libraries are part of the cache's question.
    assert pods["assembly"]["resources"]["resourceMemoryLimit"] == "1Gi"
    assert "accelerator" not in pods["assembly"]["resources"]
    assert pods["candidate"]["image"] == pods["assembly"]["image"] == "steps-gpu:1"
    assert all(platform[f"exec-{pod}"]["secretAsEnv"] for pod in ("candidate", "assembly"))


@pytest.mark.parametrize("fuse", ["none", "light"])
def test_a_gate_waits_behind_the_release(tmp_path: Path, fuse: Any) -> None:
    lines = ("gate: {timeout: 3h}", "env: {MDLC_PROMETHEUS_URL: 'http://p:9090'}")
    spec, _ = compiled(tmp_path, *lines, fuse=fuse)
    gate = tasks(spec)["gate"]
    assert gate["dependentTasks"] == ["back" if fuse == "light" else "release"]
    assert not gate["cachingOptions"].get("enableCache")
    lifecycle = on_cluster(tmp_path, *lines)
    assert asked(lifecycle, tmp_path)["gate"] == "", "without deploy.canary there is no trial"
    deploy = lifecycle.spec.deploy.model_copy(update={"canary": Canary(ratio=0.3)})
    spec_with = lifecycle.spec.model_copy(update={"deploy": deploy})
    terms = asked(lifecycle.model_copy(update={"spec": spec_with}), tmp_path)["gate"]
    assert json.loads(str(terms))["timeout_seconds"] == 3 * 3600
    assert json.loads(str(terms))["canary"]["ratio"] == 0.3


def test_the_pod_of_a_gate_waits_longer_than_stages_may_work(tmp_path: Path) -> None:
    asks = ("gate: {timeout: 3h}", "env: {MDLC_PROMETHEUS_URL: 'http://p:9090'}")
    _, platform = compiled(tmp_path, *asks, "each: {timeout: 1h}")
    assert platform["exec-training"]["activeDeadlineSeconds"] == "3600"
    assert "activeDeadlineSeconds" not in platform.get("exec-gate", {})
    _, platform = compiled(tmp_path, *asks, "stages: {gate: {timeout: 4h}}")
    assert platform["exec-gate"]["activeDeadlineSeconds"] == "14400"


def test_resources_gpu_and_retries(tmp_path: Path) -> None:
    spec, platform = compiled(
        tmp_path,
        "image: steps:1",
        "each: {cpu: 500m, memory: 1Gi, tolerations: [{key: a, operator: Exists}]}",
        "stages:",
        '  training: {cpu: "4", memory: 8Gi, gpu: 2, retries: 3, image: steps-gpu:1,',
        "    node_selector: {pool: gpu}, timeout: 2h}",
    )
    training, business = containers(spec)["training"], containers(spec)["business"]
    assert (training["image"], business["image"]) == ("steps-gpu:1", "steps:1")
    assert training["resources"]["resourceCpuRequest"] == "4"
    assert training["resources"]["resourceMemoryLimit"] == "8Gi"
    assert training["resources"]["accelerator"]["resourceType"] == "nvidia.com/gpu"
    assert training["resources"]["accelerator"]["resourceCount"] == "2"
    assert business["resources"]["resourceCpuRequest"] == "500m"
    assert "accelerator" not in business["resources"]
    assert tasks(spec)["training"]["retryPolicy"]["maxRetryCount"] == 3
    assert tasks(spec)["business"]["retryPolicy"]["maxRetryCount"] == 1
    assert "retryPolicy" not in tasks(spec)["release"]
    waits = tasks(spec)["training"]["retryPolicy"]
    assert waits["backoffDuration"] == "30s"
    assert waits["backoffMaxDuration"] == "604800s", "Argo counts it from the first try's start"
    assert platform["exec-training"]["nodeSelector"]["labels"] == {"pool": "gpu"}
    assert platform["exec-training"]["activeDeadlineSeconds"] == "7200"
    assert "nodeSelector" not in platform["exec-business"]
    assert platform["exec-business"]["tolerations"] == [{"key": "a", "operator": "Exists"}]


def test_a_fused_pod_gets_the_most_of_its_stages(tmp_path: Path) -> None:
    spec, _ = compiled(
        tmp_path,
        "each: {memory: 900Mi, cpu: 100m}",
        'stages: {exploration: {memory: 2Gi}, business: {memory: 1G, cpu: "1"}}',
        fuse="light",
    )
    front = containers(spec)["front"]["resources"]
    assert (front["resourceMemoryLimit"], front["resourceCpuRequest"]) == ("2Gi", "1")


def test_secrets_come_by_name_to_the_stages_that_read_them(tmp_path: Path) -> None:
    spec, platform = compiled(
        tmp_path,
        "secrets:",
        "  - {name: store, env: {AWS_ACCESS_KEY_ID: accesskey, OTHER_ID: accesskey}}",
        "  - {name: log, env: {MDLC_STORE_URL: url}, path: /etc/log, stages: [preparation]}",
    )
    found = platform["exec-training"]["secretAsEnv"]
    assert {secret["secretName"] for secret in found} == {"store"}
    assert [pair for secret in found for pair in secret["keyToEnv"]] == [
        {"envVar": "AWS_ACCESS_KEY_ID", "secretKey": "accesskey"},
        {"envVar": "OTHER_ID", "secretKey": "accesskey"},
    ]
    assert len(platform["exec-preparation"]["secretAsEnv"]) == 3
    assert platform["exec-preparation"]["secretAsVolume"][0]["mountPath"] == "/etc/log"
    assert "secretAsVolume" not in platform["exec-training"]
    del spec


@pytest.mark.parametrize("fresh", [False, True])
def test_what_looks_outside_is_not_cached(tmp_path: Path, fresh: bool) -> None:
    spec, _ = compiled(tmp_path, fresh=fresh)
    cached = {k for k, v in tasks(spec).items() if v["cachingOptions"].get("enableCache")}
    assert cached == STAGES - UNCACHED - ({"collection"} if fresh else set())


def test_caching_can_be_switched_off(tmp_path: Path) -> None:
    spec, _ = compiled(tmp_path, "cache: {enabled: false}")
    assert not any(v["cachingOptions"].get("enableCache") for v in tasks(spec).values())


def test_the_platform_spec_fits_its_schema(tmp_path: Path) -> None:
    from kfp.kubernetes import kubernetes_executor_config_pb2 as schema

    _, platform = compiled(
        tmp_path, "pull_secrets: [r]", "pull_policy: Always", "secrets: [{name: s, path: /s}]"
    )
    for config in platform.values():
        parsed = json_format.ParseDict(config, schema.KubernetesExecutorConfig())
        assert parsed.image_pull_policy == "Always"
        assert parsed.image_pull_secret[0].secret_name == "r"


def test_defaults_make_it_run_from_the_ui(tmp_path: Path) -> None:
    lifecycle = on_cluster(tmp_path)
    spec, _ = compiled(tmp_path, defaults=asked(lifecycle, tmp_path))
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert all("defaultValue" in parameter for parameter in parameters.values())
    assert json.loads(parameters["settings"]["defaultValue"])["name"] == "tiny"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("each: {cpu: lots}", "not an amount of CPU"),
        ("each: {memory: 8GB}", "not an amount of memory"),
        ("secrets: [{name: s}]", "needs env, path or both"),
        ("secrets: [{name: S_x, path: /s}]", "not the name of a Kubernetes object"),
        ("secrets: [{name: s, path: s}]", "not an absolute path"),
        ("secrets: [{name: s.x, path: /s}]", "no dot"),
        ("secrets: [{name: s, path: /s}, {name: s, path: /t}]", "s is mounted twice"),
        ("secrets: [{name: s, path: /s}, {name: t, path: /s}]", "/s is mounted twice"),
        ("stages: {serving: {cpu: '1'}}", "spec.cluster.stages"),
        ("env: {1A: x}", "not the name of an environment variable"),
        ("each: {tolerations: [{operator: Equal}]}", "needs operator Exists"),
        ("gate: {timeout: 1h}", "give its URL as MDLC_PROMETHEUS_URL"),
        (
            "gate: {timeout: 1h}\n    env: {MDLC_PROMETHEUS_URL: x}\n"
            "    stages: {gate: {timeout: 1h}}",
            "would end before gate.timeout",
        ),
    ],
)
def test_what_kubernetes_would_refuse_is_refused_here(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        on_cluster(tmp_path, line)
    assert said in str(caught.value)


def test_without_an_artifact_root_a_cluster_is_refused(tmp_path: Path) -> None:
    lifecycle = on_cluster(tmp_path)
    cluster = lifecycle.spec.cluster.model_copy(update={"artifacts": ""})
    bare = lifecycle.model_copy(
        update={"spec": lifecycle.spec.model_copy(update={"cluster": cluster})}
    )
    with pytest.raises(SpecError, match=r"spec\.cluster\.artifacts"):
        asked(bare, tmp_path)
