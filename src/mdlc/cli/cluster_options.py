"""What the verbs for clusters share: where Kubeflow Pipelines is, where the sources lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mdlc.cli.verb_support import open_lifecycle

if TYPE_CHECKING:
    from mdlc.pipelines.kubeflow.kfp_client import KfpClient

Host = Annotated[
    str | None,
    typer.Option(
        "--host",
        envvar="KF_PIPELINES_ENDPOINT",
        help="URL of Kubeflow Pipelines' API; in a pod of the cluster it is found.",
    ),
]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", help="The profile's, where Kubeflow has many users."),
]
Experiment = Annotated[
    str | None, typer.Option("--experiment", help="Default: the lifecycle's name.")
]
Fuse = Annotated[
    Literal["none", "light"] | None,
    typer.Option("--fuse", help="Stages in fewer pods; default spec.cluster.fuse."),
]
Upload = Annotated[
    bool,
    typer.Option(
        "--upload", help="Copy the sources beside FILE, and of packages, to the artifact root."
    ),
]
DataRoot = Annotated[
    str | None,
    typer.Option("--data-root", help="Where relative sources lie, such as s3://bucket/data."),
]


OnCluster = Annotated[
    bool,
    typer.Option("--cluster", help="What spec.cluster.artifacts holds, not what is released here."),
]


@contextmanager
def held(file: Path, home: Path | None, *, cluster: bool, before: bool = False) -> Iterator[Any]:
    """Yield the lifecycle's workspace, locked; with `cluster` one that is put back where it lies.

    `before`: with the bundle of the version before.
    """
    if not cluster:
        _, workspace = open_lifecycle(file, home)
        with workspace.lock():
            yield workspace
        return
    from mdlc.cluster.state_mirror import mirrored
    from mdlc.core.spec import load
    from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of

    lifecycle = load(file)
    with mirrored(artifacts_of(lifecycle), name=lifecycle.name, before=before) as workspace:
        yield workspace


def connect(host: str | None, namespace: str | None, experiment: str | None = None) -> KfpClient:
    """Return the client of Kubeflow Pipelines."""
    from mdlc.pipelines.kubeflow.kfp_client import KfpClient

    return KfpClient(host, namespace=namespace, experiment=experiment)
