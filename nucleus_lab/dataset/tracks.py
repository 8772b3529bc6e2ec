"""Tracks of a dataset."""

from __future__ import annotations

from collections.abc import Sequence

from nucleus_lab.bulk import listed
from nucleus_lab.dataset.base import DatasetBase
from nucleus_lab.track import Track


class TrackMethods(DatasetBase):
    """Tracks: what joins the annotations and predictions of one thing."""

    @property
    def tracks(self) -> list[Track]:
        """All tracks, in the order in which uploads first named them.

        ``Track.update`` changes the metadata of one::

            dataset.tracks[0].update({"colour": "red"})
        """
        rows = self._ask(None, "tracks", "GET")["tracks"]
        return [Track.from_json(row, self._client) for row in rows]

    def delete_tracks(self, track_reference_ids: Sequence[str]) -> None:
        """Delete tracks; their annotations and predictions stay, without a track.

        Args:
            track_reference_ids: Names of the tracks.
        """
        names = listed("track_reference_ids", track_reference_ids, "names of tracks")
        self._ask({"track_reference_ids": names}, "tracks", "DELETE")
