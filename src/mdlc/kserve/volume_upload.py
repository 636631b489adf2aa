"""A release into a volume claim, through the API server: a pod that mounts it receives an archive.

The pod runs the predictor's own image as nobody, without an account's token or a writable root, and
is deleted in the end. Who deploys needs create, get and delete of pods and create of pods/exec; no
key of an object store has to be in the namespace.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdlc.core.errors import ServiceError, StorageError
from mdlc.kserve.inference_service import USER
from mdlc.kubernetes.object_client import Object, ObjectClient

ROOM = "/mnt/releases"
MAX_BYTES = 2 * 2**30
"""More than that goes by an object store or a mounted path: the archive is in memory."""
START_SECONDS = 180
UPLOAD_SECONDS = 600
RECEIVE = """
import hashlib, os, pathlib, shutil, sys, tarfile, tempfile
size, digest, target = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
if (target / "serving.json").exists():
    print("MDLC_THERE"); sys.exit()
os.umask(0o022)
target.parent.mkdir(parents=True, exist_ok=True)
part = pathlib.Path(tempfile.mkdtemp(prefix=".part-", dir=target.parent))
try:
    archive, known, left = part / "archive", hashlib.sha256(), size
    with archive.open("wb") as file:
        while left:
            block = sys.stdin.buffer.read1(min(left, 1 << 20))
            if not block:
                sys.exit("the archive ended early")
            known.update(block); file.write(block); left -= len(block)
    if known.hexdigest() != digest:
        sys.exit("the archive was altered on its way")
    room = (part / "folder").resolve()
    with tarfile.open(archive) as opened:
        for item in opened:
            path = (room / item.name).resolve()
            if not path.is_relative_to(room) or not (item.isfile() or item.isdir()):
                sys.exit("the archive leads out of its folder")
            if item.isdir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                shutil.copyfileobj(opened.extractfile(item), file)
    archive.unlink()
    # An empty folder may be there: the kubelet makes one for a pod that came too early.
    (part / "folder").rename(target)
    print("MDLC_WRITTEN")
finally:
    shutil.rmtree(part, ignore_errors=True)
"""


@dataclass(frozen=True)
class Volume:
    """A folder in a claim."""

    claim: str
    folder: str


def upload(folder: Path, volume: Volume, *, objects: ObjectClient, image: str) -> bool:
    """Copy `folder` into the volume; False where it is there already.

    Raises:
        StorageError: it is too large for this way, or the volume cannot be written.
        ServiceError: the pod does not start.
    """
    archive = packed(folder)
    name = f"mdlc-upload-{secrets.token_hex(4)}"
    objects.create(_pod(name, volume, image=image, namespace=objects.namespace))
    try:
        _started(objects, name)
        digest = hashlib.sha256(archive).hexdigest()
        target = f"{ROOM}/{volume.folder}"
        command = ["python", "-c", RECEIVE, str(len(archive)), digest, target]
        code, said = objects.kube.execute(
            objects.namespace, name, command=command, content=archive, seconds=UPLOAD_SECONDS
        )
    finally:
        objects.delete("Pod", name)
    if code:
        last = (said.strip().splitlines() or ["it says nothing"])[-1]
        raise StorageError(
            f"claim {volume.claim} cannot be written: {last}",
            hint=f"it has to be writable for group {USER}",
        )
    return "MDLC_WRITTEN" in said


def packed(folder: Path) -> bytes:
    """Return an archive of the folder: readable by all, owned by nobody, the same each time."""
    files = sorted(folder.rglob("*"))
    if sum(path.stat().st_size for path in files if path.is_file()) > MAX_BYTES:
        raise StorageError(
            f"the release has more than {MAX_BYTES >> 30} GiB",
            hint="mount the claim and use --storage-path, or keep releases in s3://",
        )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in files:
            item = archive.gettarinfo(path, arcname=path.relative_to(folder).as_posix())
            item.uid = item.gid = item.mtime = 0
            item.uname = item.gname = ""
            item.mode = 0o755 if path.is_dir() else 0o644
            if path.is_file():
                with path.open("rb") as file:
                    archive.addfile(item, file)
            else:
                archive.addfile(item)
    return buffer.getvalue()


def _started(objects: ObjectClient, name: str) -> None:
    """Wait for the pod; say in words what keeps it."""
    from mdlc.kserve.diagnose_rollout import pod_findings

    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        pod = objects.get("Pod", name) or {}
        statuses = pod.get("status", {}).get("containerStatuses", [])
        if statuses and statuses[0].get("ready"):
            return
        found = [finding for finding in pod_findings(pod, events=[], logs={}) if finding.lasting]
        if found and time.monotonic() > ends - START_SECONDS + 20:
            raise ServiceError(
                f"the upload's pod does not start: {found[0].what}", hint=found[0].next
            )
        time.sleep(1)
    raise ServiceError(
        f"the upload's pod did not start within {START_SECONDS} s",
        hint=f"kubectl describe pod {name} -n {objects.namespace}; is the claim bound?",
    )


def _pod(name: str, volume: Volume, *, image: str, namespace: str) -> Object:
    container: dict[str, Any] = {
        "name": "upload",
        "image": image,
        "command": ["sleep", str(UPLOAD_SECONDS)],
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"cpu": "1", "memory": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "releases", "mountPath": ROOM}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/name": "upload", "app.kubernetes.io/part-of": "mdlc"},
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": START_SECONDS + UPLOAD_SECONDS,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [
                {
                    "name": "releases",
                    "persistentVolumeClaim": {"claimName": volume.claim},
                }
            ],
        },
    }
