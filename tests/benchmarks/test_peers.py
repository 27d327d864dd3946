from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.peers import (
    FOLLOWING,
    HIDDEN,
    INSTALLED_BY,
    WINDOW,
    Cost,
    Look,
    cost_between,
    cpu_seconds,
    judged,
    median_cost,
    missing_peers,
    table,
)

if TYPE_CHECKING:
    import pytest


def costs(hidden: float, window: float, **peers: float) -> dict[str, Cost]:
    shares = {HIDDEN: hidden, FOLLOWING: 0.009, WINDOW: window} | peers
    return {name: Cost(share, 90_000_000, 100_000_000) for name, share in shares.items()}


def test_that_the_time_of_a_child_counts_once_before_and_after_it_ends() -> None:
    parent, child = (2.0, 1.0, 0.25, 0.25), (0.5, 0.125, 0.0, 0.0)
    inherited = (2.0, 1.0, 0.25 + 0.5, 0.25 + 0.125)
    assert cpu_seconds([parent, child]) == cpu_seconds([inherited]) == 4.125


def test_that_a_share_is_of_the_time_between_two_looks() -> None:
    assert cost_between(Look(10.0, 5_000), Look(10.5, 6_000), 50.0) == Cost(0.01, 5_000, 6_000)


def test_that_each_figure_has_its_own_median() -> None:
    rounds = [Cost(0.01, 300, 100), Cost(0.5, 100, 200), Cost(0.02, 200, 300)]
    assert median_cost(rounds) == Cost(0.02, 200, 200)
    assert median_cost([Cost(0.01, 100, 100), Cost(0.03, 100, 200)]) == Cost(0.02, 100, 150)


def test_that_the_goals_are_judged_one_by_one() -> None:
    met = judged(costs(0.006, 0.02, nvitop=0.005, glances=0.04))
    assert list(met.values()) == [True, True, True, False, True]
    assert list(judged(costs(0.011, 0.03)).values()) == [False, True, False]


def test_that_as_much_as_another_is_not_less() -> None:
    assert not judged(costs(0.006, 0.02, btop=0.006))["hidden less CPU than btop"]


def test_that_what_is_not_installed_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None if name == "glances" else f"/usr/bin/{name}")
    assert missing_peers() == {"glances": INSTALLED_BY["glances"]}


def test_that_a_line_has_share_and_memory_before_and_after() -> None:
    line = table(costs(0.0062, 0.02))[1]
    assert line.startswith(HIDDEN)
    assert line.split()[-5:] == ["0.62%", "90.0", "MB", "100.0", "MB"]
