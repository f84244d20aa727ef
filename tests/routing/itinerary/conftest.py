"""What the tests of itineraries share: a cache of their own, and two regions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from geodata.region import Region, load
from routing import config
from routing.itinerary.router import Router
from tests.routing import toy
from tests.routing.itinerary import isles


@pytest.fixture(scope="package", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ISLAND_RESPONSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="package")
def toy_router() -> Router:
    return Router(isles.toy_with_hospitals(), toy.parameters())


@pytest.fixture(scope="package")
def zhoushan() -> Region:
    return load("zhoushan")


@pytest.fixture(scope="package")
def zhoushan_router(zhoushan: Region) -> Router:
    return Router(zhoushan, config.load())
