from __future__ import annotations

import codecs
from array import array
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crackseg_desktop.training.formats.error_log import parse_error_log
from crackseg_desktop.training.formats.hydra_log import HydraLog, SharedLog
from crackseg_desktop.training.formats.metrics_jsonl import MetricsJsonl
from crackseg_desktop.training.formats.run_config import epochs_of_json, epochs_of_yaml, parse_experiment_info
from crackseg_desktop.training.formats.summary_json import parse_summary
from crackseg_desktop.training.formats.validation_jsonl import ValidationJsonl

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.training.formats.base import LineParser

PARSERS = [MetricsJsonl, ValidationJsonl, HydraLog, SharedLog]
FRAGMENTS = st.sampled_from(
    [
        b'{"name": "val_loss", "value": NaN, "step": 3}\n',
        b'{"epoch": 1, "metrics": {"val_iou": 0.5}}\n',
        b"[2026-11-23 13:12:50,047][a][ERROR] - [1] lr: 0.5\n",
        b"[2026-11-23 13:12:50,047][a][INFO] - === Epoch 9 Summary ===\n",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\r\n",
        b'{"epoch": 1e999, "step": -5, "timestamp": "9999-99-99"}',
        b"[2026-11-23 13:12:50,047][a][INFO] - [" + b"9" * 5000 + b"] lr: 1\n",
        b"[9999-99-99 99:99:99,999][a][INFO] - Epoch 99999999999999999999: val_loss: 1\n",
    ]
)
NOISE = st.lists(FRAGMENTS | st.binary(max_size=40), max_size=20).map(b"".join)


@pytest.mark.parametrize("make_parser", PARSERS)
@given(data=NOISE, cut=st.integers(0, 400))
@example(data=codecs.BOM_UTF8 * 2 + b'{"epoch": 1, "metrics": {"val_iou": 0.5}}\n\x80\n', cut=48)
@settings(max_examples=150, deadline=None)
def test_that_no_bytes_make_a_parser_fail_and_portions_make_no_difference(
    make_parser: Callable[[], LineParser], data: bytes, cut: int
) -> None:
    whole, halves = make_parser(), make_parser()
    used = whole.feed(data, 1.0)
    first = halves.feed(data[:cut], 1.0)
    assert first + halves.feed(data[first:], 1.0) == used
    points = whole.take()
    assert repr(halves.take()) == repr(points)
    array("q", [point.step for point in points])


@pytest.mark.parametrize(
    "parse",
    [
        parse_summary,
        parse_experiment_info,
        epochs_of_json,
        lambda data: epochs_of_yaml(data.decode("utf-8", "replace")),
        lambda data: parse_error_log(data.decode("utf-8", "replace")),
    ],
)
@given(data=NOISE)
@settings(max_examples=100, deadline=None)
def test_that_no_bytes_make_a_document_fail(parse: Callable[[bytes], Any], data: bytes) -> None:
    parse(data)
