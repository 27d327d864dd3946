"""Finds the runs under the watched folders: which folders and files make up each, whatever lies scattered where."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crackseg_desktop.training import frameworks
from crackseg_desktop.training.folders import always_answers, scan
from crackseg_desktop.training.formats.tfevents import is_event_file
from crackseg_desktop.training.frameworks import framework_runs, run_of_file
from crackseg_desktop.training.grouping import runs_of_places
from crackseg_desktop.training.places import (
    KNOWN_NAMES,
    Kind,
    Place,
    RunFile,
    SharedFile,
    kind_of,
    places_in,
    shared_files_in,
    tree_of,
    tree_of_shared,
)
from crackseg_desktop.training.verdicts import Verdicts, is_candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence

    from crackseg_desktop.training.folders import Folder, Scan
    from crackseg_desktop.training.frameworks import FrameworkRun

SAME_RUN_SECONDS = 3.0
"""Hydra, the logger and the trainer each name a folder of one run by the time they started."""
_OURS = frozenset({"crackseg", "metrics"})
_PARTS = frozenset({"train", "val", "validation", "test", "eval"})
_OF_A_WHOLE_RUN = frozenset({"args.yaml", "opt.yaml", "hparams.yaml", "results.csv", "metrics.csv"})
"""Files that say of a folder named like a part of a run that it is one: Ultralytics calls its runs train, train2, …"""
_RUN_FOLDERS = (Path("artifacts"), Path("outputs"), Path("src/crackseg/artifacts"), Path("src/crackseg/outputs"))


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What makes up one run, before anything of it is read.

    Attributes:
        key: identifies the run; stable over restarts, and from the run's first moment on.
        path: the folder that a person knows the run by.
        time: when it began by the names of its folders, Unix seconds.
        is_wanted: whether it lies in what was asked for, and not beside it in the same checkout.
    """

    key: str
    name: str
    path: Path
    folders: tuple[Path, ...]
    tree: Path
    source: str
    files: tuple[RunFile, ...]
    time: float | None = None
    notes: tuple[str, ...] = ()
    is_wanted: bool = True


@dataclass(frozen=True, slots=True)
class Discovery:
    """All that was found. ``roots`` are the folders that were given, ``changed_ns`` when each folder last changed."""

    roots: tuple[Path, ...] = ()
    plans: tuple[RunPlan, ...] = ()
    shared: tuple[SharedFile, ...] = ()
    notes: tuple[str, ...] = ()
    changed_ns: dict[Path, int] = field(default_factory=dict)


def watched_folders_here(cwd: Path) -> list[Path]:
    """Return the root of the CrackSeg checkout that ``cwd`` lies in, else nothing."""
    here = _resolved(cwd)
    for folder in (here, *here.parents):
        if _is_checkout(folder) or os.path.isdir(folder / "artifacts" / "experiments"):
            return [folder]
    return []


def discover(
    roots: Sequence[Path],
    verdicts: Verdicts | None = None,
    answers: Callable[[Path], bool] = always_answers,
    crowds: dict[Path, Folder] | None = None,
) -> Discovery:
    """Look through the roots, each a checkout, a folder of experiments, one run's folder or one file.

    Where a root lies within a checkout, the other places in which its runs leave files are looked at too. ``verdicts``
    remember from look to look what the files of unknown origin are; for ``answers`` and ``crowds`` see ``scan``.
    """
    verdicts = Verdicts() if verdicts is None else verdicts
    given = list(dict.fromkeys(_resolved(root) if answers(root) else root for root in roots))
    found = scan([*given, *_counterparts(filter(answers, given))], answers, _may_tell, crowds)
    places = places_in(found)
    ours = [_plan(group) for group in runs_of_places(places, SAME_RUN_SECONDS)]
    shared = [file for file in shared_files_in(found, places) if not _is_foreign(file, verdicts)]
    judged = _judged(found, verdicts, ours, shared)
    others = framework_runs(found, judged)
    shared += _consoles(found, judged, {plan.tree for plan in ours})
    single = {file: plan for file in found.files if (plan := _plan_of_file(file, verdicts)) is not None}
    plans = _with_events([*ours, *single.values(), *map(_framework_plan, others)], found)
    shared += _shared_roots(found, single)
    verdicts.keep_only(found)
    plans = [
        replace(plan, is_wanted=_is_within(given, (*plan.folders, *(file.path for file in plan.files))))
        for plan in plans
    ]
    changes = {path: folder.modified_ns for path, folder in found.folders.items()}
    return Discovery(tuple(given), tuple(_unique(plans)), tuple(shared), tuple(found.notes), changes)


def _may_tell(name: str) -> bool:
    """Say whether a file may tell of a training, by its name alone."""
    return "tfevents" in name or is_candidate(name) or name in KNOWN_NAMES or name in frameworks.KNOWN_NAMES


def _is_checkout(folder: Path) -> bool:
    return os.path.isfile(folder / "configs" / "base.yaml") and os.path.isdir(folder / "src" / "crackseg")


def _resolved(path: Path) -> Path:
    """Return the real path; unlike those of ``Path`` these do not raise for links in a circle and unknown users."""
    return Path(os.path.realpath(os.path.expanduser(path)))


def _counterparts(roots: Iterable[Path]) -> list[Path]:
    """Return where else the runs of roots inside a checkout leave files."""
    found: list[Path] = []
    for root in roots:
        tree = tree_of(root / "-")
        inside = (
            tree != root and os.path.isdir(root) and any(root.is_relative_to(tree / folder) for folder in _RUN_FOLDERS)
        )
        if inside and os.path.isdir(tree / "src" / "crackseg"):
            found += [path for folder in _RUN_FOLDERS if os.path.isdir(path := tree / folder)]
            found += [path for name in ("run.log", "main.log") if os.path.isfile(path := tree / name)]
    return found


def _is_within(roots: Iterable[Path], paths: Iterable[Path]) -> bool:
    candidates = list(paths)
    return any(path.is_relative_to(root) for root in roots for path in candidates)


def _unique(plans: Iterable[RunPlan]) -> list[RunPlan]:
    return list({plan.key: plan for plan in plans}.values())


def _plan(group: list[Place]) -> RunPlan:
    """Put one run together. Its key is the folder of its text log: Hydra makes that one first."""
    folders = [place for place in group if not place.is_configuration]
    folders.sort(key=lambda place: (not place.has(Kind.LOG), "src" in place.path.parts[-4:], place.path))
    shown = next((place for place in folders if place.is_id), folders[0])
    times = [place.time for place in folders if place.time is not None]
    is_experiment = any(place.is_id or place.has(Kind.LOG, Kind.INFO, Kind.CONFIG_JSON) for place in group)
    return RunPlan(
        key=str(folders[0].path),
        name=_name(shown),
        path=shown.path,
        folders=tuple(place.path for place in (*folders, *(item for item in group if item.is_configuration))),
        tree=shown.tree,
        source="crackseg" if is_experiment else "metrics",
        files=_ordered(file for place in group for file in place.files),
        time=min(times, default=None),
    )


def _name(place: Place) -> str:
    if place.is_id or place.name is None:
        return place.path.name
    if place.time is None:
        return place.name
    return f"{datetime.fromtimestamp(place.time).astimezone():%Y%m%d-%H%M%S}-{place.name}"


def _is_foreign(shared: SharedFile, verdicts: Verdicts) -> bool:
    """Say whether a log with a usual name is one of another training."""
    return shared.kind is Kind.LOG and not shared.is_copy and verdicts.of(shared.path) not in (None, Kind.LOG)


def _judged(
    found: Scan, verdicts: Verdicts, ours: list[RunPlan], shared: list[SharedFile]
) -> dict[Path, list[RunFile]]:
    """Return, by folder, the files that tell of a training and do not belong to CrackSeg's runs."""
    taken: dict[Path, set[str]] = {}
    for path in (*(file.path for file in shared), *(file.path for plan in ours for file in plan.files)):
        taken.setdefault(path.parent, set()).add(path.name)
    folders = {folder for plan in ours for folder in plan.folders}
    whole = {folder for plan in ours if plan.source == "crackseg" for folder in plan.folders}
    return {
        path: files
        for path, folder in found.folders.items()
        if path not in folders and whole.isdisjoint(path.parents)
        if (files := verdicts.in_folder(path, folder.files - taken.get(path, set())))
    }


def _consoles(found: Scan, judged: dict[Path, list[RunFile]], trees: Container[Path]) -> list[SharedFile]:
    """Return the logs of CrackSeg with any name, such as a captured console: of use where runs lack their own."""
    consoles = [
        (file.path, tree_of_shared(found.folders[path]))
        for path, files in judged.items()
        for file in files
        if file.kind is Kind.LOG
    ]
    return [SharedFile(path, tree, Kind.LOG, is_copy=tree in trees) for path, tree in consoles]


def _framework_plan(run: FrameworkRun) -> RunPlan:
    key = run.path if run.key is None else run.key
    holder = run.path if run.folders else run.path.parent
    return RunPlan(str(key), run.name, run.path, tuple(run.folders), holder, run.source, _ordered(run.files), run.time)


def _plan_of_file(path: Path, verdicts: Verdicts) -> RunPlan | None:
    """Return the run in a single file; files that may hold several runs are shared files."""
    if is_event_file(path.name):
        return RunPlan(str(path), path.name, path, (), path.parent, "tensorboard", (RunFile(path, Kind.EVENTS),))
    run = run_of_file(path, verdicts) if path.name != "metrics.jsonl" else None
    if run is not None:
        return _framework_plan(run)
    kind = kind_of(path)
    if kind not in (Kind.METRICS, Kind.SUMMARY, Kind.COMPLETE_SUMMARY):
        return None
    return RunPlan(str(path), path.name, path, (), path.parent, "metrics", (RunFile(path, kind),))


def _shared_roots(found: Scan, single: dict[Path, RunPlan]) -> list[SharedFile]:
    kinds = [(path, kind_of(path)) for path in found.files if path not in single]
    return [SharedFile(path, path, kind) for path, kind in kinds if kind in (Kind.ROWS, Kind.LOG)]


def _with_events(runs: list[RunPlan], found: Scan) -> list[RunPlan]:
    """Add the event files: to the run whose folder they lie in, else as runs of their own, one a folder."""
    owner_of = {folder: index for index, run in enumerate(runs) for folder in run.folders}
    holds_all_below = {folder for run in runs for folder in run.folders if _holds_all_below(run, folder)}
    plans = list(runs)
    holders: dict[Path, list[RunFile]] = {}
    notes: dict[Path, list[str]] = {}
    for path, folder in found.folders.items():
        events = [name for name in sorted(folder.files) if "tfevents" in name]
        if not events:
            continue
        is_part = path.name in _PARTS and path != folder.root and _OF_A_WHOLE_RUN.isdisjoint(folder.files)
        holder, prefix = (path.parent, f"{path.name}/") if is_part else (path, "")
        for name in events:
            if is_event_file(name):
                holders.setdefault(holder, []).append(RunFile(path / name, Kind.EVENTS, prefix))
            else:
                notes.setdefault(holder, []).append(f"{name} is no event file, by its name, and was passed over")
    for holder, files in holders.items():
        files.sort(key=lambda file: file.path)
        owner = owner_of.get(holder)
        if owner is None:
            owner = next((owner_of[above] for above in holder.parents if above in holds_all_below), None)
        if owner is None:
            plans.append(_event_plan(holder, files, found, tuple(notes.get(holder, ()))))
        else:
            plans[owner] = _added(plans[owner], files)
    return plans


def _holds_all_below(run: RunPlan, folder: Path) -> bool:
    """Say whether event files in any folder below are the run's: hyperparameters may get one of their own."""
    return run.source in _OURS or (run.source == "huggingface" and folder != run.path)


def _event_plan(holder: Path, files: list[RunFile], found: Scan, notes: tuple[str, ...]) -> RunPlan:
    folder = found.folders.get(holder) or found.folders[files[0].path.parent]
    relative = holder.relative_to(folder.root).as_posix() if holder.is_relative_to(folder.root) else "."
    folders = tuple(dict.fromkeys((holder, *(file.path.parent for file in files))))
    name = holder.name if relative == "." else relative
    return RunPlan(str(holder), name, holder, folders, holder, "tensorboard", tuple(files), notes=notes)


def _added(plan: RunPlan, files: list[RunFile]) -> RunPlan:
    return replace(plan, files=_ordered((*plan.files, *files)))


def _ordered(files: Iterable[RunFile]) -> tuple[RunFile, ...]:
    """Sort by exactness, then by name: those of event files begin with the time, those of folders with a month."""
    return tuple(sorted(files, key=lambda file: (file.kind.value, file.path.name, file.path)))
