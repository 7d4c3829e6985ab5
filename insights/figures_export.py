"""Figures as an Excel file: every figure with its definition, the days, departments, used and never used entries."""

from io import BytesIO
from typing import Any

from insights.figure_filter import FigureFilter
from insights.figures import Figures

MOST_ROWS = 20_000
Row = list[Any]


def workbook(figures: Figures, wanted: FigureFilter) -> bytes:
    """The file's content. Texts stay texts: nothing in it is run as a formula."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    overview = figures.overview(wanted)
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in _sheets(figures, wanted, overview).items():
        sheet = book.create_sheet(name)
        for row_number, row in enumerate(rows, 1):
            for column, value in enumerate(row, 1):
                cell = sheet.cell(row_number, column)
                cell.value = value
                if isinstance(value, str):
                    cell.data_type = "s"
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        sheet.freeze_panes = "A2"
        for column in range(1, len(rows[0]) + 1):
            widest = max(len(str(row[column - 1] or "")) for row in rows[:200])
            sheet.column_dimensions[get_column_letter(column)].width = min(60, 4 + 2 * widest)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def _sheets(figures: Figures, wanted: FigureFilter, overview: dict[str, Any]) -> dict[str, list[Row]]:
    span = f"{wanted.since} 至 {wanted.until}"
    values: list[Row] = [["指标", "数值", "单位", "定义", "算法", "数据来源", "时间范围", "渠道", "部门"]]
    for line in overview["figures"]:
        values.append(
            [
                line["name"], line["value"], line["unit"], line["definition"], line["formula"], "、".join(line["sources"]), span,
                (wanted.channel or "全部") if line["by_channel"] else "不区分",
                (wanted.department or "全部") if line["by_department"] else "不区分",
            ]
        )  # fmt: skip
    days: list[Row] = [["日期", "咨询量", "答复", "选项与追问", "未答上"]]
    days += [
        [d["day"], d["answer"] + d["clarify"] + d["fallback"], d["answer"], d["clarify"], d["fallback"]] for d in overview["days"]
    ]
    departments: list[Row] = [["部门", "工单数", "已答复", "按时答复", "超期未答复", "按时答复率（%）", "评价数", "满意率（%）"]]
    departments += [
        [
            d["department"],
            d["tickets"],
            d["answered"],
            d["on_time"],
            d["overdue"],
            d["on_time_rate"],
            d["rated"],
            d["satisfaction"],
        ]
        for d in overview["departments"]
    ]
    used: list[Row] = [["条目编号", "标题", "类型", "部门", "答复次数"]]
    used += [[e["entry_id"], e["title"], e["kind"], e["department"], e["uses"]] for e in figures.used_entries(wanted, MOST_ROWS)]
    never: list[Row] = [["条目编号", "标题", "类型", "部门", "建立日期"]]
    never += [[e["entry_id"], e["title"], e["kind"], e["department"], e["since"]] for e in figures.never_used(wanted, MOST_ROWS)]
    return {"指标": values, "每日": days, "部门工单": departments, "条目使用": used, "从未用到": never}
