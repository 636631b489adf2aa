"""`python -m tools.manifests.fetch`: brings the schemas from the projects' Go modules; needs Go.

They are the releases that mdlc is tested with. Safe to repeat.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .schemas import FOLDER

OPENAPI = ("k8s.io/kubernetes@v1.34.2", "api/openapi-spec/v3")
CERT_MANAGER = ("github.com/cert-manager/cert-manager@v1.19.1", "deploy/crds")
DEFINITIONS = (
    ("github.com/kserve/kserve@v0.20.0", "config/crd/full"),
    (
        "github.com/prometheus-operator/prometheus-operator@v0.88.0",
        "example/prometheus-operator-crd",
    ),
    CERT_MANAGER,
)


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads the matcher `=` as text; YAML 1.1 has a meaning for it that nobody has implemented."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda self, node: self.construct_scalar(node))
PARTS = ("api__v1", "apps__v1", "batch__v1", "policy__v1", "networking", "rbac", "autoscaling__v2")


def module(name: str) -> Path:
    """Return the folder of a Go module, downloaded if it is not there."""
    with tempfile.TemporaryDirectory() as place:
        ended = subprocess.run(  # noqa: S603 - a fixed command
            ["go", "mod", "download", "-json", name],  # noqa: S607 - Go is wherever it is installed
            cwd=place, capture_output=True, text=True, check=False,
        )  # fmt: skip
    answer = json.loads(ended.stdout or "{}")
    if ended.returncode or "Dir" not in answer:
        raise SystemExit(f"error: {name}: {answer.get('Error') or ended.stderr.strip()}")
    return Path(answer["Dir"])


def of_kubernetes(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (file name, definitions) of the API's own kinds."""
    for path in sorted(folder.glob("*_openapi.json")):
        if any(part in path.name for part in PARTS) and "alpha" not in path.name:
            yield path.name, json.loads(path.read_text())["components"]["schemas"]


def of_resources(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (file name, definitions) of custom resources."""
    for path in sorted(folder.rglob("*.yaml")):
        for item in yaml.load_all(path.read_text(), Loader=Loader):
            if not item or "versions" not in item.get("spec", {}):
                continue
            spec, found = item["spec"], {}
            for version in spec["versions"]:
                schema = version["schema"]["openAPIV3Schema"]
                kind = {"group": spec["group"], "version": version["name"]}
                kind["kind"] = spec["names"]["kind"]
                schema["x-kubernetes-group-version-kind"] = [kind]
                found[f"{kind['kind']}.{kind['version']}"] = schema
            yield f"{item['metadata']['name']}.json", found


def main() -> int:
    """Write all schemas and the index of kinds."""
    if not shutil.which("go"):
        sys.stderr.write("error: the schemas come from Go modules, and go is not installed\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    index: dict[str, list[str]] = {}
    files = [*of_kubernetes(module(OPENAPI[0]) / OPENAPI[1])]
    for name, place in DEFINITIONS:
        files += of_resources(module(name) / place)
    for file, definitions in files:
        (FOLDER / file).write_text(json.dumps(definitions))
        for name, schema in definitions.items():
            for kind in schema.get("x-kubernetes-group-version-kind", []):
                version = f"{kind['group']}/{kind['version']}".lstrip("/")
                index.setdefault(f"{version}/{kind['kind']}", [file, name])
    (FOLDER / "index.json").write_text(json.dumps(index, indent=1, sort_keys=True))
    sys.stdout.write(f"{FOLDER}: {len(index)} kinds\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
