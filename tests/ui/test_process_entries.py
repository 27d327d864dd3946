from __future__ import annotations

from tests.ui.process_story import MIB, linked, row, table

from crackseg_desktop.insight.processes import Column
from crackseg_desktop.ui.pages.process_cells import cell, command
from crackseg_desktop.ui.pages.process_entries import Beside, Entry, Order, busiest, entries
from crackseg_desktop.ui.pages.run_links import candidates, evidence_words, process_words

BESIDE = Beside({48213: 6000 * MIB, 2210: 300 * MIB}, {48213: 0.9}, {48213: linked()}, 0.0)


def pids(found: list[Entry]) -> list[int]:
    return [entry.row.pid for entry in found]


def test_that_the_busiest_are_told_with_their_workers_folded_below_them() -> None:
    found = busiest(table())
    assert pids(found) == [48213, 48214, 3987, 2210, 900]
    assert [(entry.depth, len(entry.workers)) for entry in found[:3]] == [(0, 0), (1, 2), (0, 0)]
    assert (found[1].total(Column.CPU), found[1].total(Column.MEMORY)) == (1.6, 1400 * MIB)


def test_that_a_list_is_sorted_also_by_what_is_of_the_gpu() -> None:
    assert pids(entries(table(), Order(), BESIDE))[:3] == [48213, 48215, 48214]
    assert pids(entries(table(), Order(Column.GPU_MEMORY), BESIDE))[:2] == [48213, 2210]
    assert pids(entries(table(), Order(Column.SM), BESIDE))[0] == 48213
    assert pids(entries(table(), Order(Column.READ), BESIDE))[:2] == [48215, 48214]
    assert pids(entries(table(), Order(Column.PID, descending=False), BESIDE))[0] == 900


def test_that_a_search_looks_at_all_words() -> None:
    assert pids(entries(table(), Order(search="epochs 48214"), BESIDE)) == [48214]


def test_that_a_tree_folds_workers_until_a_person_wants_them() -> None:
    order = Order(as_tree=True)
    folded = entries(table(), order, BESIDE)
    assert pids(folded) == [2210, 3987, 900, 4000, 48213, 48214]
    assert [entry.depth for entry in folded] == [0, 1, 0, 0, 1, 2]
    unfolded = entries(table(), Order(as_tree=True, unfolded=frozenset({48213})), BESIDE)
    assert pids(unfolded) == [2210, 3987, 900, 4000, 48213, 48215, 48214]


def test_that_cells_name_the_run_and_sum_up_workers() -> None:
    main, workers = Entry(table()[4]), Entry(table()[5], 1, table()[5:])
    assert cell(main, Column.NAME, BESIDE).text == "python run.py swinv2-crack500-360"
    assert cell(workers, Column.NAME, BESIDE).text.endswith("2 data loaders")
    assert cell(workers, Column.READ, BESIDE).text == "22.0 MiB/s"
    assert cell(main, Column.GPU_MEMORY, BESIDE).text == "5.9 GiB"
    assert cell(workers, Column.GPU_MEMORY, BESIDE).text == "–"


def test_that_a_command_is_written_without_folders_and_options() -> None:
    assert command(row(1, 0, ("/opt/bin/python3.11", "-u", "/x/train.py", "a"))) == "python3.11 train.py"
    assert command(row(1, 0, ("/usr/bin/postgres", "-D", "/x"))) == "postgres"


def test_that_a_link_tells_how_sure_it_is_and_why() -> None:
    assert process_words(linked()) == "PID 48213, certain"
    assert evidence_words(linked()) == "PID 48213, certain: it holds metrics.jsonl of the run open"
    assert process_words(linked(pinned=True)) == "PID 48213, pinned"


def test_that_candidates_are_the_trainings_with_the_one_that_is_linked() -> None:
    from tests.ui import story

    (found,) = candidates(linked(), story.sample().processes)
    assert (found.pid, found.words, found.is_linked) == (48213, "PID 48213  python run.py  in crackseg", True)
