"""Which process writes which run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.insight.linking import link, with_gpus
from crackseg_desktop.readings import Confidence, Ending, GpuProcess, GpuReading, Link, ProcessReading, RunFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def run(name: str, started: float, path: str = "/crackseg/artifacts/a", files: tuple[str, ...] = ()) -> RunFacts:
    return RunFacts(name, name, path, (path,), "crackseg", started=started, files=files)


def process(pid: int, started: float, folder: str | None = "/crackseg", files: tuple[str, ...] = ()) -> ProcessReading:
    return ProcessReading(pid, started, ("python", "run.py"), folder, files)


def pids(
    runs: Iterable[RunFacts], processes: Sequence[ProcessReading], hostname: str = "", **more: Any
) -> dict[str, int]:
    return {name: found.pid for name, found in link(runs, processes, hostname, **more).items()}


def only(run: RunFacts, *processes: ProcessReading, hostname: str = "", **more: Any) -> Link:
    (found,) = link([run], processes, hostname, **more).values()
    return found


def test_that_an_open_file_is_proof() -> None:
    runs = [run("old", 100, files=("/a/main.log",)), run("new", 200, files=("/b/main.log",))]
    processes = [process(1, 90, "/elsewhere", ("/a/main.log",)), process(2, 190, "/elsewhere", ("/b/main.log",))]
    assert pids(runs, processes) == {"old": 1, "new": 2}


def test_that_a_log_shared_by_several_runs_belongs_to_the_newest() -> None:
    runs = [run("old", 100, files=("/shared.log",)), run("new", 200, files=("/shared.log",))]
    assert pids(runs, [process(1, 190, "/elsewhere", ("/shared.log",))]) == {"new": 1}


def test_that_a_run_older_than_the_process_is_not_its_own() -> None:
    assert pids([run("old", 100)], [process(1, 5000)]) == {}


def test_that_the_working_folder_links_the_newest_run_below_it() -> None:
    runs = [run("old", 100), run("new", 200), run("other", 300, "/crackseg-2/artifacts/b")]
    assert pids(runs, [process(1, 95)]) == {"new": 1}


def test_that_two_processes_of_one_folder_get_a_run_each() -> None:
    assert pids([run("a", 100), run("b", 200)], [process(1, 99), process(2, 199)]) == {"b": 2, "a": 1}


def test_that_a_run_that_says_it_ended_is_not_guessed_to_be_alive() -> None:
    ended = RunFacts("e", "e", "/crackseg/artifacts/e", (), "crackseg", started=100, ending=Ending("completed"))
    assert pids([ended], [process(1, 99)]) == {}
    assert pids([replace(ended, files=("/e.log",))], [process(1, 99, files=("/e.log",))]) == {"e": 1}


def test_that_a_resumed_run_is_linked_by_a_file_that_is_its_own() -> None:
    runs = [run("resumed", 100, files=("/a/main.log", "/shared.log")), run("other", 50, files=("/shared.log",))]
    assert pids(runs, [process(1, 5000, "/elsewhere", ("/a/main.log",))]) == {"resumed": 1}
    assert pids(runs, [process(1, 5000, "/elsewhere", ("/shared.log",))]) == {}


def test_that_a_file_of_its_own_makes_certain_and_a_shared_one_likely() -> None:
    own = only(run("a", 100, files=("/a/main.log",)), process(1, 90, "/elsewhere", ("/a/main.log",)))
    assert (own.pid, own.started, own.confidence) == (1, 90, Confidence.CERTAIN)
    assert own.evidence == "It holds main.log of the run open."
    runs = [run("old", 100, files=("/shared.log",)), run("new", 200, files=("/shared.log",))]
    shared = link(runs, [process(1, 190, "/elsewhere", ("/shared.log",))])["new"]
    assert shared.confidence == Confidence.LIKELY
    assert shared.evidence == "It holds shared.log open, to which several runs write."


@pytest.mark.parametrize(("began", "confidence"), [(100, Confidence.LIKELY), (9000, Confidence.WEAK)])
def test_that_a_folder_is_weak_unless_the_run_began_soon_after(began: float, confidence: Confidence) -> None:
    found = only(run("a", began), process(1, 95))
    assert found.confidence == confidence
    assert found.evidence.startswith("It works in /crackseg, above the run, and the run began ")


def written(host: str = "box", pid: int = 7, **known: Any) -> RunFacts:
    facts = {"started": 100.0, "updated": 5000.0} | known
    return RunFacts("a", "a", "/runs/a", ("/runs/a",), "tensorboard", writer=(host, pid), **facts)


def test_that_host_and_pid_of_the_event_file_link() -> None:
    found = only(written(), process(7, 90, "/elsewhere"), hostname="box.lab.example")
    assert found.confidence == Confidence.LIKELY
    assert found.evidence == "The name of the event file tells this machine and its PID."
    twice = only(written(), process(7, 90, "/runs"), hostname="BOX")
    assert twice.confidence == Confidence.CERTAIN
    assert "It works in /runs" in twice.evidence


def test_that_a_resumed_run_is_linked_to_the_one_that_writes_it_now() -> None:
    assert pids([written(updated=5000.0)], [process(7, 4000, "/elsewhere")], "box") == {"a": 7}


def test_that_a_pid_that_another_process_got_since_is_no_link() -> None:
    assert pids([written(updated=5000.0)], [process(7, 5010, "/runs")], "box") == {}


def test_that_the_pid_of_another_host_is_never_linked() -> None:
    assert pids([written("other")], [process(7, 90, "/runs")], "box") == {}
    held = replace(written("other"), files=("/runs/a/events",))
    assert only(held, process(9, 90, "/", ("/runs/a/events",)), hostname="box").confidence == Confidence.CERTAIN


def test_that_a_run_that_another_process_wrote_is_not_guessed_to_be_this_one_s() -> None:
    assert pids([written(pid=8)], [process(7, 90, "/runs")], "box") == {}


@pytest.mark.parametrize(
    ("words", "evidence"),
    [
        ("--output_dir out/unet", "Its command line names the folder of the run."),
        ("--logdir=/data/out", "Its command line names the folder of the run."),
        ("hydra.run.dir=out/unet", "Its command line names the folder of the run."),
        ("--config configs/unet.yaml", "Its command line names the run."),
        ("name=unet", "Its command line names the run."),
    ],
)
def test_that_a_command_line_can_name_the_run(words: str, evidence: str) -> None:
    facts = RunFacts("u", "unet", "/data/out/unet", ("/data/out/unet",), "tensorboard", started=100)
    training = ProcessReading(5, 99, ("python", "train.py", *words.split(" ")), "/data")
    other = ProcessReading(6, 99.5, ("python", "train.py"), "/data")
    found = only(facts, other, training)
    assert found.pid == 5
    assert found.confidence == Confidence.LIKELY
    assert found.evidence.startswith(evidence)


def test_that_what_is_read_from_above_the_run_does_not_name_it() -> None:
    facts = RunFacts("u", "unet", "/data/out/unet", ("/data/out/unet",), "tensorboard", started=100)
    assert pids([facts], [ProcessReading(5, 99, ("python", "train.py", "--images", "/data"), "/home")]) == {}


def test_that_a_pin_wins_as_long_as_that_process_lives() -> None:
    a, b = process(1, 90, "/x", ("/a.log",)), process(2, 95, "/elsewhere")
    facts = run("r", 100, files=("/a.log",))
    found = only(facts, a, b, pins={"r": (2, 95.5)})
    assert (found.pid, found.pinned, found.confidence, found.evidence) == (
        2,
        True,
        Confidence.CERTAIN,
        "Pinned by hand.",
    )
    assert not only(facts, a, b, pins={"r": (2, 5000.0)}).pinned
    assert only(facts, a, pins={"r": (2, 95.5)}).pid == 1


def test_that_a_pinned_process_is_given_to_no_other_run() -> None:
    runs = [run("r", 100), run("s", 200, files=("/a.log",))]
    assert pids(runs, [process(1, 90, "/", ("/a.log",))], pins={"r": (1, 90.0)}) == {"r": 1}


def test_that_the_ranks_of_one_launcher_share_a_run_the_writer_first() -> None:
    ranks = [replace(process(pid, 90 + pid / 10), launcher=9, children=(pid * 100,)) for pid in (1, 2, 3)]
    ranks[1] = replace(ranks[1], open_files=("/a.log",))
    runs = [run("r", 100, files=("/a.log",)), run("older", 95)]
    links = link(runs, ranks)
    assert links["r"].pids == (2, 1, 3, 200, 100, 300)
    assert set(links) == {"r"}


def test_that_trials_of_one_launcher_have_a_run_each() -> None:
    trials = [replace(process(pid, 90, files=(f"/{pid}.log",)), launcher=9) for pid in (1, 2)]
    links = link([run("a", 100, files=("/1.log",)), run("b", 101, files=("/2.log",))], trials)
    assert {name: found.pids for name, found in links.items()} == {"a": (1,), "b": (2,)}


def test_that_of_ranks_without_open_files_the_first_leads() -> None:
    ranks = [replace(process(pid, 90 + pid / 10), launcher=9) for pid in (1, 2)]
    assert link([run("r", 100)], ranks)["r"].pids == (1, 2)


def test_that_processes_of_several_launchers_stay_apart() -> None:
    processes = [replace(process(1, 99), launcher=8), replace(process(2, 199), launcher=9)]
    assert pids([run("a", 100), run("b", 200)], processes) == {"b": 2, "a": 1}


def test_that_the_gpus_of_all_its_processes_are_the_run_s() -> None:
    found = Link(1, 90, Confidence.CERTAIN, "", pids=(1, 100))
    gpus = [
        GpuReading({}, {}, uuid=uuid, processes=(GpuProcess(pid, 5, "compute"),))
        for uuid, pid in (("A", 100), ("B", 2))
    ]
    assert with_gpus(found, gpus).gpus == ("A",)
    assert with_gpus(found, []) is found


names = st.sampled_from(["a", "b", "c"])
some_runs = st.lists(
    st.builds(
        run,
        st.uuids().map(str),
        st.floats(0, 500),
        names.map(lambda name: f"/crackseg/{name}"),
        st.lists(names, max_size=2).map(tuple),
    ),
    max_size=6,
)
some_processes = st.lists(
    st.builds(process, st.integers(2, 40), st.floats(0, 500), st.just("/crackseg"), st.lists(names).map(tuple)),
    max_size=6,
    unique_by=lambda process: process.pid,
)


@given(some_runs, some_processes)
def test_that_no_process_has_two_runs_and_every_link_says_why(
    runs: list[RunFacts], processes: list[ProcessReading]
) -> None:
    links = link(runs, processes, "box")
    assert len({found.pid for found in links.values()}) == len(links)
    assert {found.pid for found in links.values()} <= {process.pid for process in processes}
    assert all(found.evidence and found.pids[0] == found.pid for found in links.values())
