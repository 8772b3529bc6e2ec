"""An empty dataset of scenes, on both transports."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def dataset(client: Any) -> Any:
    return client.create_dataset("s", is_scene=True)
