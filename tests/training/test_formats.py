from __future__ import annotations

import codecs
from array import array
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from crackseg_desktop.training.formats.base import LONGEST_LINE, Clues, as_step
from crackseg_desktop.training.formats.csv_table import CsvTable
from crackseg_desktop.training.formats.detectron2_json import Detectron2Json
from crackseg_desktop.training.formats.error_log import parse_error_log
from crackseg_desktop.training.formats.hydra_log import HydraLog, SharedLog
from crackseg_desktop.training.formats.json_rows import JsonRows
from crackseg_desktop.training.formats.lightning_csv import LightningCsv
from crackseg_desktop.training.formats.metrics_jsonl import MetricsJsonl
from crackseg_desktop.training.formats.mmengine_json import MmcvJson, MmengineJson
from crackseg_desktop.training.formats.mmengine_log import MmengineLog
from crackseg_desktop.training.formats.run_config import (
    config_of_framework,
    config_of_json,
    config_of_yaml,
    parse_experiment_info,
)
from crackseg_desktop.training.formats.summary_json import parse_summary
from crackseg_desktop.training.formats.text_log import TextLog
from crackseg_desktop.training.formats.trainer_state import parse_trainer_state
from crackseg_desktop.training.formats.validation_jsonl import ValidationJsonl

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.training.formats.base import LineParser

PARSERS = [
    MetricsJsonl,
    ValidationJsonl,
    HydraLog,
    SharedLog,
    CsvTable,
    LightningCsv,
    JsonRows,
    Detectron2Json,
    MmengineJson,
    MmcvJson,
    MmengineLog,
    TextLog,
]
FRAGMENTS = st.sampled_from(
    [
        b'{"name": "val_loss", "value": NaN, "step": 3}\n',
        b'{"epoch": 1, "metrics": {"val_iou": 0.5}}\n',
        b"[2026-11-23 13:12:50,047][a][ERROR] - [1] lr: 0.5\n",
        b"[2026-11-23 13:12:50,047][a][INFO] - === Epoch 9 Summary ===\n",
        b"epoch,step,loss\n1,2,0.5\n",
        b"epoch;loss\r\n1;0,5\r\n",
        b'{"iteration": 1, "total_loss": NaN}\n',
        b'{"mode": "train", "epoch": 1, "iter": 2, "loss": 0.5}\n',
        b"Iter(train) [1/9]  loss: 0.5\n",
        b"Epoch(val) [" + b"9" * 400 + b"][1/1]  mIoU: 5.0\n",
        b"Epoch " + b"9" * 3000 + b"/3: loss: 0.5 acc 70%\r",
        b"Epoch 3/7 [2/8] val loss=1e999\r\n",
        "第 epoch 3: 损失 loss: 0.5\n".encode("gb18030"),
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
    # An object at the end of a file is taken without waiting for its line end; then nothing may follow but that.
    assume(not data[:cut].endswith(b"}") or data[cut : cut + 1] in (b"", b"\n"))
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
        config_of_json,
        lambda data: config_of_yaml(data.decode("utf-8", "replace")),
        lambda data: parse_trainer_state(data, Clues(), 1.0),
        lambda data: config_of_framework(data.decode("utf-8", "replace")),
        lambda data: parse_error_log(data.decode("utf-8", "replace")),
    ],
)
@given(data=NOISE)
@settings(max_examples=100, deadline=None)
def test_that_no_bytes_make_a_document_fail(parse: Callable[[bytes], Any], data: bytes) -> None:
    parse(data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_that_a_log_is_read_in_any_encoding(encoding: str, end: str) -> None:
    text = f"训练开始，共两个周期{end}第一个周期 Epoch 1/2, 验证 val loss: 0.75{end}Epoch 2/2, val loss: 0.5{end}"
    parser = TextLog()
    data = text.encode(encoding)
    assert parser.feed(data, 1.0) == len(data)
    assert [(point.step, point.value) for point in parser.take()] == [(1, 0.75), (2, 0.5)]


def test_that_letters_with_accents_are_not_taken_for_chinese() -> None:
    parser = MetricsJsonl()
    names = ["größe", "für 25°C", "naïve", "été"]
    for name in names:
        parser.feed(f'{{"name": "{name}", "value": 1, "step": 1}}\n'.encode("cp1252"), 1.0)
    assert [point.tag for point in parser.take()] == names


def test_that_the_rest_of_a_line_too_long_is_no_line() -> None:
    parser = CsvTable()
    head = b"epoch,loss\n1,0.5\n"
    assert parser.feed(head, 1.0) == len(head)
    junk = b"9," * (1 << 19)
    assert parser.feed(junk, 1.0) == len(junk)
    parser.feed(b"7,0.7\n2,0.25\n", 1.0)
    assert [(point.step, point.value) for point in parser.take()] == [(1, 0.5), (2, 0.25)]
    assert parser.clues.notes


@pytest.mark.parametrize("length", [1, 5000, (1 << 20) + 1, 3 << 20])
def test_that_nuls_before_a_line_do_not_hide_it(length: int) -> None:
    parser, data, used = TextLog(), b"Epoch 1: loss: 0.5\n" + bytes(length) + b"Epoch 2: loss: 0.25\n", 0
    while portion := data[used : used + LONGEST_LINE]:
        used += parser.feed(portion, 1.0)
    assert [(point.step, point.value) for point in parser.take()] == [(1, 0.5), (2, 0.25)]
    assert parser.clues.notes == []


@pytest.mark.parametrize(
    ("value", "step"),
    [
        ("9007199254740993", 9007199254740993),
        (" +9223372036854775807 ", 2**63 - 1),
        ("9223372036854775808", None),
        (2**63 - 1, 2**63 - 1),
        ("9" * 5000, None),
        ("1e3", 1000),
        ("7.0", 7),
        ("-7", -7),
        ("1_0", None),
        (True, None),
    ],
)
def test_that_a_step_is_exact(value: object, step: int | None) -> None:
    assert as_step(value) == step
