"""Sections of the driver: scenes of lidar and video, their tracks, points and exports."""

from __future__ import annotations

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from drive import finished, groups, refusal, section, shown

POINTS = [{"x": 1.0, "y": 2.0, "z": 3.0, "i": 0.5}, {"x": -1.5, "y": 0.0, "z": 0.25, "i": 1.0}]
CLASSES = {
    "objects": [{"label": "Car", "index": 1}, {"label": "Person", "index": 2}],
    "point_objects": [1, 2],
    "point_confidence": [0.5, 0.75],
}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def _hosted(lab: Any) -> str:
    """The folder ``hosted`` of the files behind a URL, as a bucket would be."""
    folder = lab.folder / "hosted"
    folder.mkdir(exist_ok=True)
    (folder / "cloud.json").write_text(json.dumps({"points": POINTS}))
    (folder / "classes.json").write_text(json.dumps(CLASSES))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def _photo(lab: Any, name: str, **metadata: Any) -> Any:
    return lab.nucleus.DatasetItem(
        image_location=f"https://example.org/{name}.jpg", reference_id=name, metadata=metadata
    )


def _lidar(lab: Any, name: str, frames: int, cloud: str = "https://example.org/c.json") -> Any:
    nucleus = lab.nucleus
    camera = {
        "position": {"x": 0, "y": 1, "z": 2},
        "heading": {"x": 0, "y": 0, "z": 0, "w": 1},
        "fx": 500,
        "fy": 400,
        "cx": 320,
        "cy": 240,
    }
    made = []
    for at in range(frames):
        points = nucleus.DatasetItem(pointcloud_location=cloud, reference_id=f"{name}-cloud-{at}")
        front = _photo(lab, f"{name}-front-{at}", at=at, camera_params=camera)
        made.append(nucleus.Frame(lidar=points, front=front))
    return nucleus.LidarScene(name, made, {"weather": name})


def _video(lab: Any, name: str, frames: int = 4, tracks: Any = ()) -> Any:
    return lab.nucleus.VideoScene(
        name,
        frame_rate=5,
        items=[_photo(lab, f"{name}-{at}", at=at) for at in range(frames)],
        metadata={"weather": name},
        tracks=list(tracks),
    )


def _uploaded(dataset: Any, scenes: list[Any], **options: Any) -> Any:
    """The kind of the job and its counters."""
    job = dataset.append(scenes, asynchronous=True, **options)
    progress = dict(finished(job)["scene_upload_progress"])
    progress.pop("dataset_id")
    return [job.job_type, progress]


def _listed(dataset: Any) -> list[Any]:
    return [
        [scene.reference_id, str(scene.type).rpartition(".")[2].lower(), scene.metadata]
        for scene in dataset.scenes
    ]


def _scene_ids(dataset: Any) -> list[str]:
    return [scene.id for scene in dataset.scenes]


@section
def lidar_scenes(lab: Any) -> Any:
    nucleus, client = lab.nucleus, lab.client
    dataset = client.create_dataset("lidar", is_scene=True)
    cloud = f"{_hosted(lab)}/cloud.json"
    scenes = [_lidar(lab, "fog", 2, cloud), _lidar(lab, "sun", 1)]
    seen = {
        "new": _uploaded(dataset, scenes),
        "again": _uploaded(dataset, scenes),
        "update": _uploaded(dataset, scenes[:1], update=True),
        "is scene": [dataset.is_scene, client.get_dataset(dataset.id).is_scene],
        "listed": _listed(dataset),
        "frames": [
            {
                name: {**shown(frame.get_item(name).to_payload(is_scene=True)), "url": name}
                for name in sorted(frame.items)
            }
            for frame in dataset.get_scene("fog").frames
        ],
        "by item": dataset.get_scene_from_item_ref_id("sun-front-0").reference_id,
        "size": dataset.size,
        "no items": refusal(lambda: finished(dataset.append([_photo(lab, "alone")])))
        != "nothing was refused",
    }
    cuboid = nucleus.CuboidAnnotation(
        label="car",
        position=nucleus.Point3D(1, 2, 3),
        dimensions=nucleus.Point3D(4, 5, 6),
        yaw=0.5,
        reference_id="fog-cloud-0",
        annotation_id="cuboid",
        metadata={"k": 1},
    )
    dataset.add_taxonomy("weather", "category", ["fog", "sun"])
    category = nucleus.SceneCategoryAnnotation(
        label="fog", taxonomy_name="weather", reference_id="fog", metadata={}
    )
    stored = dataset.annotate([cuboid, category])
    model = client.create_model("lidar", f"lidar {dataset.id}")
    found = nucleus.CuboidPrediction(
        label="car",
        position=nucleus.Point3D(1, 2, 3.5),
        dimensions=nucleus.Point3D(4, 5, 6),
        yaw=0.25,
        reference_id="fog-cloud-0",
        annotation_id="found",
        confidence=0.75,
    )
    predicted = dataset.upload_predictions(model, [found])
    seen |= {
        "annotated": [stored["annotations_processed"], stored["annotations_ignored"]],
        "predicted": predicted["predictions_processed"],
        "on item": groups(dataset.refloc("fog-cloud-0")["annotations"]),
        "found": groups(dataset.predictions_refloc(model, "fog-cloud-0")),
        "updated": dataset.update_scene_metadata({"sun": {"seen": True}}) is not None,
        "queried": sorted(
            scene.reference_id for scene in dataset.query_scenes('scene.metadata.weather = "fog"')
        ),
        "after": _listed(dataset),
    }
    part = dataset.create_slice_by_ids("part", scene_ids=_scene_ids(dataset)[:1])
    seen["slice"] = [part.info()["type"], [scene.reference_id for scene in part.items]]
    dataset.delete_scene("sun")
    seen["left"] = [_listed(dataset), dataset.size]
    return seen


@section
def points(lab: Any) -> Any:
    nucleus, client = lab.nucleus, lab.client
    dataset = client.create_dataset("points", is_scene=True)
    place = _hosted(lab)
    _uploaded(dataset, [_lidar(lab, "a", 2, f"{place}/cloud.json"), _lidar(lab, "b", 1)])
    scene = _scene_ids(dataset)[0]
    model = client.create_model("points", f"points {dataset.id}")
    answer = dataset.upload_lidar_semseg_predictions(model, "a-cloud-0", f"{place}/classes.json")
    return {
        "frame": [
            [type(point).__name__, point.to_payload()]
            for point in client.download_pointcloud_task(scene, 1)
        ],
        "several": len(client.download_pointcloud_tasks([scene], 0)[scene]),
        "kinds": [nucleus.LidarPoint(1, 2, 3, 0.5).to_payload()],
        "no frame": refusal(lambda: client.download_pointcloud_task(scene, 9))[1],
        "no fetch": refusal(lambda: client.download_pointcloud_task(_scene_ids(dataset)[1], 0))[1],
        "classes": [answer["predictions_processed"], answer["points"]],
        "read": [
            [segment.label, segment.index]
            for mask in dataset.predictions_refloc(model, "a-cloud-0")["segmentation"]
            for segment in mask.annotations
        ],
        "no item": refusal(
            lambda: dataset.upload_lidar_semseg_predictions(
                model, "nobody", f"{place}/classes.json"
            )
        )[1],
    }


@section
def video_scenes(lab: Any) -> Any:
    nucleus, client = lab.nucleus, lab.client
    dataset = client.create_dataset("video", is_scene=True)
    given = {"reference_id": "mine", "dataset_id": dataset.id, "metadata": {"of": "fog"}}
    track = lab.module("track").Track.from_json(given, None)
    seen = {
        "new": _uploaded(dataset, [_video(lab, "fog", tracks=[track]), _video(lab, "sun", 2)]),
        "again": _uploaded(dataset, [_video(lab, "sun", 2)]),
        "listed": _listed(dataset),
    }
    scene = dataset.get_scene("fog")
    boxes = [
        nucleus.BoxAnnotation(
            label="car",
            x=at,
            y=2,
            width=3,
            height=4,
            reference_id=f"fog-{at}",
            annotation_id=f"b{at}",
            track_reference_id="red",
        )
        for at in range(3)
    ]
    seen |= {
        "scene": [scene.reference_id, scene.frame_rate, scene.metadata, scene.length],
        "frames": [shown(item) for item in scene.items],
        "by item": dataset.get_scene_from_item_ref_id("sun-1").reference_id,
        "tracks of scene": [[found.reference_id, found.metadata] for found in scene.tracks],
        "annotated": dataset.annotate(boxes)["annotations_processed"],
        "tracks": sorted(found.reference_id for found in dataset.tracks),
        "of dataset": [item.reference_id for item in dataset.items],
    }
    red = next(found for found in dataset.tracks if found.reference_id == "red")
    red.update({"a": 1, "b": 2})
    red.update({"b": 3})
    seen["merged"] = _metadata(dataset, "red")
    red.update({"c": 4}, overwrite_metadata=True)
    seen["replaced"] = _metadata(dataset, "red")
    dataset.delete_tracks(["red"])
    seen["tracks left"] = [found.reference_id for found in dataset.tracks]
    seen["no track"] = refusal(lambda: dataset.delete_tracks(["red"]))[1]
    scenes = {"scenes": [_video(lab, "raw", 1).to_payload()], "update": False}
    sync = client.make_request(scenes, f"{dataset.id}/upload_video_scenes")
    seen["sync"] = [sync["new_scenes"], dataset.get_scene("raw").length]
    dataset.delete_scene("fog")
    seen["left"] = [_listed(dataset), dataset.size]
    return seen


def _metadata(dataset: Any, name: str) -> Any:
    return {track.reference_id: track.metadata for track in dataset.tracks}[name]


@section
def by_scene(lab: Any) -> Any:
    nucleus = lab.nucleus
    dataset = lab.client.create_dataset("by scene", is_scene=True)
    if not hasattr(dataset, "scene_and_annotation_generator"):
        return None
    _uploaded(dataset, [_video(lab, name, 2) for name in ("a", "b", "c")])
    dataset.annotate([
        nucleus.BoxAnnotation(
            label="car",
            x=at,
            y=2,
            width=3,
            height=4,
            reference_id=f"{name}-{at}",
            annotation_id=f"b{at}",
            track_reference_id="red",
            metadata={"n": at},
        )
        for name in "ab"
        for at in range(2)
    ])
    part = dataset.create_slice_by_ids("part", scene_ids=_scene_ids(dataset)[:1])

    def told(rows: Any) -> list[Any]:
        return [
            {
                "scene": [row["scene"][key] for key in ("reference_id", "type", "metadata")],
                "annotations": {name: shown(found) for name, found in row["annotations"].items()},
            }
            for row in rows
        ]

    return {
        "all": told(dataset.scene_and_annotation_generator(page_size=2)),
        "slice": told(dataset.scene_and_annotation_generator(slice_id=part.id)),
        "too many": refusal(lambda: list(dataset.scene_and_annotation_generator(page_size=31)))
        != "nothing was refused",
    }
