"""Files of vectors at URLs hold so many rows and no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nucleus_lab import DatasetItem, NucleusClient
from nucleus_lab.errors import JobError


def test_a_file_of_vectors_holds_up_to_5000_rows(workspace: Path, hosted: tuple[Path, str]) -> None:
    folder, place = hosted
    for rows in (5_000, 5_001):
        vectors = {f"r{at}": [at, 1] for at in range(rows)}
        (folder / f"{rows}.json").write_text(json.dumps(vectors))
    with NucleusClient(workspace=workspace) as client:
        dataset = client.create_dataset("one")
        dataset.append([DatasetItem("https://example.org/0.jpg", "r0")])

        refused = dataset.create_custom_index([f"{place}/5001.json"], embedding_dim=2)
        with pytest.raises(JobError, match=r"5001\.json holds 5,001 vectors and 5,000 are allowed"):
            refused.sleep_until_complete(verbose_std_out=False)
        assert dataset.export_embeddings(asynchronous=False) == []

        taken = dataset.create_custom_index([f"{place}/5000.json"], embedding_dim=2)
        taken.sleep_until_complete(verbose_std_out=False)
        assert dataset.export_embeddings(asynchronous=False) == [
            {"reference_id": "r0", "embedding_vector": [0.0, 1.0]}
        ]
