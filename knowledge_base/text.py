"""Cleaning of texts from outside, and the list of placeholders that mean *not stated*."""

import re
import unicodedata

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_LINE_BREAKS = re.compile("\r\n?|\u2028|\u2029")

# Sources write these where nothing is stated. Never read "无条件受理" as "everyone qualifies": it fills a mandatory box.
_PLACEHOLDERS = frozenset({
    "", "无", "暂无", "无内容", "无相关内容", "未填写", "未提供", "未说明", "待补充", "不涉及", "不适用", "无要求",
    "无特殊要求", "无线下办理窗口", "无办理窗口", "无线下窗口", "无线下办理地点", "无办理地点", "无材料", "无申请材料", "无电话",
    "无咨询电话", "无限制", "none", "null", "nil", "nan", "n/a", "na", "-", "--", "—", "——", "/", "\\", "...", "……",
})  # fmt: skip
_NO_CONDITION = re.compile(
    r"无(需)?(特定|特殊|前置|任何)?(条件|受理条件|办理条件|申请条件|准入条件|条件受理|条件办理|条件申请|条件限制|门槛办理)"
)
_LONGEST_PLACEHOLDER = 12


def clean_text(value: str) -> str:
    """NFC, line breaks as \\n, no control characters, no space at either end."""
    return unicodedata.normalize("NFC", _FORBIDDEN.sub("", _LINE_BREAKS.sub("\n", value))).strip()


def is_placeholder(value: str) -> bool:
    """True for texts that only fill a box: 无, 暂无, 无线下办理窗口, 无条件受理, None, "-" …"""
    text = value.strip().rstrip("。．.；;，,、 ").strip()
    if len(text) > _LONGEST_PLACEHOLDER:
        return False
    return text.lower() in _PLACEHOLDERS or _NO_CONDITION.fullmatch(text) is not None


def stated(value: str | None) -> str | None:
    """The cleaned text, or None when it is empty or a placeholder."""
    if value is None:
        return None
    text = clean_text(value)
    return None if is_placeholder(text) else text
