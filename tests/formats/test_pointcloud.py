"""Point clouds: four formats that say the same, and files that are broken."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from nucleus_lab.errors import MediaError
from nucleus_lab.formats import pointcloud
from nucleus_lab.formats.pointcloud.lzf import unpack

POINTS = np.array([[1.5, -2.25, 0.125], [4.0, 5.5, -6.75], [-7.0, 8.0, 9.5]])
STRENGTH = np.array([0.25, 0.5, 1.0])


def packed(content: bytes) -> bytes:
    """LZF: a reference wherever three bytes came up before, literals otherwise."""
    out, literals, at = bytearray(), bytearray(), 0
    seen: dict[bytes, int] = {}

    def flush() -> None:
        for start in range(0, len(literals), 32):
            piece = literals[start : start + 32]
            out.extend([len(piece) - 1, *piece])
        literals.clear()

    while at < len(content):
        head = content[at : at + 3]
        start = seen.get(head, -1) if len(head) == 3 else -1
        seen[head] = at
        if start < 0 or at - start > 8192:
            literals.append(content[at])
            at += 1
            continue
        length = 3
        while (
            at + length < len(content)
            and length < 264
            and content[start + length] == content[at + length]
        ):
            length += 1
        flush()
        back, short = at - start - 1, length - 2
        if short < 7:
            out.extend([(short << 5) | (back >> 8), back & 255])
        else:
            out.extend([(7 << 5) | (back >> 8), short - 7, back & 255])
        at += length
    flush()
    return bytes(out)


def pcd(data: str, points: np.ndarray, strength: np.ndarray) -> bytes:
    count = len(points)
    head = (
        "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS x y z _ intensity\n"
        "SIZE 4 4 4 1 4\nTYPE F F F U F\nCOUNT 1 1 1 4 1\n"
        f"WIDTH {count}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {count}\nDATA {data}\n"
    ).encode()
    if data == "ascii":
        rows = [f"{x} {y} {z} 0 0 0 0 {i}" for (x, y, z), i in zip(points, strength, strict=True)]
        return head + "\n".join(rows).encode()
    if data == "binary":
        rows = [
            struct.pack("<fff4xf", *point, i) for point, i in zip(points, strength, strict=True)
        ]
        return head + b"".join(rows)
    columns = [points[:, axis].astype("<f4").tobytes() for axis in range(3)]
    flat = b"".join([*columns, bytes(4 * count), strength.astype("<f4").tobytes()])
    body = packed(flat)
    return head + struct.pack("<II", len(body), len(flat)) + body


def ply(form: str, points: np.ndarray, strength: np.ndarray) -> bytes:
    head = (
        f"ply\nformat {form} 1.0\ncomment made by a test\nelement vertex {len(points)}\n"
        "property float x\nproperty float y\nproperty float z\nproperty double Intensity\n"
        "property uchar red\nelement face 0\nproperty list uchar int vertex_indices\nend_header\n"
    ).encode()
    rows = [(*point, i, 7) for point, i in zip(points, strength, strict=True)]
    if form == "ascii":
        return head + "\n".join(" ".join(map(str, row)) for row in rows).encode()
    order = "<" if "little" in form else ">"
    return head + b"".join(struct.pack(f"{order}fffdB", *row) for row in rows)


def nucleus(points: np.ndarray, strength: np.ndarray) -> bytes:
    rows = zip(points.tolist(), strength.tolist(), strict=True)
    listed = [{"x": x, "y": y, "z": z, "i": i} for (x, y, z), i in rows]
    return json.dumps({"points": listed, "device_position": {"x": 0}}).encode()


FILES = {
    "nucleus.json": nucleus(POINTS, STRENGTH),
    "kitti.bin": np.hstack([POINTS, STRENGTH[:, None]]).astype("<f4").tobytes(),
    "ascii.pcd": pcd("ascii", POINTS, STRENGTH),
    "binary.pcd": pcd("binary", POINTS, STRENGTH),
    "compressed.pcd": pcd("binary_compressed", POINTS, STRENGTH),
    "ascii.ply": ply("ascii", POINTS, STRENGTH),
    "little.ply": ply("binary_little_endian", POINTS, STRENGTH),
    "big.ply": ply("binary_big_endian", POINTS, STRENGTH),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_cloud(name: str) -> None:
    cloud = pointcloud.read(FILES[name], name)

    assert cloud.points.tolist() == POINTS.tolist()
    assert cloud.intensity is not None
    assert cloud.intensity.tolist() == STRENGTH.tolist()
    assert (cloud.kept, cloud.total, len(cloud)) == (None, 3, 3)
    assert cloud.as_float32().tolist() == np.hstack([POINTS, STRENGTH[:, None]]).tolist()


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_off_anywhere_is_refused_or_read_never_a_crash(name: str) -> None:
    content = FILES[name]
    refused = 0
    for end in range(len(content)):
        try:
            cloud = pointcloud.read(content[:end], name)
        except MediaError as fault:
            refused += name in fault.message
        else:  # the last digit of a text, or a scan that ends after a whole point
            assert len(cloud) <= 3
    assert refused >= len(content) - 8


@pytest.mark.parametrize("data", ["ascii", "binary", "binary_compressed"])
def test_points_that_are_nan_are_missing_returns(data: str) -> None:
    points = POINTS.copy()
    points[1] = np.nan

    cloud = pointcloud.read(pcd(data, points, STRENGTH), "a.pcd")

    assert cloud.points.tolist() == [POINTS[0].tolist(), POINTS[2].tolist()]
    assert cloud.intensity is not None
    assert cloud.intensity.tolist() == [0.25, 1.0]
    assert cloud.kept is not None
    assert (cloud.kept.tolist(), cloud.total) == ([0, 2], 3)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.pcd", b"", "empty"),
        ("what.txt", b"hello", "no point cloud that can be read"),
        ("a.bin", bytes(17), "no whole number of points"),
        ("a.bin", np.full(4, np.nan, "<f4").tobytes(), "is no place"),
        ("a.bin", np.full(4, 1e30, "<f4").tobytes(), "no KITTI scan"),
        ("a.json", b'{"points": []}', "holds no point"),
        ("a.json", b'{"points": [{"x": 1, "y": 2}]}', "missing required field `z`"),
        ("a.json", b'{"points": [{"x": NaN, "y": 2, "z": 3}]}', "no Nucleus point cloud"),
        ("a.json", b'{"dots": []}', "missing required field `points`"),
        ("a.pcd", pcd("ascii", POINTS * np.nan, STRENGTH), "none of its 3 points"),
        ("a.pcd", pcd("ascii", POINTS, STRENGTH).replace(b"4.0", b"four"), "else than a number"),
        ("a.pcd", pcd("ascii", POINTS, STRENGTH).replace(b" z ", b" w "), "has no z"),
        ("a.pcd", pcd("ascii", POINTS, STRENGTH).replace(b"SIZE 4", b"SIZE 3"), "header"),
        ("a.pcd", pcd("ascii", POINTS, STRENGTH).replace(b"DATA ascii", b"DATA zip"), "DATA zip"),
        ("a.pcd", b"# .PCD v0.7\nVERSION 0.7\nFIELDS x y z\n", "without a DATA line"),
        (
            "a.pcd",
            pcd("binary", POINTS, STRENGTH).replace(b"POINTS 3", b"POINTS 99999999999"),
            "announces 99,999,999,999 points",
        ),
        ("a.pcd", pcd("binary_compressed", POINTS, STRENGTH)[:-6] + bytes(6), "a.pcd"),
        ("a.ply", b"ply\nformat ascii 1.0\nend_header\n", "no element vertex"),
        ("a.ply", ply("ascii", POINTS, STRENGTH).replace(b"float z", b"float3 z"), "header"),
        ("a.ply", ply("ascii", POINTS, STRENGTH).replace(b"vertex 3", b"vertex -1"), "-1 points"),
    ],
)
def test_a_broken_file_is_refused_with_its_name_and_fault(
    name: str, content: bytes, told: str
) -> None:
    with pytest.raises(MediaError) as fault:
        pointcloud.read(content, name)
    assert told in str(fault.value)
    assert name in str(fault.value)


def test_unpacking_repeats_what_it_has_just_written() -> None:
    text = b"ab" * 300 + bytes(range(200)) + b"\0" * 5000

    assert unpack(packed(text), len(text)) == text
    assert unpack(bytes([0, 65, 0xE0, 10, 0]), 20) == b"A" * 20
    for broken in (bytes([0x20, 5]), bytes([0xE0]), bytes([0, 65, 0x20])):
        with pytest.raises(ValueError, match="reference"):
            unpack(broken, 4)
    with pytest.raises(ValueError, match="unpacks to"):
        unpack(packed(text), 10)


def test_real_scans_survive_every_format(shared_data: Path) -> None:
    path = shared_data / "kitti_3frames" / "training" / "velodyne" / "000000.bin"
    scan = pointcloud.read_file(path)
    assert scan.intensity is not None
    points, strength = scan.points[:5000], scan.intensity[:5000]

    assert (len(scan), scan.total) == (115384, 115384)
    for name, content in {
        "a.json": nucleus(points, strength),
        "a.pcd": pcd("binary_compressed", points, strength),
        "a.ply": ply("binary_big_endian", points, strength),
    }.items():
        cloud = pointcloud.read(content, name)
        assert np.array_equal(cloud.points, points)
        assert np.array_equal(cloud.intensity, strength)
    with pytest.raises(MediaError, match="cannot be read"):
        pointcloud.read_file(path.with_name("missing.bin"))
