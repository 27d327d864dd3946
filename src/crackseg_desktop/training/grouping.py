"""Puts the scattered folders of CrackSeg's runs together: up to four folders of one run, told by names and times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.training.places import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from crackseg_desktop.training.places import Place

_ONE_PER_RUN = ((Kind.LOG,), (Kind.METRICS,), (Kind.CONFIG_JSON,))


def runs_of_places(places: list[Place], apart: float) -> list[list[Place]]:
    """Return the folders of each run. ``apart``: the seconds by which the times in the names of one run may differ."""
    trees: dict[Path, list[Place]] = {}
    for place in places:
        trees.setdefault(place.tree, []).append(place)
    return [
        group
        for tree in trees.values()
        for group in _put_together(tree, apart)
        if any(place.is_ours for place in group) and not all(place.is_configuration for place in group)
    ]


def _put_together(places: list[Place], apart: float) -> list[list[Place]]:
    """Group the folders of one tree by run: by their names, by what logs say, then by name and start time."""
    group_of: dict[Path, list[Place]] = {}
    by_id: dict[str, list[Place]] = {}
    for place in sorted(places, key=lambda item: not item.is_id):
        ids = [place.path.name] if place.is_id else sorted(place.ids)
        group = next((by_id[name] for name in ids if name in by_id), [])
        group.append(place)
        group_of[place.path] = group
        if place.is_id:
            by_id[place.path.name] = group
    timed = sorted((place for place in places if place.time is not None), key=lambda item: item.time or 0.0)
    for _, first, second in sorted(_near_pairs(timed, apart), key=lambda pair: pair[0]):
        _join(group_of, timed[first], timed[second])
    return list({id(group): group for group in group_of.values()}.values())


def _near_pairs(timed: list[Place], most: float) -> list[tuple[float, int, int]]:
    pairs: list[tuple[float, int, int]] = []
    for first, place in enumerate(timed):
        for second in range(first + 1, len(timed)):
            apart = (timed[second].time or 0.0) - (place.time or 0.0)
            if apart > most:
                break
            pairs.append((apart, first, second))
    return pairs


def _join(group_of: dict[Path, list[Place]], first: Place, second: Place) -> None:
    """Make one run of two groups, unless they have different names or each is complete in itself."""
    ours, theirs = group_of[first.path], group_of[second.path]
    if ours is theirs:
        return
    names = {place.name for place in (*ours, *theirs) if place.name is not None}
    if len(names) > 1 or any(_both_have(ours, theirs, kinds) for kinds in _ONE_PER_RUN):
        return
    ours += theirs
    for place in theirs:
        group_of[place.path] = ours


def _both_have(ours: list[Place], theirs: list[Place], kinds: tuple[Kind, ...]) -> bool:
    return any(place.has(*kinds) for place in ours) and any(place.has(*kinds) for place in theirs)
