"""XLSX files that staff open: every cell is text, and no spreadsheet program runs one as a formula."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from knowledge_base.errors import ExportError
from knowledge_base.tabular import FORMULA_STARTS

MAX_CELL = 32_767  # Excel's limit
WIDTHS = {"标题": 40, "答案": 60, "相似问": 40, "title": 40, "answer": 60, "similar_questions": 40, "问题": 50, "结果": 12}
_HEAD = PatternFill("solid", fgColor="E8F0FA")


def write_sheet(file: Path, name: str, columns: Sequence[str], rows: Iterable[Sequence[str]], notes: Sequence[str] = ()) -> None:
    """Write one sheet with a fixed first row; `notes` go on a second sheet.

    Raises:
        ExportError: a text is longer than a cell may be.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    for number, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = WIDTHS.get(column, 18)
    head = [_cell(sheet, column) for column in columns]
    for cell in head:
        cell.font, cell.fill = Font(bold=True), _HEAD
    sheet.append(head)
    for row in rows:
        for column, text in zip(columns, row, strict=True):
            if len(text) > MAX_CELL:
                raise ExportError(f"“{row[0]}”一行的“{column}”超过表格单元格的上限。", fix="改为导出 .jsonl。")
        sheet.append([_cell(sheet, text) for text in row])
    if notes:
        page = book.create_sheet("填写说明")
        page.column_dimensions["A"].width = 110
        for line in notes:
            cell = _cell(page, line)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            page.append([cell])
    book.save(file)


def _cell(sheet: Any, text: str) -> Cell:
    cell: Cell = WriteOnlyCell(sheet, text or None)
    if text:
        cell.data_type = "s"  # always text, never a formula
        # a program that reads the text anew, after an edit for example, keeps it a text
        cell.quotePrefix = text.startswith(FORMULA_STARTS)
    return cell
