"""A release as a KServe InferenceService, with the fields that mdlc owns and no others."""

from __future__ import annotations

from typing import Any

from mdlc.core.spec import Lifecycle
from mdlc.core.spec.cluster import Pod
from mdlc.core.spec.deploy import KServe
from mdlc.kserve.autoscaling import scaling
from mdlc.kserve.release_folder import ReleaseFolder

API_VERSION, KIND = "serving.kserve.io/v1beta1", "InferenceService"
GROUP = "mdlc.dev"
SERVED = "serving.kserve.io/inferenceservice"
"""Label that KServe puts on all that belongs to an InferenceService."""
RUNTIMES = {"onnx": "mdlc-onnx", "savedmodel": "mdlc-savedmodel"}
FORMATS = {"onnx": "mdlc", "savedmodel": "mdlc-savedmodel"}
USER = 65532
DRAIN_SECONDS = 8
"""A predictor that is to end answers on for as long: proxies need seconds to forget it."""
END_SECONDS = DRAIN_SECONDS + 15
"""Then the server ends, within 5 s."""
STARTUP_PERIOD = 2
PORT = 8080
TOPOLOGY = {"nodes": "kubernetes.io/hostname", "zones": "topology.kubernetes.io/zone"}
CANARY = "canary"
"""Name of the predictor that the gateway splits off."""


def inference_service(
    lifecycle: Lifecycle, *, release: ReleaseFolder, storage: str, namespace: str
) -> dict[str, Any]:
    """Return the object that serves `release`, whose folder is at `storage`.

    All annotations are the release's own: KServe copies them to the pods, and another value would
    be another revision.
    """
    settings = lifecycle.spec.deploy.kserve
    extra, scaled = scaling(settings, name=lifecycle.name)
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": lifecycle.name,
            "namespace": namespace,
            "labels": {
                "app.kubernetes.io/name": "predictor",
                "app.kubernetes.io/part-of": "mdlc",
                f"{GROUP}/lifecycle": lifecycle.name,
            },
            "annotations": annotations_of(release) | extra,
        },
        "spec": {"predictor": scaled | _predictor(settings, release=release, storage=storage)},
    }


def annotations_of(release: ReleaseFolder) -> dict[str, str]:
    """Return what the object says of its release."""
    pointer, trial = release.pointer, release.pointer.canary
    said = {
        "release": release.folder,
        "version": pointer.version,
        "digest": pointer.digest,
        "why": release.why,
    }
    if trial is not None:
        said["canary"] = f"version {trial.version} answers {trial.ratio:.6g} of the predictions"
    # KServe would tell Prometheus another port than the runtime's.
    own = {"serving.kserve.io/enable-prometheus-scraping": "false"}
    return own | {f"{GROUP}/{key}": value for key, value in said.items()}


def split_by_gateway(
    stable: dict[str, Any], *, storage: str, percent: int, replicas: int
) -> dict[str, Any]:
    """Return the object with KServe's own canary, which serves the release at `storage`."""
    model = stable["spec"]["predictor"]["model"] | {"storageUri": storage}
    canary = {"name": CANARY, "model": model, "minReplicas": replicas}
    entry = {"predictor": canary, "trafficPercent": percent}
    return stable | {"spec": stable["spec"] | {"canary": [entry]}}


def _predictor(settings: KServe, *, release: ReleaseFolder, storage: str) -> dict[str, Any]:
    pod = settings.pod
    account = {"serviceAccountName": settings.service_account} if settings.service_account else {}
    placed: dict[str, Any] = {"nodeSelector": pod.node_selector} if pod.node_selector else {}
    if pod.tolerations:
        placed |= {
            "tolerations": [t.model_dump(exclude_none=True, mode="json") for t in pod.tolerations]
        }
    return {
        **account,
        **placed,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": END_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "deploymentStrategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"},
        },
        **_spread(settings, name=release.pointer.name),
        **_copied(settings, storage=storage),
        "model": _model(settings, release=release, storage=storage),
    }


def _copied(settings: KServe, *, storage: str) -> dict[str, Any]:
    """Return who copies the release into the pod; a claim is mounted."""
    name = settings.storage_container
    return {"storageContainerName": name} if name and storage.startswith("s3://") else {}


def _model(settings: KServe, *, release: ReleaseFolder, storage: str) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/v2/health/ready", "port": PORT}, "timeoutSeconds": 2}
    tries = max(1, round(settings.startup.total_seconds() / STARTUP_PERIOD))
    model: dict[str, Any] = {
        "modelFormat": {"name": FORMATS[release.format]},
        "runtime": settings.runtime or RUNTIMES[release.format],
        "storageUri": storage,
        "startupProbe": probe | {"periodSeconds": STARTUP_PERIOD, "failureThreshold": tries},
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(DRAIN_SECONDS)]}}},
    }
    if settings.pod.image:
        model["image"] = settings.pod.image
    if asked := _resources(settings.pod):
        model["resources"] = asked
    if named := _environment(settings):
        model["env"] = named
    return model


def _resources(pod: Pod) -> dict[str, Any]:
    requests = {"cpu": pod.cpu, "memory": pod.memory}
    limits = {"cpu": pod.cpu_limit, "memory": pod.memory}
    if pod.gpu:
        limits[pod.gpu_resource or "nvidia.com/gpu"] = str(pod.gpu)
    found = {"requests": requests, "limits": limits}
    said = {name: {k: v for k, v in part.items() if v} for name, part in found.items()}
    return {name: part for name, part in said.items() if part}


def _environment(settings: KServe) -> list[dict[str, Any]]:
    """Return variables that come from Secrets; each takes the place of the runtime's."""
    named = []
    if settings.token_secret:
        named.append(("MDLC_TOKEN", settings.token_secret, "token"))
    if settings.payload_log_secret:
        named.append(("PGUSER", settings.payload_log_secret, "username"))
        named.append(("PGPASSWORD", settings.payload_log_secret, "password"))
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
        for name, secret, key in named
    ]


def _spread(settings: KServe, *, name: str) -> dict[str, Any]:
    """Return how replicas are spread: where it can be, for a model on one node beats none."""
    if settings.spread == "none":
        return {}
    return {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": TOPOLOGY[settings.spread],
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {SERVED: name}},
            }
        ]
    }
