"""The world of scenario tests, on both transports."""

from __future__ import annotations

from typing import Any

import pytest
from scenario_world import World


@pytest.fixture
def world(client: Any) -> World:
    return World(client)
