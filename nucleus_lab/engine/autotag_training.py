"""The model behind an autotag: a linear one, trained on a few examples against the rest.

Examples are few and counter-examples fewer, so a part of what nobody chose stands in for what the
tag is not: only what is clearly less like the examples than they are like each other, and, once
there are counter-examples, more like one of these; the rest may well belong to the tag. Each counts
little.

Source: measured on 772 pictures of five real datasets, 9 classes, on what was not chosen: with 3 or
6 examples precision 0.63 and recall 0.64; with 6 and as many counter-examples, or half as many,
0.62 and 0.78, where recall was 0.45 before the second rule.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nucleus_lab.errors import ConflictError, InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nucleus_lab.engine.vector_set import VectorSet

_BACKGROUND_A_POSITIVE: Final = 20
_BACKGROUND: Final = (200, 5_000)  # fewest and most
_COUNTER_EXAMPLE: Final = 10.0  # what one weighs beside something that nobody chose
_NEGATIVE_SIDE: Final = 2.0  # what all negatives weigh beside all positives: for precision
_STRENGTH: Final = 10.0  # inverse of the regularisation, where all weights add up to 1
_MARGIN: Final = 1.4  # how much farther than the examples from each other the rest has to be,
_MARGIN_BESIDE: Final = 1.0  # and where counter-examples tell as well
_LONELY: Final = 0.98  # of one example alone: so much of the rest counts as unlike it
_LEAST: Final = 0.1  # of the rest counts as unlike the examples in any case
_FOLDS: Final = 5


class Training(NamedTuple):
    """What a model is trained on.

    Attributes:
        vectors: Shape ``(n, dimension)``.
        positive: Shape ``(n,)``, whether it is an example.
        weights: Shape ``(n,)``.
        chosen: Shape ``(n,)``, whether a person chose it.
    """

    vectors: NDArray[Any]
    positive: NDArray[Any]
    weights: NDArray[Any]
    chosen: NDArray[Any]


def check() -> None:
    """Refuse where scikit-learn is not installed.

    Raises:
        InvalidInputError: It is not.
    """
    if find_spec("sklearn") is None:
        raise InvalidInputError(
            "autotags need scikit-learn: install it with  pip install 'nucleus_lab[embeddings]'  "
            "where the workspace is opened"
        )


def gather(
    loaded: VectorSet, positive: NDArray[Any], negative: NDArray[Any], seed: int
) -> Training:
    """Put together what a model is trained on.

    Args:
        loaded: The vectors.
        positive: Lines of the examples.
        negative: Lines of the counter-examples.
        seed: Of the choice of the rest; the same for the same autotag.

    Returns:
        Vectors, answers and weights.

    Raises:
        ConflictError: No example has a vector, or there is nothing else.
    """
    import numpy as np

    if not len(positive):
        raise ConflictError(
            "none of the examples has an embedding in the primary index: index first, or choose "
            "others"
        )
    rest = np.setdiff1d(loaded.live(), np.concatenate([positive, negative]))
    wanted = min(max(len(positive) * _BACKGROUND_A_POSITIVE, _BACKGROUND[0]), _BACKGROUND[1])
    if len(rest) > wanted:
        rest = np.sort(np.random.default_rng(seed).choice(rest, wanted, replace=False))
    if len(rest):
        rest = rest[_unlike(*(loaded.units(chosen) for chosen in (positive, negative, rest)))]
    if not len(rest) and not len(negative):
        raise ConflictError(
            "everything that has an embedding is an example: choose counter-examples, or add items"
        )
    lines = np.concatenate([positive, negative, rest])
    answers = np.arange(len(lines)) < len(positive)
    weights = np.ones(len(lines))
    weights[len(positive) : len(positive) + len(negative)] = _COUNTER_EXAMPLE
    # Both sides have their say, however many there are of each.
    weights[answers] *= len(lines) / len(positive)
    weights[~answers] *= _NEGATIVE_SIDE * len(lines) / weights[~answers].sum()
    weights /= weights.sum()
    chosen = np.arange(len(lines)) < len(positive) + len(negative)
    return Training(loaded.units(lines), answers, weights, chosen)


def _unlike(
    examples: NDArray[Any], counter_examples: NDArray[Any], rest: NDArray[Any]
) -> NDArray[Any]:
    """Return the places of what stands in for what the tag is not."""
    import numpy as np

    likeness = (rest @ examples.T).max(1)
    if len(examples) > 1:
        among = examples @ examples.T
        np.fill_diagonal(among, -np.inf)
        near = np.median(among.max(1))
    else:
        near = np.quantile(likeness, _LONELY)
    margin = _MARGIN_BESIDE if len(counter_examples) else _MARGIN
    unlike = likeness < 1 - margin * (1 - near)
    if len(counter_examples):
        unlike &= (rest @ counter_examples.T).max(1) > likeness
    places = np.flatnonzero(unlike)
    least = max(5, int(len(rest) * _LEAST))
    return places if len(places) >= least else np.argsort(likeness, kind="stable")[:least]


def fit(training: Training) -> Any:
    """Train a model.

    Args:
        training: What on.

    Returns:
        Something with ``decision_function``.
    """
    model = _model()
    return model.fit(
        training.vectors, training.positive, logisticregression__sample_weight=training.weights
    )


def quality(training: Training) -> dict[str, Any]:
    """Measure precision and recall by cross-validation.

    Each thing is judged by a model that has not seen it. What a person chose is what counts; where
    there are no counter-examples, all that nobody chose counts as such, so that the precision is
    rather too low than too high.

    Args:
        training: What the model is trained on.

    Returns:
        ``precision``, ``recall`` and ``folds``; all ``None`` with fewer than two of a kind.
    """
    import numpy as np
    from sklearn.metrics import precision_score, recall_score
    from sklearn.model_selection import StratifiedKFold

    judged = (
        training.chosen if (~training.positive[training.chosen]).any() else training.chosen | True
    )
    smallest = min(int(training.positive.sum()), int((~training.positive).sum()))
    folds = min(_FOLDS, smallest)
    if folds < 2:
        return {"precision": None, "recall": None, "folds": None}
    seen = np.zeros(len(training.positive), bool)
    for learn, test in StratifiedKFold(folds, shuffle=True, random_state=0).split(
        training.vectors, training.positive
    ):
        model = _model().fit(
            training.vectors[learn],
            training.positive[learn],
            logisticregression__sample_weight=training.weights[learn],
        )
        seen[test] = model.decision_function(training.vectors[test]) > 0
    truth, found = training.positive[judged], seen[judged]
    return {
        "precision": float(precision_score(truth, found, zero_division=0.0)),
        "recall": float(recall_score(truth, found, zero_division=0.0)),
        "folds": folds,
    }


def scores(model: Any, vectors: NDArray[Any]) -> NDArray[Any]:
    """Score vectors.

    Args:
        model: What :func:`fit` returned.
        vectors: Shape ``(n, dimension)``.

    Returns:
        Shape ``(n,)``, -1 to 1: twice the probability, less one.
    """
    import numpy as np

    made: NDArray[Any] = np.tanh(model.decision_function(vectors) / 2.0)
    return made


def _model() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, max_iter=2_000))
