"""Each overlay builds and is sound; each folder in manifests/refused is refused, for its reason."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mdlc.cli.main import app
from tools.manifests import check, cluster, models, schemas
from tools.manifests.build import BuildError, build, program
from tools.manifests.objects import of_kind, pods

ROOT = Path(__file__).parents[3]
MANIFESTS = ROOT / "manifests"
OVERLAYS = sorted(path for path in (MANIFESTS / "overlays").iterdir())
REFUSED = sorted(path for path in (MANIFESTS / "refused").iterdir())
pytestmark = pytest.mark.skipif(program() is None, reason="neither kustomize nor kubectl here")


def named(objects: list[Any], kind: str, name: str) -> Any:
    (found,) = [o for o in of_kind(objects, kind) if o["metadata"]["name"] == name]
    return found


def test_there_are_overlays_and_refusals() -> None:
    assert [path.name for path in OVERLAYS] == ["cpu", "gpu", "local", "production"]
    assert len(REFUSED) >= 30


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda path: path.name)
def test_an_overlay_is_sound(folder: Path) -> None:
    objects = build(folder)
    assert [str(finding) for finding in check.findings(objects)] == []
    assert len(objects) > 40


@pytest.mark.parametrize("folder", REFUSED, ids=lambda path: path.name)
def test_what_must_be_refused_is_refused(folder: Path) -> None:
    reason = (folder / "kustomization.yaml").read_text().splitlines()[0]
    assert reason.startswith("# Refused: ")
    try:
        said = [str(finding) for finding in check.findings(build(folder))]
    except BuildError as error:
        said = [str(error)]
    assert any(re.search(reason.removeprefix("# Refused: "), line) for line in said), said


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda path: path.name)
def test_every_object_has_a_type_or_a_schema(folder: Path) -> None:
    """Custom resources of others have a schema only where Go brought them."""
    unknown = {item["apiVersion"] for item in build(folder) if not models.known(item)}
    groups = {version.partition("/")[0] for version in unknown}
    assert groups <= {"monitoring.coreos.com", "cert-manager.io"}


@pytest.mark.skipif(not schemas.there(), reason="no schemas: make manifest-schemas brings them")
def test_the_schemas_know_every_object() -> None:
    for folder in OVERLAYS:
        for item in build(folder):
            found = schemas._schema(item["apiVersion"], item["kind"])
            group = item["apiVersion"].partition("/")[0]
            assert found is not None or group in schemas.NONE_PUBLISHED, item["kind"]


def test_swapped_stores_are_gone() -> None:
    objects = build(MANIFESTS / "overlays/production")
    names = {item["metadata"]["name"] for item in of_kind(objects, "StatefulSet", "Service")}
    assert not names & {"postgres", "object-store"}
    assert named(objects, "ConfigMap", "postgres")["data"]["sslmode"] == "verify-full"


def test_gpu_overlay_puts_savedmodels_on_gpus_and_nothing_else() -> None:
    objects = build(MANIFESTS / "overlays/gpu")
    asking = {
        pod.where: pod.spec
        for pod in pods(objects)
        if "nvidia.com/gpu" in pod.containers[0]["resources"]["limits"]
    }
    assert list(asking) == ["ClusterServingRuntime/mdlc-savedmodel"]
    spec = asking["ClusterServingRuntime/mdlc-savedmodel"]
    assert spec["containers"][0]["image"].startswith("mdlc-serving-gpu:")
    assert spec["nodeSelector"] == {"nvidia.com/gpu.present": "true"}


def test_with_certificates_every_probe_and_caller_of_the_trigger_uses_tls() -> None:
    objects = build(MANIFESTS / "overlays/production")
    (container,) = named(objects, "Deployment", "trigger")["spec"]["template"]["spec"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["scheme"] == "HTTPS"
    webhook = named(objects, "AlertmanagerConfig", "trigger")["spec"]["receivers"][0]
    assert webhook["webhookConfigs"][0]["url"].startswith("https://")


def test_a_changed_address_of_prometheus_makes_new_triggers() -> None:
    objects = build(MANIFESTS / "overlays/local")
    template = named(objects, "Deployment", "trigger")["spec"]["template"]
    assert template["metadata"]["annotations"]["mdlc.dev/prometheus"] == "http://prometheus:9090"


@pytest.mark.parametrize("component", ["kueue", "internet-sources", "cert-manager"])
def test_components_fit_the_local_overlay(component: str, tmp_path: Path) -> None:
    # kustomize takes no absolute paths: the folder lies as deep as it needs to.
    up = "../" * (len(tmp_path.parts) - 1)
    overlay = up + str(MANIFESTS / "overlays/cpu").lstrip("/")
    part = up + str(MANIFESTS / "components" / component).lstrip("/")
    (tmp_path / "kustomization.yaml").write_text(
        f"kind: Kustomization\nresources: [{overlay}]\ncomponents: [{part}]\n"
    )
    objects = build(tmp_path)
    assert [str(finding) for finding in check.findings(objects)] == []


def test_the_script_makes_the_secrets_that_the_manifests_name() -> None:
    text = (MANIFESTS / "secrets.sh").read_text()
    assert set(re.findall(r"^secret (\S+)", text, re.M)) == cluster.SECRETS
    named_keys = {
        (ref["name"], ref["key"])
        for pod in pods(build(MANIFESTS / "overlays/local"))
        for container in pod.all_containers
        for variable in container.get("env", [])
        if (ref := variable.get("valueFrom", {}).get("secretKeyRef")) and not ref.get("optional")
    }
    for name, key in named_keys:
        (line,) = re.findall(rf"^secret {name} .*", text, re.M)
        assert f'"{key}=' in line


def test_one_object_a_file() -> None:
    for path in (MANIFESTS / "base").rglob("*.yaml"):
        assert path.read_text().count("\nkind: ") + path.read_text().startswith("kind: ") == 1


def test_the_script_of_secrets_parses() -> None:
    assert subprocess.run(["bash", "-n", MANIFESTS / "secrets.sh"], check=False).returncode == 0


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda path: path.name)
def test_the_programs_know_the_variables_and_options_that_they_are_given(folder: Path) -> None:
    code = "".join(
        path.read_text()
        for room in ("src/mdlc", "pipelines", "serving")
        for path in (ROOT / room).rglob("*.py")
    )
    seen = set()
    for pod in pods(build(folder)):
        for container in pod.all_containers:
            if not container["image"].startswith("mdlc-"):
                continue
            given = {one["name"] for one in container.get("env", [])}
            text = str(container.get("args", []))
            unread = [n for n in given if n.startswith("MDLC_") and f'"{n}"' not in code]
            assert [name for name in unread if name not in text] == [], pod.where
            command = container.get("command", [])
            if command[:1] == ["mdlc"]:
                asked = [*command[1:], *container.get("args", []), "--help"]
                answer = CliRunner().invoke(app, asked)
                assert answer.exit_code == 0, f"{pod.where}: {answer.output}"
                seen.add(command[1])
    assert seen == {"trigger", "controller"}
