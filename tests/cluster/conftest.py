"""The local overlay is applied once for all tests that live in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster import local, place


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.Local]:
    if why := place.unreachable() or local.somebodys():
        pytest.skip(why)
    with local.local(tmp_path_factory.mktemp("local")) as made:
        yield made
