"""Masks as the page gets them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from nucleus_lab.errors import MediaError
from nucleus_lab.widgets.gallery.masks import page_mask
from tests.widgets.conftest import png


def places(mask: bytes) -> list[list[int]]:
    with Image.open(io.BytesIO(mask)) as opened:
        return np.asarray(opened).tolist()


GREY = Image.fromarray(np.array([[0, 3], [7, 9]], dtype=np.uint8))


def test_indexes_become_places_in_the_list_and_unknown_ones_nothing() -> None:
    assert places(page_mask(png(GREY), [7, 3], 10)) == [[0, 2], [1, 0]]


def test_palette_pictures_count_by_index_not_by_colour() -> None:
    picture = Image.fromarray(np.array([[0, 3], [7, 9]], dtype=np.uint8), "P")
    picture.putpalette([200, 10, 10] * 256)

    assert places(page_mask(png(picture), [3], 10)) == [[0, 1], [0, 0]]


def test_sixteen_bit_indexes_are_kept() -> None:
    picture = Image.fromarray(np.array([[0, 300], [40000, 1]], dtype=np.uint16))

    assert places(page_mask(png(picture), [300, 40000], 10)) == [[0, 1], [2, 0]]


def test_colours_count_as_panoptic_ids() -> None:
    values = np.array([[[1, 2, 0], [0, 0, 1]]], dtype=np.uint8)

    assert places(page_mask(png(Image.fromarray(values)), [513, 65536], 10)) == [[1, 2]]


def test_masks_shrink_without_mixing_segments_and_never_grow() -> None:
    large = Image.new("L", (100, 50), 3)
    large.paste(7, (50, 0, 100, 50))

    small = np.array(places(page_mask(png(large), [3, 7], 20)))

    assert (small.shape, set(small.ravel().tolist())) == ((10, 20), {1, 2})
    assert np.array(places(page_mask(png(large), [3], 1000))).shape == (50, 100)


def test_no_segments_is_an_empty_mask() -> None:
    assert places(page_mask(png(GREY), [], 10)) == [[0, 0], [0, 0]]


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(MediaError, match="no readable picture"):
        page_mask(b"not a picture", [1], 10)
