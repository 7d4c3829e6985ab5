"""Rows of a JSONL, CSV or XLSX file with the number under which a person finds them. Knows no entry format."""

import csv
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from knowledge_base.errors import FieldProblem, ImportFileError
from knowledge_base.text import clean_text

SUFFIXES = (".jsonl", ".csv", ".xlsx")
_MAX_CELL = 1 << 20


@dataclass(frozen=True)
class SourceRow:
    """One row: its number (line of a JSONL file, row of a table counted with its header) and values, or why it is unreadable."""

    number: int
    values: dict[str, Any]
    problem: FieldProblem | None = None


@dataclass(frozen=True)
class SourceFile:
    """All rows of a file; `columns` only for tables, whose first row names them."""

    path: Path
    columns: tuple[str, ...] | None
    rows: list[SourceRow]

    @property
    def is_csv(self) -> bool:
        return self.path.suffix.lower() == ".csv"


def read_file(path: Path) -> SourceFile:
    """Read by suffix.

    Raises:
        ImportFileError: missing, of another format, empty, or in an unknown encoding.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ImportFileError(
            f"不支持 {path.name} 的格式。", fix="请提供 .jsonl、.csv 或 .xlsx 文件；旧的 .xls 请先在表格软件中另存为 .xlsx。"
        )
    try:
        if suffix == ".jsonl":
            return SourceFile(path, None, list(_jsonl(path)))
        return _table(path, _csv(path) if suffix == ".csv" else _xlsx(path))
    except OSError as exc:
        raise ImportFileError(f"读不到文件 {path}：{exc.strerror or exc}。", fix="核对文件名和读取权限。") from exc


def _jsonl(path: Path) -> Iterator[SourceRow]:
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as exc:
            yield SourceRow(number, {}, FieldProblem("(整行)", f"不是有效的 JSON（{exc}）"))
            continue
        if isinstance(values, dict):
            yield SourceRow(number, values)
        else:
            yield SourceRow(number, {}, FieldProblem("(整行)", "每行必须是一个 JSON 对象"))


def _csv(path: Path) -> Iterator[tuple[int, list[Any]]]:
    text = _text(path)
    header = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=header.count)
    csv.field_size_limit(_MAX_CELL)
    try:
        rows = csv.reader(_lines(text), delimiter=delimiter, strict=True)
        yield from enumerate(rows, 1)
    except csv.Error as exc:
        raise ImportFileError(f"{path.name} 不是有效的 CSV：{exc}。", fix="在表格软件中重新另存为“CSV UTF-8”后再试。") from exc


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends, cut at \\n only, as the csv module wants them."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end + 1
        yield text[start:end]
        start = end


def _text(path: Path) -> str:
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ImportFileError(f"认不出 {path.name} 的文字编码。", fix="请另存为 UTF-8 或 GBK 编码。")


def _xlsx(path: Path) -> Iterator[tuple[int, list[Any]]]:
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that do not matter for values
            book = load_workbook(path, read_only=True, data_only=True)
            try:
                sheet = book.worksheets[0]
                sheet.reset_dimensions()  # some programs write a wrong size into the file
                for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
                    yield number, [_cell(value) for value in row]
            finally:
                book.close()
    except (BadZipFile, KeyError, ValueError, IndexError, TypeError) as exc:
        raise ImportFileError(f"{path.name} 不是有效的 XLSX 文件。", fix="在表格软件中打开并另存为 .xlsx 后再试。") from exc


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date().isoformat() if (value.hour, value.minute, value.second) == (0, 0, 0) else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if value is None or isinstance(value, str) else str(value)


def _table(path: Path, rows: Iterator[tuple[int, list[Any]]]) -> SourceFile:
    columns: list[str] = []
    found: list[SourceRow] = []
    for number, cells in rows:
        if all(cell is None or not str(cell).strip() for cell in cells):
            continue
        if not columns:
            columns = [clean_text(str(cell or "")) for cell in cells]
            repeated = sorted({name for name in columns if name and columns.count(name) > 1})
            if repeated:
                raise ImportFileError(f"{path.name} 的表头有重复的列：{'、'.join(repeated)}。", fix="删除或改名重复的列。")
            continue
        surplus = any(cell not in (None, "") for cell in cells[len(columns) :])
        unnamed = any(cell not in (None, "") for name, cell in zip(columns, cells, strict=False) if not name)
        problem = FieldProblem("(整行)", "有内容的单元格没有对应的列名") if surplus or unnamed else None
        values = {name: cell for name, cell in zip(columns, cells, strict=False) if name and cell not in (None, "")}
        found.append(SourceRow(number, values, problem))
    if not columns:
        raise ImportFileError(f"{path.name} 是空的。", fix="第一行写列名，其后每行一条。")
    return SourceFile(path, tuple(name for name in columns if name), found)
