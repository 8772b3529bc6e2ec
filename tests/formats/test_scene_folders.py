"""KITTI and MOT folders become scenes with everything in them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from nucleus_lab import VideoScene, formats
from nucleus_lab.columns import Collection
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.projection import cuboid_box


@pytest.fixture
def kitti(shared_data: Path) -> Path:
    return shared_data / "kitti_3frames"


@pytest.fixture
def mot(shared_data: Path) -> Path:
    return shared_data / "mot17_04_8frames"


def copied(source: Path, target: Path) -> Path:
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return target


def test_kitti_and_mot_are_told_by_their_layout(kitti: Path, mot: Path) -> None:
    assert formats.detect(kitti).format == "kitti"
    assert formats.detect(kitti / "training").format == "kitti"
    assert formats.detect(mot).format == "mot"
    assert formats.detect(mot.parent / mot.name).format == "mot"


def test_kitti_frames_become_scenes_whose_cuboids_lie_on_the_boxes(kitti: Path) -> None:
    found = formats.read(kitti / "training")

    assert [scene.reference_id for scene in found.scenes] == ["000000", "000001", "000002"]
    assert found.problems == []
    checked = 0
    for scene in found.scenes:
        frame = scene.get_frame(0)
        assert frame.get_sensors() == ["velodyne", "image_2"]
        picture, cloud = frame.get_item("image_2"), frame.get_item("velodyne")
        boxes = {v.annotation_id: v for v in found.others if v.reference_id == picture.reference_id}
        solids = {v.annotation_id: v for v in found.others if v.reference_id == cloud.reference_id}
        assert boxes.keys() == solids.keys()
        for name, box in boxes.items():
            seen = cuboid_box(picture.camera_params, solids[name], 1242, 375)
            wanted = (box.x, box.y, box.width, box.height)
            # The box of the pedestrian was drawn around what is seen of her, not her cuboid.
            near = 14 if box.label == "Pedestrian" else 1.5
            assert seen == pytest.approx(wanted, abs=near)
            checked += 1
    assert checked == 6
    assert {value.label for value in found.others} == {
        "Pedestrian", "Truck", "Car", "Cyclist", "Misc",
    }  # fmt: skip


def test_kitti_tracking_sequences_become_scenes_of_many_frames(kitti: Path, tmp_path: Path) -> None:
    source = kitti / "training"
    for kind in ("velodyne", "image_02"):
        (tmp_path / kind / "0007").mkdir(parents=True)
    for kind in ("calib", "label_02"):
        (tmp_path / kind).mkdir()
    lines = []
    for number in range(3):
        name = f"{number:06}"
        shutil.copy(source / "velodyne" / f"{name}.bin", tmp_path / "velodyne" / "0007")
        shutil.copy(source / "image_2" / f"{name}.png", tmp_path / "image_02" / "0007")
        listed = (source / "label_2" / f"{name}.txt").read_text().splitlines()
        lines += [f"{number} {3 if line.startswith('Car') else 4} {line}" for line in listed]
    matrices = (source / "calib" / "000001.txt").read_text()
    matrices = matrices.replace("R0_rect:", "R_rect").replace("Tr_velo_to_cam:", "Tr_velo_cam")
    (tmp_path / "calib" / "0007.txt").write_text(matrices)
    (tmp_path / "label_02" / "0007.txt").write_text("\n".join([*lines, "9 1 Car 1", "0 1 Car 1"]))

    found = formats.read(tmp_path)

    assert [(s.reference_id, s.length, s.get_sensors()) for s in found.scenes] == [
        ("0007", 3, ["velodyne", "image_02"])
    ]
    cars = [value for value in found.others if value.label == "Car"]
    assert {value.track_reference_id for value in cars} == {"0007/3"}
    assert sorted({value.reference_id for value in cars}) == [
        "image_02/0007/000001.png", "image_02/0007/000002.png",
        "velodyne/0007/000001.bin", "velodyne/0007/000002.bin",
    ]  # fmt: skip
    assert ["there is no scan of frame 9" in text for text in found.problems] == [True, False]
    assert "2 values, 15 were expected" in found.problems[1]


def test_a_broken_kitti_frame_loses_none_of_the_others(kitti: Path, tmp_path: Path) -> None:
    root = copied(kitti / "training", tmp_path / "k")
    (root / "calib" / "000000.txt").unlink()
    (root / "calib" / "000001.txt").write_text("P2: 1 2 3\n")
    (root / "label_2" / "000002.txt").write_text("Car 0 0 0 nonsense\n")
    (root / "image_2" / "000002.png").unlink()

    found = formats.read(root)

    assert [scene.reference_id for scene in found.scenes] == ["000002"]
    assert found.scenes[0].get_sensors() == ["velodyne"]
    assert found.others == []
    first, second, third = found.problems
    assert "calib/000000.txt does not exist" in first
    assert "000001.txt lacks a usable" in second
    assert "label_2/000002.txt, line 1" in third


def test_mot_becomes_a_video_with_tracks(mot: Path) -> None:
    found = formats.read(mot)

    scene: Any = found.scenes[0]
    assert isinstance(scene, VideoScene)
    assert (scene.reference_id, scene.frame_rate, scene.length) == (mot.name, 30, 8)
    assert len(found.others) == 99 * 8
    box = next(v for v in found.others if v.annotation_id == "1")
    assert (box.label, box.x, box.y, box.width, box.height) == ("pedestrian", 1362, 568, 103, 241)
    assert box.track_reference_id == f"{mot.name}/1"
    assert box.metadata == {"considered": True, "visibility": 0.86014}
    assert found.problems == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda root: (root / "img1" / "000003.jpg").unlink(), "no picture 000003.jpg"),
        (lambda root: (root / "seqinfo.ini").write_text("[Sequence]\n"), "frameRate"),
        (lambda root: (root / "seqinfo.ini").write_text("frameRate=30\n"), "cannot be used"),
        (lambda root: shutil.rmtree(root / "img1"), "holds no picture"),
    ],
)
def test_a_mot_sequence_that_is_not_whole_is_left_out(
    mot: Path, tmp_path: Path, change: Any, told: str
) -> None:
    root = copied(mot, tmp_path / "m")
    change(root)

    found = formats.read(root, "mot")

    assert found.scenes == []
    assert told in found.problems[0]


def test_bad_lines_of_mot_are_left_out_and_named(mot: Path, tmp_path: Path) -> None:
    root = copied(mot, tmp_path / "m")
    (root / "gt" / "gt.txt").write_text(
        "1,7,10,20,30,40,1,3,0.5\n1,8,10,20,x,40,1,1,1\n1,9\n900,7,10,20,30,40,1,1,1\n"
    )

    found = formats.read(root)

    assert [(v.label, v.annotation_id) for v in found.others] == [("car", "7")]
    assert len(found.problems) == 3
    assert "line 2" in found.problems[0]
    assert "1 boxes are of frames without a picture" in found.problems[2]


@pytest.mark.parametrize("name", ["kitti", "mot"])
def test_folders_without_scenes_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="scenes, and there is none"):
        formats.write(Collection(), tmp_path / "new", name)
    with pytest.raises(InvalidInputError, match="expected a folder"):
        formats.read(tmp_path, name)
