"""Evaluations of models, their presets, and the label sets that they compare by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nucleus_lab.benchmark import evaluation_payload
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.evaluation_v2 import EvaluationV2, RollupGroup, group_payloads
from nucleus_lab.evaluation_v2_exclusions import rule_payloads
from nucleus_lab.evaluation_v2_preset import UNSET, EvaluationV2Preset
from nucleus_lab.model import Model
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import segment

if TYPE_CHECKING:
    from nucleus_lab.data_transfer_object.evaluation_v2 import EvaluationV2FilterSchema


class EvaluationCalls(Connection):
    """Make and find evaluations."""

    def create_evaluation_v2(  # noqa: PLR0913 - each is one way to compare
        self,
        model_run_id: str | None = None,
        *,
        model_id: Model | str | None = None,
        name: str | None = None,
        slice_id: str | None = None,
        rollup_groups: list[RollupGroup] | None = None,
        exclusion_rules: list[Any] | None = None,
        allowed_label_matches: list[dict[str, str]] | None = None,
        allowed_label_matches_id: str | None = None,
        class_agnostic: bool | None = None,
        preset: EvaluationV2Preset | None = None,
    ) -> EvaluationV2:
        """Evaluate a model or a run on the datasets that it has predictions on.

        ::

            evaluation = client.create_evaluation_v2(model_id=model, name="first")
            evaluation.wait_for_completion().charts()

        Args:
            model_run_id: Id of a run; give it or ``model_id``.
            model_id: A model, or its id: its predictions that are of no named run.
            name: A name for people.
            slice_id: Only the items of this slice.
            rollup_groups: Labels to compare as one class.
            exclusion_rules: What to leave out, as rules or their payloads.
            allowed_label_matches: Mappings ``ground_truth_label`` and ``model_prediction_label``:
                pairs that count as right besides equal labels.
            allowed_label_matches_id: A stored set of groups or pairs.
            class_agnostic: Ignore labels.
            preset: Groups and rules, where they are not given.

        Returns:
            The evaluation; it goes on in the background.
        """
        payload = evaluation_payload(
            model_run_id, model_id, name, rollup_groups, exclusion_rules, preset
        )
        run, model = payload.pop("model_run_id", None), payload.pop("model_id", None)
        given = {
            "slice_id": slice_id,
            "allowed_label_matches": allowed_label_matches,
            "allowed_label_matches_id": allowed_label_matches_id,
            "class_agnostic": class_agnostic,
        }
        payload |= {key: value for key, value in given.items() if value is not None}
        owner = f"model/{segment(model)}" if run is None else f"modelRun/{segment(run)}"
        made = self.make_request(payload, f"{owner}/evaluationsV2")["evaluation_id"]
        return self.get_evaluation_v2(made)

    def get_evaluation_v2(self, evaluation_id: str) -> EvaluationV2:
        """Find an evaluation.

        Args:
            evaluation_id: Id, starts with ``evalv2_``.

        Returns:
            The evaluation.
        """
        route = f"evaluationsV2/{segment(evaluation_id)}"
        return EvaluationV2.from_json(self.make_request(None, route, "GET"), self)

    def list_evaluations_v2(
        self, model_run_id: str | None = None, *, model_id: Model | str | None = None
    ) -> list[EvaluationV2]:
        """List the evaluations of a model or of a run, newest first.

        Args:
            model_run_id: Id of a run; give it or ``model_id``.
            model_id: A model, or its id: evaluations of its predictions that are of no named run.

        Returns:
            The evaluations.

        Raises:
            InvalidInputError: Both are given, or neither.
        """
        if (model_run_id is None) == (model_id is None):
            raise InvalidInputError("give exactly one of model_run_id and model_id")
        if model_id is not None:
            owner = f"model/{segment(model_id.id if isinstance(model_id, Model) else model_id)}"
        else:
            owner = f"modelRun/{segment(model_run_id)}"
        rows = self.make_request(None, f"{owner}/evaluationsV2", "GET")
        return [EvaluationV2.from_json(row, self) for row in rows]

    def get_evaluation_v2_filter_schema(self, evaluation_id: str) -> EvaluationV2FilterSchema:
        """Ask what the rows of an evaluation can be filtered by.

        Args:
            evaluation_id: Id of the evaluation.

        Returns:
            Classes, and keys and values of the items' metadata.
        """
        return EvaluationV2(evaluation_id, None, "", _client=self).filter_schema()

    def list_evaluation_v2_presets(self) -> list[EvaluationV2Preset]:
        """List your presets, oldest first.

        Returns:
            The presets.
        """
        rows = self.make_request(None, "evaluationV2Presets", "GET")
        return [EvaluationV2Preset.from_json(row, self) for row in rows]

    def create_evaluation_v2_preset(
        self,
        name: str,
        *,
        rollup_groups: list[RollupGroup] | None = None,
        exclusion_rules: list[Any] | None = None,
    ) -> EvaluationV2Preset:
        """Keep a configuration of evaluations under a name.

        Args:
            name: Unique among your presets.
            rollup_groups: Labels to compare as one class.
            exclusion_rules: What to leave out, as rules or their payloads.

        Returns:
            The preset.

        Raises:
            ConflictError: You have a preset of this name.
        """
        given = {
            "name": name,
            "rollupGroups": group_payloads(rollup_groups),
            "exclusionRules": rule_payloads(exclusion_rules),
        }
        payload = {key: value for key, value in given.items() if value is not None}
        return EvaluationV2Preset.from_json(self.make_request(payload, "evaluationV2Presets"), self)

    def update_evaluation_v2_preset(
        self,
        preset_id: str,
        *,
        name: str = UNSET,
        rollup_groups: list[RollupGroup] | None = UNSET,
        exclusion_rules: list[Any] | None = UNSET,
    ) -> EvaluationV2Preset:
        """Change a preset; ``None`` clears groups or rules.

        Args:
            preset_id: Id, starts with ``prev_``.
            name: New name.
            rollup_groups: New groups.
            exclusion_rules: New rules.

        Returns:
            The preset.
        """
        return EvaluationV2Preset(preset_id, "", _client=self).update(
            name=name, rollup_groups=rollup_groups, exclusion_rules=exclusion_rules
        )

    def delete_evaluation_v2_preset(self, preset_id: str) -> None:
        """Delete a preset.

        Args:
            preset_id: Id, starts with ``prev_``.
        """
        EvaluationV2Preset(preset_id, "", _client=self).delete()

    def create_allowed_label_matches(
        self,
        name: str,
        *,
        rollup_groups: list[RollupGroup] | None = None,
        allowed_label_matches: list[dict[str, str]] | None = None,
    ) -> str:
        """Store a set of labels that count as the same, to be named by evaluations.

        Args:
            name: A name for people.
            rollup_groups: Labels to compare as one class; give these or pairs.
            allowed_label_matches: Mappings ``ground_truth_label`` and ``model_prediction_label``.

        Returns:
            Its id, starts with ``alm_``.
        """
        payload = {
            "name": name,
            "rollup_groups": group_payloads(rollup_groups),
            "allowed_label_matches": allowed_label_matches,
        }
        return str(self.make_request(payload, "lab/allowedLabelMatches")["id"])

    def list_allowed_label_matches(self) -> list[dict[str, Any]]:
        """List the sets of labels that count as the same, oldest first.

        Returns:
            ``id``, ``name``, ``rollup_groups``, ``allowed_label_matches`` and ``created_at``.
        """
        rows: list[dict[str, Any]] = self.make_request(None, "lab/allowedLabelMatches", "GET")
        return rows

    def delete_allowed_label_matches(self, set_id: str) -> None:
        """Delete a set of labels that count as the same.

        Args:
            set_id: Id, starts with ``alm_``.
        """
        self.make_request({}, f"lab/allowedLabelMatches/{segment(set_id)}", "DELETE")
