"""The fixed twenty queries and how a person who knows the data would write them in SQL.

Where there is more than one way, all are here and the fastest of a run counts.
"""

from __future__ import annotations

W = "json_extract(metadata, '$.weather')"
S = "json_extract(metadata, '$.speed')"
F = "json_extract(metadata, '$.frame_number')"
OF_ITEM = "FROM annotation a WHERE a.item_id = item.id"
COUNT = f"(SELECT count(*) {OF_ITEM})"

CONDITIONS: dict[str, tuple[str, ...]] = {
    "metadata.weather = fog": (f"{W} = 'fog'",),
    "metadata.weather != fog": (f"{W} IS NOT 'fog'",),
    "metadata.weather IN (fog, rain, sun)": (f"{W} IN ('fog', 'rain', 'sun')",),
    "metadata.weather IS NULL": (f"{W} IS NULL",),
    "metadata.weather CONTAINS 'og'": (f"instr(lower({W}), 'og') > 0",),
    "metadata.weather STARTS WITH 's'": (f"substr({W}, 1, 1) = 's'", f"{W} GLOB 's*'"),
    "metadata.speed > 54": (f"{S} > 54",),
    "metadata.speed BETWEEN 10 AND 12": (f"{S} BETWEEN 10 AND 12",),
    "metadata.weather = fog AND metadata.speed > 30": (f"{W} = 'fog' AND {S} > 30",),
    "metadata.weather = fog OR metadata.speed > 55": (f"({W} = 'fog' OR {S} > 55)",),
    "metadata.frame_number = 7": (f"{F} = 7",),
    "metadata.frame_number % 5 = 0": (f"{F} % 5 = 0",),
    "ref_id STARTS WITH 'image_00001'": (
        "substr(reference_id, 1, 11) = 'image_00001'",
        "reference_id >= 'image_00001' AND reference_id < 'image_00002'",
    ),
    "index < 1000": ("position < 1000",),
    "annotations.count > 3": (
        f"{COUNT} > 3",
        "id IN (SELECT item_id FROM annotation GROUP BY item_id HAVING count(*) > 3)",
    ),
    "annotations.car > 2": (
        f"(SELECT count(*) {OF_ITEM} AND a.label_id = 1) > 2",
        (
            "id IN (SELECT item_id FROM annotation WHERE label_id = 1 GROUP BY item_id "
            "HAVING count(*) > 2)"
        ),
    ),
    "annotations.label = car": (
        f"EXISTS (SELECT 1 {OF_ITEM} AND a.label_id = 1)",
        "id IN (SELECT item_id FROM annotation WHERE label_id = 1)",
    ),
    "predictions.label = car AND predictions.confidence > 0.9": (
        (
            "EXISTS (SELECT 1 FROM prediction p WHERE p.item_id = item.id AND p.model_run_id = 1 "
            "AND p.label_id = 1 AND p.confidence > 0.9)"
        ),
        (
            "id IN (SELECT item_id FROM prediction WHERE model_run_id = 1 AND label_id = 1 "
            "AND confidence > 0.9)"
        ),
    ),
    "annotations.dimensions.x > 85": (
        f"EXISTS (SELECT 1 {OF_ITEM} AND a.width > 85)",
        "id IN (SELECT item_id FROM annotation WHERE width > 85)",
    ),
    "annotations.count > 3 AND metadata.weather = fog": (
        f"{COUNT} > 3 AND {W} = 'fog'",
        f"{W} = 'fog' AND {COUNT} > 3",
    ),
}

TEXT = (
    "CASE WHEN json_type(metadata, '$.\"weather\"') = 'text' "
    "THEN json_extract(metadata, '$.\"weather\"') END"
)
NUMBER = (
    "CASE WHEN json_type(metadata, '$.\"speed\"') IN ('integer', 'real') "
    "THEN json_extract(metadata, '$.\"speed\"') END"
)


def statements(text: str, *, indexed: bool, dataset_id: int) -> list[str]:
    """Return the ways to write a query by hand.

    Args:
        text: One of the twenty.
        indexed: The keys have indexes: write the expressions that these are of.
        dataset_id: Primary key of the dataset.

    Returns:
        Statements for the ids of the items in order.
    """
    found = []
    for condition in CONDITIONS[text]:
        written = condition
        if indexed:
            written = condition.replace(W, TEXT).replace(S, NUMBER)
            if text.endswith("STARTS WITH 's'"):
                written = f"{TEXT} >= 's' AND {TEXT} < 't'"
        found.append(
            f"SELECT id FROM item WHERE dataset_id = {dataset_id} AND {written} ORDER BY position"
        )
        if indexed and (TEXT in written or NUMBER in written):
            found.append(
                found[-1]
                .replace("dataset_id =", "+dataset_id =")
                .replace("FROM item WHERE +dataset_id", "FROM item WHERE dataset_id")
                .replace("ORDER BY position", "ORDER BY +position")
            )
    return list(dict.fromkeys(found))
