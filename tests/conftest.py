"""Tests on a cluster run only where --cluster asks for them, and after all others."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cluster", action="store_true", help="run the tests that need a cluster")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    on_cluster = [item for item in items if item.get_closest_marker("cluster")]
    others = [item for item in items if not item.get_closest_marker("cluster")]
    if not config.getoption("--cluster"):
        reason = "a cluster is asked for by --cluster, and named by KUBECONFIG"
        for item in on_cluster:
            item.add_marker(pytest.mark.skip(reason=reason))
    items[:] = others + on_cluster
