"""Workbooks: every cell is the text or the number it was, and too long a table is refused in words."""

import pytest

from portal.core import spreadsheet
from portal.core.errors import Invalid
from portal.core.spreadsheet import workbook
from tests.factories.workbooks import rows_of


def test_texts_stay_texts_and_numbers_numbers() -> None:
    said = ["=1+1", "+48 600 100 200", "@SUM(A1)", "https://elsewhere.example/", "0042", "łąka", "a\x0bb", ""]
    made = rows_of(workbook("Title", ["text", "number"], [*([text, 1.5] for text in said), [None, 3]]))
    assert made[0] == ["text", "number"]
    texts = [row[0] for row in made[1:-1]]
    assert texts[:6] == said[:6]
    assert texts[-1] in (None, "")
    assert {row[1] for row in made[1:-1]} == {1.5}
    assert made[-1] == [None, 3.0]


def test_a_long_text_is_cut_where_the_format_ends() -> None:
    [_head, [text]] = rows_of(workbook("Title", ["text"], [["x" * 40_000]]))
    assert text == "x" * spreadsheet.CELL_MOST


def test_a_table_without_rows_has_its_head() -> None:
    assert rows_of(workbook("Title", ["text", "number"], [])) == [["text", "number"]]


def test_too_many_rows_are_refused_before_all_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "ROWS_MOST", 3)
    read = iter([[n] for n in range(100)])
    with pytest.raises(Invalid) as refused:
        workbook("Title", ["number"], read)
    assert "take the CSV file" in str(refused.value.reason)
    assert next(read) == [4]
    assert len(rows_of(workbook("Title", ["number"], [[1], [2], [3]]))) == 4
