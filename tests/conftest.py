"""The order of the tests: those on a cluster last; among parallel processes the longest first.

Tests on a cluster run only where --cluster asks for them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MOST_WORKERS = 8
"""More would make servers with clocks of seconds wait for each other."""
LONGEST = (
    "services/test_loop.py",
    "services/test_examples.py",
    "services/test_trigger_killed.py",
    "services/test_dashboards.py",
    "services/test_bad_input.py",
    "services/test_poison.py",
    "contract/test_kubeflow.py",
    "services/test_rules_prometheus.py",
    "services/test_notifications.py",
    "services/test_life.py",
    "services/test_year.py",
    "contract/test_candidates.py",
    "unit/monitoring/rules/test_equals_python.py",
)
"""Files that take half a minute and more. Begun last, they would keep one process long alone."""


@pytest.fixture(scope="session", autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests away from what a person has let files read (`~/.config/mdlc`)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("settings")))
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cluster", action="store_true", help="run the tests that need a cluster")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than cores: much of the longest tests is waiting for servers and for time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min((cores or 1) + 1, MOST_WORKERS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    on_cluster = [item for item in items if item.get_closest_marker("cluster")]
    others = [item for item in items if not item.get_closest_marker("cluster")]
    if not config.getoption("--cluster"):
        reason = "a cluster is asked for by --cluster, and named by KUBECONFIG"
        for item in on_cluster:
            item.add_marker(pytest.mark.skip(reason=reason))
    if hasattr(config, "workerinput"):  # one of several processes
        others.sort(key=_rank)
    items[:] = others + on_cluster


def _rank(item: pytest.Item) -> int:
    name = item.path.relative_to(TESTS).as_posix()
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)
