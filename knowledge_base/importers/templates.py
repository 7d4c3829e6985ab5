"""The empty table that staff fill in, and the report of an import as a table."""

from pathlib import Path
from typing import Any

from knowledge_base.importers.desk import ImportDesk
from knowledge_base.importers.jobs import OUTCOME_NAMES, STATUS_NAMES
from knowledge_base.importers.profiles import chinese_columns
from knowledge_base.spreadsheet import write_sheet
from knowledge_base.tabular import COLUMNS, CONDITIONS

NOTES = (
    "每行一个条目。只有“类型”“标题”“答案”必须填写，其余没有就空着，不要填“无”。",
    "类型填：问答、政策解读、办事指南、案例、通知。",
    "相似问、材料、步骤、标签、对象：一格里可填多项，一行一项（在单元格内换行按 Alt+Enter）。",
    "日期写成 2026-01-31。区划代码为 6 位数字。",
    "编号（外部编号）由本单位自定，不重复；再次导入同一编号时更新原条目，不会重复新建。",
    "“被替代为”填替代它的条目的编号。",
    "下面几行是示例，正式填写前请删去。",
)
_EXAMPLE = {
    "external_id": "示例-001", "kind": "问答", "title": "租房可以提取公积金吗？",
    "answer": "可以。在本市无自有住房且租房居住的，每年可以提取一次。", "similar_questions": "租房怎么提公积金\n没有买房能取公积金吗",
    "facets.materials": "身份证\n无房证明", "facets.phone": "0000-12345678", "source.document_number": "示公积金委〔2025〕3号",
    "source.title": "示例市住房公积金提取管理办法", "source.clause": "第五条", "region_code": "990100", "authority": "示例市住房公积金管理中心",
    "tags": "住房\n公积金", "effective_from": "2025-03-01", "owner_department": "示例市住房公积金管理中心",
}  # fmt: skip


def write_template(file: Path) -> None:
    """An XLSX with Chinese column names, one example, and a sheet of explanations."""
    fields = [field for field in COLUMNS if field != CONDITIONS]
    names = chinese_columns()
    write_sheet(file, "知识条目", [names[field] for field in fields], [[_EXAMPLE.get(field, "") for field in fields]], NOTES)


def write_report(desk: ImportDesk, number: int, file: Path, *, only_problems: bool = False) -> int:
    """Every row as it was uploaded, before it what became of it and what is wrong with it; returns how many rows.

    Raises:
        UnknownImportError
    """
    columns, rows = desk.table(number)
    lines = []
    for row, given in rows:
        if only_problems and row.status not in {"error", "conflict"} and row.outcome != "failed":
            continue
        result = OUTCOME_NAMES.get(row.outcome or "", STATUS_NAMES[row.status])
        problems = "；".join(f"{p['label']}：{p['reason']}" if p["label"] else p["reason"] for p in row.problems)
        lines.append([str(row.number), result, problems, *(_text(given.get(column)) for column in columns)])
    write_sheet(file, "导入结果", ["行", "结果", "问题", *columns], lines)
    return len(lines)


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:32_000]
