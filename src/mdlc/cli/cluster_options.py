"""The options that the verbs for clusters share: where Kubeflow Pipelines and the sources are."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

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
    typer.Option("--namespace", "-n", help="Namespace of a profile, with several users."),
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
    typer.Option("--data-root", help="Location of relative sources, such as s3://bucket/data."),
]


OnCluster = Annotated[
    bool,
    typer.Option("--cluster", help="Use the state in spec.cluster.artifacts, not the local one."),
]
