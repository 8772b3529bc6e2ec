"""Samples that tests upload."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sample_files import csv

from nucleus_lab import samples
from nucleus_lab.samples import Sample


@pytest.fixture(autouse=True)
def _nothing_stays_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the settings of Edge Impulse out of the tests, and workspaces closed after them."""
    for name in ("EI_API_KEY", "EI_API_ENDPOINT", "EI_INGESTION_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    yield
    samples.disconnect()


@pytest.fixture
def wave() -> Sample:
    return Sample(csv(), "wave.01.csv", "training", "wave")


@pytest.fixture
def uploaded(client: Any) -> list[int]:
    """Ids of three samples: two of walking, one of them for testing, and one of rest."""
    made = [
        Sample(csv(1), "walk.1.csv", "training"),
        Sample(csv(2), "walk.2.csv", "testing"),
        Sample(csv(3), "rest.1.csv", "training", metadata={"who": "Ada"}),
    ]
    return [each.sample_id for each in samples.upload_samples(made, client=client).successes]
