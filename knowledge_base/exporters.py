"""Entries to JSONL, CSV or XLSX in the generic entry format; importing the file gives the same contents."""

import csv
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

from knowledge_base.content import EntryContent
from knowledge_base.entries import EntryStore
from knowledge_base.errors import ExportError
from knowledge_base.tabular import ATTRIBUTES, COLUMNS, flatten, guard_formula

XLSX_MAX_CELL = 32_767  # Excel's limit
Selection = Literal["live", "newest"]


def export(store: EntryStore, file: Path, selection: Selection = "live") -> int:
    """Write the live version of every live entry, or the newest version of every entry; returns how many.

    Raises:
        ExportError: unknown format, unwritable file, or a text too long for a table cell. No half file is left.
    """
    suffix = file.suffix.lower()
    if suffix not in {".jsonl", ".csv", ".xlsx"}:
        raise ExportError(f"不支持导出为 {file.name}。", fix="文件名以 .jsonl、.csv 或 .xlsx 结尾。")
    part = file.with_name(f"{file.stem}.part{suffix}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        contents = store.contents(selection)
        count = _jsonl(contents, part) if suffix == ".jsonl" else _table(list(contents), part)
        part.replace(file)
    except OSError as exc:
        raise ExportError(f"写不了 {file}：{exc.strerror or exc}。", fix="检查目录权限和剩余空间。") from exc
    finally:
        with suppress(OSError):
            part.unlink()
    return count


def _jsonl(contents: Iterator[EntryContent], file: Path) -> int:
    count = 0
    with file.open("w", encoding="utf-8", newline="\n") as lines:
        for content in contents:
            lines.write(json.dumps(content.to_dict(), ensure_ascii=False) + "\n")
            count += 1
    return count


def _table(contents: list[EntryContent], file: Path) -> int:
    rows = [flatten(content) for content in contents]
    attributes = sorted({name for row in rows for name in row if name.startswith(ATTRIBUTES)})
    columns = [*COLUMNS, *attributes]
    if file.suffix.lower() == ".csv":
        with file.open("w", encoding="utf-8-sig", newline="") as target:  # the mark tells Excel that it is UTF-8
            writer = csv.writer(target)
            writer.writerow(columns)
            writer.writerows([guard_formula(row.get(column, "")) for column in columns] for row in rows)
    else:
        _xlsx(columns, rows, file)
    return len(rows)


def _xlsx(columns: list[str], rows: list[dict[str, str]], file: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("知识条目")
    sheet.freeze_panes = "A2"
    for row in [dict(zip(columns, columns, strict=True)), *rows]:
        cells = []
        for column in columns:
            text = row.get(column, "")
            if len(text) > XLSX_MAX_CELL:
                raise ExportError(f"“{row.get('title')}”的 {column} 超过表格单元格的上限。", fix="改为导出 .jsonl。")
            cell = WriteOnlyCell(sheet, text or None)
            if text:
                cell.data_type = "s"  # always text, never a formula
            cells.append(cell)
        sheet.append(cells)
    book.save(file)
