"""A server's app in this process, over a tiny bundle and a SQLite file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.columns import Feature
from mdlc.core.spec.deploy import Serving
from mdlc.serving import sample_bundles


def pytest_configure(config: pytest.Config) -> None:
    """Let kserve's own deprecation pass: the response class is its choice."""
    config.addinivalue_line("filterwarnings", "ignore:ORJSONResponse is deprecated")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Return a function that starts an app and returns (client, service)."""
    from mdlc.serving import predictor_app

    with warnings.catch_warnings():  # it wants a successor of httpx that we do not depend on
        warnings.simplefilter("ignore")
        from starlette.testclient import TestClient

    opened: list[Any] = []

    def go(
        classes: tuple[str, ...] = ("no", "yes"),
        *,
        inputs: list[Feature] | None = None,
        token: str | None = None,
        serving: Serving | None = None,
        request_clock: bool = False,
    ) -> Any:
        folder, pointer = tmp_path / "bundle", tmp_path / "serving.json"
        manifest = sample_bundles.bundle(folder, classes=list(classes), inputs=inputs)
        sample_bundles.point(pointer, folder=folder, manifest=manifest, version="1")
        limits = serving or Serving()
        service = predictor_app.open_service(
            pointer,
            store=f"sqlite:///{tmp_path}/payload.db",
            serving=limits,
            request_clock=request_clock,
            currency="EUR",
        )
        client = TestClient(predictor_app.create(service, serving=limits, token=token))
        opened.append(client.__enter__())
        return opened[-1], service

    yield go
    for client in opened:
        client.__exit__(None, None, None)
