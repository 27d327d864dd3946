"""Whatever the files of trainings and the alert log tell, there is a report, and it is whole."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from array import array

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reports.story import DAY, ZONE, FakePast, alert, at, fill_machine

from crackseg_desktop.curves import Curve, Curves
from crackseg_desktop.readings import AlertState, Best, Checkpoint, Ending, Run, RunConfig, RunFacts, RunState
from crackseg_desktop.reports import charts
from crackseg_desktop.reports.collect import Sources, collect
from crackseg_desktop.reports.html import render_html
from crackseg_desktop.reports.markdown import render_markdown
from crackseg_desktop.reports.period import day_of, week_of

NOON = at("12:00")
TIMES = st.one_of(st.none(), st.floats(NOON - 90_000, NOON + 90_000), st.sampled_from([0.0, -1e18, 1e18, float("inf")]))
ANY = st.floats(allow_nan=True, allow_infinity=True)
EPOCHS = st.one_of(st.none(), st.integers(0, 10**6))
TEXT = st.text(max_size=30)
PAST = FakePast(period=600.0)
fill_machine(PAST, at("00:00"), at("02:00"), [])


@st.composite
def runs(draw: st.DrawFn) -> Run:
    kind = draw(st.sampled_from(["completed", "error", "out_of_memory", "dataset_error", "disk_full", "closed"]))
    facts = RunFacts(
        id=draw(st.text("0123456789abcdef", min_size=10, max_size=10)),
        name=draw(TEXT),
        path="",
        folders=(),
        source="x",
        started=draw(TIMES),
        updated=draw(TIMES),
        epoch=draw(EPOCHS),
        total_epochs=draw(EPOCHS),
        ending=draw(st.one_of(st.none(), st.just(Ending(kind, "x", draw(TIMES))))),  # type: ignore[arg-type]
        config=draw(st.one_of(st.none(), st.builds(RunConfig, EPOCHS, EPOCHS, ANY, TEXT, TEXT))),
        checkpoints=tuple(
            Checkpoint(draw(TEXT), draw(st.integers(0, 10**12)), NOON, None) for _ in range(draw(st.integers(0, 6)))
        ),
    )
    return Run(
        facts,
        draw(st.sampled_from(list(RunState))),
        draw(st.one_of(st.none(), TEXT)),
        (),
        draw(st.one_of(st.none(), ANY)),
        draw(st.one_of(st.none(), ANY)),
        {"val/iou": Best(draw(ANY), 1, 1)},
    )


@st.composite
def curves(draw: st.DrawFn) -> Curves:
    curve = Curve("val/iou", "val/iou", "epoch")
    loss = Curve("val/loss", "val/loss", "epoch")
    for step in range(draw(st.integers(0, 6))):
        for item in (curve, loss):
            item.steps = array("q", (*item.steps, step))
            item.wall_times.append(draw(st.floats(NOON - 90_000, NOON + 90_000)))
            item.values.append(draw(ANY))
    return {"val/iou": curve, "val/loss": loss}


@settings(max_examples=25, deadline=None)
@given(st.lists(runs(), max_size=6, unique_by=lambda run: run.id), curves(), TEXT, st.booleans())
def test_that_there_is_a_report_of_anything(found: list[Run], told: Curves, text: str, weekly: bool) -> None:
    period = (week_of if weekly else day_of)(DAY, ZONE, at("13:00"))
    changes = [
        alert("made_up", text, text, {"mount": text}, NOON + 60 * index, text, note=text, state=state, summary=text)
        for index, state in enumerate(AlertState)
    ]
    report = collect(period, Sources(PAST, found, lambda run: told, changes, hostname=text))
    assert render_html(report).endswith("</html>\n")
    assert render_markdown(report).endswith("\n")
    for draw in (charts.timeline, charts.health, charts.best_by_run, charts.curves):
        ET.fromstring(draw(report))
