"""Which process writes which run."""

from __future__ import annotations

from dataclasses import replace

from crackseg_desktop.insight.linking import link
from crackseg_desktop.readings import Ending, ProcessReading, RunFacts


def run(name: str, started: float, path: str = "/crackseg/artifacts/a", files: tuple[str, ...] = ()) -> RunFacts:
    return RunFacts(name, name, path, (path,), "crackseg", started=started, files=files)


def process(pid: int, started: float, folder: str | None = "/crackseg", files: tuple[str, ...] = ()) -> ProcessReading:
    return ProcessReading(pid, started, ("python", "run.py"), folder, files)


def test_that_an_open_file_is_proof() -> None:
    runs = [run("old", 100, files=("/a/main.log",)), run("new", 200, files=("/b/main.log",))]
    processes = [process(1, 90, "/elsewhere", ("/a/main.log",)), process(2, 190, "/elsewhere", ("/b/main.log",))]
    assert link(runs, processes) == {"old": 1, "new": 2}


def test_that_a_log_shared_by_several_runs_belongs_to_the_newest() -> None:
    runs = [run("old", 100, files=("/shared.log",)), run("new", 200, files=("/shared.log",))]
    assert link(runs, [process(1, 190, "/elsewhere", ("/shared.log",))]) == {"new": 1}


def test_that_a_run_older_than_the_process_is_not_its_own() -> None:
    assert link([run("old", 100)], [process(1, 5000)]) == {}


def test_that_the_working_folder_links_the_newest_run_below_it() -> None:
    runs = [run("old", 100), run("new", 200), run("other", 300, "/crackseg-2/artifacts/b")]
    assert link(runs, [process(1, 95)]) == {"new": 1}


def test_that_two_processes_of_one_folder_get_a_run_each() -> None:
    assert link([run("a", 100), run("b", 200)], [process(1, 99), process(2, 199)]) == {"b": 2, "a": 1}


def test_that_a_run_that_says_it_ended_is_not_guessed_to_be_alive() -> None:
    ended = RunFacts("e", "e", "/crackseg/artifacts/e", (), "crackseg", started=100, ending=Ending("completed"))
    assert link([ended], [process(1, 99)]) == {}
    assert link([replace(ended, files=("/e.log",))], [process(1, 99, files=("/e.log",))]) == {"e": 1}


def test_that_a_resumed_run_is_linked_by_a_file_that_is_its_own() -> None:
    runs = [run("resumed", 100, files=("/a/main.log", "/shared.log")), run("other", 50, files=("/shared.log",))]
    assert link(runs, [process(1, 5000, "/elsewhere", ("/a/main.log",))]) == {"resumed": 1}
    assert link(runs, [process(1, 5000, "/elsewhere", ("/shared.log",))]) == {}
