"""The evaluation functions that every workspace has, and those that were named in this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Self, TypeVar

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.validate.data_transfer_objects.eval_function import EvalFunctionEntry
from nucleus_lab.validate.errors import EvalFunctionNotAvailableError
from nucleus_lab.validate.eval_functions.base_eval_function import EvalFunctionConfig
from nucleus_lab.validate.eval_functions.public_functions import (
    BoundingBoxIOUConfig,
    BoundingBoxMAPConfig,
    BoundingBoxPrecisionConfig,
    BoundingBoxRecallConfig,
    CategorizationF1Config,
    CuboidIOU2DConfig,
    CuboidIOU3DConfig,
    CuboidPrecisionConfig,
    CuboidRecallConfig,
    PolygonIOUConfig,
    PolygonMAPConfig,
    PolygonPrecisionConfig,
    PolygonRecallConfig,
    SegmentationFWAVACCConfig,
    SegmentationIOUConfig,
    SegmentationMAPConfig,
    SegmentationPrecisionConfig,
    SegmentationRecallConfig,
    SegmentationToPolyAveragePrecisionConfig,
    SegmentationToPolyIOUConfig,
    SegmentationToPolyMAPConfig,
    SegmentationToPolyPrecisionConfig,
    SegmentationToPolyRecallConfig,
)

if TYPE_CHECKING:
    from nucleus_lab.validate.data_transfer_objects.eval_function import EvaluationCriterion

Config = TypeVar("Config", bound=EvalFunctionConfig)


class CustomEvalFunction(EvalFunctionConfig):
    """A function that is neither public nor external; servers of this package have none."""


class StandardEvalFunction(EvalFunctionConfig):
    """A public function that this version has no class for."""


class ExternalEvalFunction(EvalFunctionConfig):
    """A function whose results are uploaded."""

    def __call__(self, **kwargs: Any) -> Self:
        """Hand the function back.

        Args:
            **kwargs: None: nothing here computes the function.

        Returns:
            The function.

        Raises:
            InvalidInputError: Arguments are given.
        """
        if kwargs:
            raise InvalidInputError(
                f"{self.name} is external and takes no arguments; {sorted(kwargs)} were given"
            )
        return super().__call__()


class EvalFunctionNotAvailable(EvalFunctionConfig):
    """Stands for a function that the server does not have; using it says so.

    Args:
        not_available_name: Name of the function.
    """

    def __init__(self, not_available_name: str) -> None:
        super().__init__(EvalFunctionEntry("", not_available_name, is_public=True, user_id=""))
        self.not_available_name = not_available_name

    def __call__(self, *_args: Any, **_kwargs: Any) -> Self:
        """Refuse.

        Args:
            *_args: Anything.
            **_kwargs: Anything.

        Raises:
            EvalFunctionNotAvailableError: Always.
        """
        raise self._missing()

    def _criterion(self, *_args: Any) -> EvaluationCriterion:
        raise self._missing()

    def _missing(self) -> EvalFunctionNotAvailableError:
        return EvalFunctionNotAvailableError(
            f"the server has no evaluation function {self.not_available_name!r}: update it, or use "
            "another function"
        )


EvalFunction = EvalFunctionConfig
"""Any evaluation function, in annotations of scripts."""


class AvailableEvalFunctions:
    """The evaluation functions, each an attribute of its name.

    ::

        functions = client.validate.eval_functions
        functions.bbox_iou(confidence_threshold=0.3) > 0.5
        functions.external_functions["my_function"]

    Args:
        available_functions: What the server has.

    Raises:
        EvalFunctionNotAvailableError: It has none.
    """

    def __init__(self, available_functions: Sequence[EvalFunctionEntry]) -> None:
        if not available_functions:
            raise EvalFunctionNotAvailableError("the server has no evaluation functions: update it")
        self._entries = {entry.name: entry for entry in available_functions if entry.is_public}
        self._public: dict[str, EvalFunctionConfig] = {}
        self._custom: dict[str, EvalFunctionConfig] = {}
        self._external: dict[str, EvalFunctionConfig] = {}
        for entry in available_functions:
            if entry.is_external_function:
                self._external[entry.name] = ExternalEvalFunction(entry)
            elif not entry.is_public:
                self._custom[entry.name] = CustomEvalFunction(entry)
        self.bbox_iou = self._find(BoundingBoxIOUConfig)
        self.bbox_precision = self._find(BoundingBoxPrecisionConfig)
        self.bbox_recall = self._find(BoundingBoxRecallConfig)
        self.bbox_map = self._find(BoundingBoxMAPConfig)
        self.cat_f1 = self._find(CategorizationF1Config)
        self.cuboid_iou_2d = self._find(CuboidIOU2DConfig)
        self.cuboid_iou_3d = self._find(CuboidIOU3DConfig)
        self.cuboid_precision = self._find(CuboidPrecisionConfig)
        self.cuboid_recall = self._find(CuboidRecallConfig)
        self.poly_iou = self._find(PolygonIOUConfig)
        self.poly_precision = self._find(PolygonPrecisionConfig)
        self.poly_recall = self._find(PolygonRecallConfig)
        self.poly_map = self._find(PolygonMAPConfig)
        self.segmentation_to_poly_iou = self._find(SegmentationToPolyIOUConfig)
        self.segmentation_to_poly_precision = self._find(SegmentationToPolyPrecisionConfig)
        self.segmentation_to_poly_recall = self._find(SegmentationToPolyRecallConfig)
        self.segmentation_to_poly_map = self._find(SegmentationToPolyMAPConfig)
        self.segmentation_to_poly_ap = self._find(SegmentationToPolyAveragePrecisionConfig)
        self.seg_iou = self._find(SegmentationIOUConfig)
        self.seg_recall = self._find(SegmentationRecallConfig)
        self.seg_map = self._find(SegmentationMAPConfig)
        self.seg_precision = self._find(SegmentationPrecisionConfig)
        self.seg_fwavacc = self._find(SegmentationFWAVACCConfig)
        for name, entry in self._entries.items():
            self._public.setdefault(name, StandardEvalFunction(entry))

    def _find(self, kind: type[Config]) -> Config:
        name = kind.expected_name()
        if name not in self._entries:
            missing: Any = EvalFunctionNotAvailable(name)
            return missing  # type: ignore[no-any-return]
        made = kind(self._entries[name])
        self._public[name] = made
        return made

    def __repr__(self) -> str:
        return (
            f"<AvailableEvaluationFunctions: public: {list(self._public)} private: "
            f"{list(self._custom)} external: {list(self._external)}>"
        )

    @property
    def public_functions(self) -> Mapping[str, EvalFunctionConfig]:
        """Those that every workspace has, by name."""
        return self._public

    @property
    def private_functions(self) -> Mapping[str, EvalFunctionConfig]:
        """Those that are neither public nor external, by name."""
        return self._custom

    @property
    def external_functions(self) -> Mapping[str, EvalFunctionConfig]:
        """Those whose results are uploaded, by name."""
        return self._external

    def from_id(self, eval_function_id: str) -> EvalFunctionConfig:
        """Find a function by its id.

        Args:
            eval_function_id: Starts with ``ef_``.

        Returns:
            The function.

        Raises:
            EvalFunctionNotAvailableError: There is none.
        """
        groups = (self._public, self._custom, self._external)
        for function in chain.from_iterable(group.values() for group in groups):
            if function.id == eval_function_id:
                return function
        raise EvalFunctionNotAvailableError(
            f"the server has no evaluation function with the id {eval_function_id!r}"
        )
