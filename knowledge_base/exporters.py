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
from knowledge_base.importers.profiles import chinese_columns
from knowledge_base.spreadsheet import write_sheet
from knowledge_base.tabular import ATTRIBUTES, COLUMNS, flatten, guard_formula

Selection = Literal["live", "newest"]


def export(store: EntryStore, file: Path, selection: Selection = "live") -> int:
    """Write the live version of every live entry, or the newest version of every entry; returns how many.

    Raises:
        ExportError: as `export_contents`.
    """
    return export_contents(store.contents(selection), file)


def export_contents(contents: Iterator[EntryContent], file: Path, *, chinese: bool = False) -> int:
    """Write contents in the format that the file's name says; returns how many.

    Args:
        chinese: name a table's columns as staff do; the import knows both names.

    Raises:
        ExportError: unknown format, unwritable file, or a text too long for a table cell. No half file is left.
    """
    suffix = file.suffix.lower()
    if suffix not in {".jsonl", ".csv", ".xlsx"}:
        raise ExportError(f"不支持导出为 {file.name}。", fix="文件名以 .jsonl、.csv 或 .xlsx 结尾。")
    part = file.with_name(f"{file.stem}.part{suffix}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        count = _jsonl(contents, part) if suffix == ".jsonl" else _table(list(contents), part, chinese)
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


def _table(contents: list[EntryContent], file: Path, chinese: bool) -> int:
    rows = [flatten(content) for content in contents]
    attributes = sorted({name for row in rows for name in row if name.startswith(ATTRIBUTES)})
    columns = [*COLUMNS, *attributes]
    names = chinese_columns() if chinese else {}
    titles = [names.get(column, column) for column in columns]
    if file.suffix.lower() == ".csv":
        with file.open("w", encoding="utf-8-sig", newline="") as target:  # the mark tells Excel that it is UTF-8
            writer = csv.writer(target)
            writer.writerow(titles)
            writer.writerows([guard_formula(row.get(column, "")) for column in columns] for row in rows)
    else:
        write_sheet(file, "知识条目", titles, ([row.get(column, "") for column in columns] for row in rows))
    return len(rows)
