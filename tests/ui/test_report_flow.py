from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.ui.report_flow import Block, pages_of, space, span, wrapped
from crackseg_desktop.ui.theme import load_fonts
from crackseg_desktop.ui.widgets.text import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QPainter
    from pytestqt.qtbot import QtBot

    from crackseg_desktop.ui.theme import Tokens


def nothing(painter: QPainter, rect: QRectF, tokens: Tokens) -> None:
    """Draw nothing."""


def block(text: str, height: float = 10, *, keeps: bool = False, again: Block | None = None) -> Block:
    return Block(height, nothing, text, keeps, again=again)


def told(pages: Sequence[Sequence[Block]]) -> list[list[str]]:
    return [[each.text for each in page] for page in pages]


def test_that_blocks_go_to_the_next_page_whole() -> None:
    assert told(pages_of([block("a", 60), block("b", 60), block("c", 40)], 100)) == [["a"], ["b", "c"]]


def test_that_a_head_is_not_left_alone_at_the_foot() -> None:
    blocks = [block("a", 70), block("head", 20, keeps=True), block("row", 20)]
    assert told(pages_of(blocks, 100)) == [["a"], ["head", "row"]]


def test_that_the_head_of_a_table_comes_again_on_its_next_page() -> None:
    head = block("head", keeps=True)
    rows = [block(f"{number}", 40, again=head) for number in range(4)]
    assert told(pages_of([head, *rows], 100)) == [["head", "0", "1"], ["head", "2", "3"]]


def test_that_no_page_begins_or_ends_with_room() -> None:
    blocks = [block("a", 90), space(20), block("b", 90), space(20)]
    assert told(pages_of(blocks, 100)) == [["a"], ["b"]]


def test_that_nothing_is_one_empty_page() -> None:
    assert pages_of([], 100) == [[]]


@given(st.lists(st.tuples(st.integers(1, 100), st.booleans(), st.booleans()), max_size=40))
def test_that_every_block_stands_on_one_page_in_order(made: list[tuple[int, bool, bool]]) -> None:
    blocks = [
        space(height) if is_space else block(f"{number}", height, keeps=keeps)
        for number, (height, keeps, is_space) in enumerate(made)
    ]
    pages = pages_of(blocks, 300)
    assert [each for page in told(pages) for each in page if each] == [each.text for each in blocks if each.text]


@given(st.lists(st.tuples(st.integers(1, 90), st.booleans()), max_size=40))
def test_that_no_page_overflows(made: list[tuple[int, bool]]) -> None:
    head = block("head", 10)
    blocks = [block(f"{number}", height, again=head if again else None) for number, (height, again) in enumerate(made)]
    assert all(sum(each.height for each in page) <= 100 for page in pages_of(blocks, 100))


@pytest.mark.parametrize("text", ["", "one", "a longer sentence of several words " * 3, "/a/path/without/any/end" * 20])
def test_that_lines_fit_and_lose_nothing_but_what_is_too_much(qtbot: QtBot, text: str) -> None:
    load_fonts()
    lines = wrapped(text, 200)
    measure = metrics("label", plain=True)
    assert len(lines) <= 6
    assert all(measure.horizontalAdvance(line.removesuffix(" …")) <= 200 for line in lines)
    if len(lines) < 6:
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_that_a_text_of_others_is_one_line_that_steers_nothing(qtbot: QtBot) -> None:
    load_fonts()
    assert span("two\nlines\x1b[31m").text == r"two lines\x1b[31m"
