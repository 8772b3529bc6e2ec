"""Evaluation of models on a dataset: compute the metrics, read the report, browse the matches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab.async_job import AsyncJob
from nucleus_lab.dataset.base import DatasetBase, model_id

if TYPE_CHECKING:
    from nucleus_lab.evaluation.report import EvaluationReport
    from nucleus_lab.evaluation_match import EvaluationMatch
    from nucleus_lab.model import Model

ANY_LABEL: Final = object()
"""Default of the label filters of :meth:`EvaluationMethods.evaluation_matches`."""

_PAGE: Final = 5_000


class EvaluationMethods(DatasetBase):
    """Compare predictions with ground truth."""

    def calculate_evaluation_metrics(
        self, model: Model | str, options: Mapping[str, Any] | None = None
    ) -> AsyncJob:
        """Start the computation of evaluation metrics for a model on this dataset.

        Predictions are paired with annotations of the same image, the highest IoU first, each at
        most once. By default labels play no part in the pairing; a pair is a true positive where
        its labels are equal. Call it again after adding predictions or annotations: matches and
        metrics are those of the last call::

            job = dataset.calculate_evaluation_metrics(model)
            job.sleep_until_complete()
            dataset.evaluation(model)

        Args:
            model: The model, or its id.
            options: ``class_agnostic`` (bool, default True): whether labels may differ in a pair.
                ``allowed_label_matches``: a list of mappings ``ground_truth_label`` and
                ``model_prediction_label``, pairs that count as right besides equal labels; with
                it classes are not ignored, and ``class_agnostic`` must not be True.
                ``iou_threshold`` (default 0.5): overlap from which a pair counts in the report.
                ``confidence_threshold`` (default 0): predictions below it are left out.

        Returns:
            The job.

        Raises:
            InvalidInputError: The model has no predictions here, the dataset has no annotations,
                or an option is not possible.
            NotFoundError: There is no such model.
        """
        route = f"model/{model_id(model)}/calculateEvaluationMetrics"
        return AsyncJob.from_json(self._ask(dict(options or {}), route), self._client)

    def evaluation(self, model: Model | str) -> EvaluationReport:
        """Read the report of the last evaluation of a model.

        Args:
            model: The model, or its id.

        Returns:
            Metrics per class and overall, curves, the confusion matrix and the results per item;
            its ``stale`` says whether the dataset has changed since.

        Raises:
            NotFoundError: The model does not exist or has not been evaluated here.
        """
        from nucleus_lab.evaluation.report import EvaluationReport

        answer = self._ask_lab(None, f"model/{model_id(model)}/evaluation", "GET")
        return EvaluationReport.from_json(answer)

    def evaluation_matches(
        self,
        model: Model | str,
        *,
        item_ids: Sequence[str] | None = None,
        match_type: str | None = None,
        ground_truth_label: str | object | None = ANY_LABEL,
        prediction_label: str | object | None = ANY_LABEL,
        iou_threshold: float | None = None,
    ) -> Iterator[EvaluationMatch]:
        """Go through the matches of the last evaluation of a model, item by item.

        The cell of a confusion matrix is the two labels with the report's threshold::

            report = dataset.evaluation(model)
            dataset.evaluation_matches(model, ground_truth_label="car", prediction_label="bus",
                                       iou_threshold=report.iou_threshold)

        Args:
            model: The model, or its id.
            item_ids: Ids of items, to read the matches of these only.
            match_type: ``"TP"``, ``"FP"`` or ``"FN"``; all when ``None``.
            ground_truth_label: Label of the annotation; ``None`` for predictions without one.
            prediction_label: Label of the prediction; ``None`` for annotations without one.
            iou_threshold: A pair below it is read as a false positive and a false negative; with
                ``None`` pairs have no threshold.

        Yields:
            Matches, asked for page by page.

        Raises:
            NotFoundError: The model does not exist or has not been evaluated here.
        """
        from nucleus_lab.evaluation_match import EvaluationMatch

        for row in self.evaluation_match_rows(
            model,
            item_ids=item_ids,
            match_type=match_type,
            ground_truth_label=ground_truth_label,
            prediction_label=prediction_label,
            iou_threshold=iou_threshold,
        ):
            yield EvaluationMatch.from_json(row)

    def evaluation_match_rows(self, model: Model | str, **filters: Any) -> Iterator[dict[str, Any]]:
        """Go through matches as plain rows, which also hold ``reference_id`` and ``confidence``.

        Args:
            model: The model, or its id.
            **filters: As of :meth:`evaluation_matches`.

        Yields:
            Payloads of an :class:`~nucleus_lab.evaluation_match.EvaluationMatch`, with more keys.
        """
        names = {"ground_truth_label": "gt_label", "prediction_label": "pred_label"}
        body: dict[str, Any] = {
            names.get(name, name): value
            for name, value in filters.items()
            if value is not ANY_LABEL
        }
        body["pageSize"] = _PAGE
        route = f"model/{model_id(model)}/matches"
        while True:
            answer = self._ask_lab(body, route)
            yield from answer["matches"]
            if not answer["nextPageToken"]:
                return
            body["pageToken"] = answer["nextPageToken"]

    def evaluation_label_schema(self) -> dict[str, list[str]]:
        """Ask which labels annotations and predictions have, to choose roll-up groups from.

        Returns:
            ``gt_labels`` and ``prediction_labels``, sorted.
        """
        answer: dict[str, list[str]] = self._ask(None, "labelSchema", "GET")
        return answer
