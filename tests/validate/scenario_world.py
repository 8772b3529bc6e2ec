"""A dataset, a slice of it and a model: what scenario tests are about."""

from __future__ import annotations

from typing import Any

from nucleus_lab import (
    BoxAnnotation,
    BoxPrediction,
    DatasetItem,
)
from nucleus_lab.validate import (
    ScenarioTest,
)

TRUTHS = {
    "a": [("car", 0, 0, 10, 10), ("bus", 20, 0, 10, 10)],
    "b": [("car", 0, 0, 10, 10)],
    "c": [],
    "d": [],
}


# On a: half of the car, the whole bus; on b nothing; on c one too many; d has neither.
FOUND = {
    "a": [("car", 0, 0, 10, 5, 0.9), ("bus", 20, 0, 10, 10, 0.8)],
    "b": [],
    "c": [("car", 0, 0, 5, 5, 0.4)],
    "d": [],
}


def truths(item: str) -> list[BoxAnnotation]:
    return [
        BoxAnnotation(*box, item, f"{item}{index}", {"n": index})
        for index, box in enumerate(TRUTHS[item])
    ]


def found(item: str, by: float = 0) -> list[BoxPrediction]:
    return [
        BoxPrediction(label, x + by, y, width, height, item, confidence, f"{item}{index}")
        for index, (label, x, y, width, height, confidence) in enumerate(FOUND[item])
    ]


class World:
    """A dataset with a slice of four items, and a model that was run on them."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.dataset = client.create_dataset("street")
        self.dataset.append([
            DatasetItem(f"https://example.org/{name}.jpg", name) for name in TRUTHS
        ])
        self.dataset.annotate([box for item in TRUTHS for box in truths(item)])
        self.model = client.create_model("Detector", "detector")
        self.dataset.upload_predictions(self.model, [box for item in FOUND for box in found(item)])
        self.slice = self.dataset.create_slice("all", reference_ids=list(TRUTHS))
        self.functions = client.validate.eval_functions
        self.ids = {item.reference_id: item.dataset_item_id for item in self.dataset.items}

    def test(self, *functions: Any, name: str = "test") -> ScenarioTest:
        made: ScenarioTest = self.client.validate.create_scenario_test(
            name, self.slice.id, list(functions)
        )
        return made

    def evaluate(self, test: ScenarioTest, model: Any = None) -> list[Any]:
        """The newest evaluations, one a function."""
        job = (model or self.model).evaluate([test.name])
        job.sleep_until_complete(verbose_std_out=False)
        return test.get_eval_history()[-len(test.get_eval_functions()) :]
