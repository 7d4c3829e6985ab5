"""The audit log in the words of those who read it."""

import json
from collections.abc import Mapping
from typing import Any

from staff.roles import ROLE_NAMES
from tickets import rectification, rules

ACTIONS: Mapping[str, str] = {
    "login": "登录",
    "login.refused": "登录被拒绝",
    "logout": "退出登录",
    "staff.add": "新建账号",
    "staff.role": "调整角色",
    "staff.profile": "修改姓名、部门",
    "staff.password": "设置密码",
    "staff.deactivate": "停用账号",
    "staff.reactivate": "启用账号",
    "token.add": "新建令牌",
    "token.revoke": "作废令牌",
    "ticket.create": "登记工单",
    "ticket.accept": "受理工单",
    "ticket.assign": "分派工单",
    "ticket.progress": "登记工单进展",
    "ticket.answer": "答复工单",
    "ticket.return": "退回工单",
    "ticket.supplement": "市民补充工单",
    "ticket.withdraw": "市民撤回工单",
    "ticket.contact": "查看工单联系方式",
    "rectification.assign": "交办整改",
    "rectification.rectify": "登记整改",
    "rectification.call_back": "登记回访",
    "rectification.reopen": "重新整改",
    "desk.take": "接入会话",
    "desk.send": "答复市民",
    "desk.release": "退回队列",
    "desk.hand_back": "交还助手",
    "desk.close": "结束会话",
    "desk.transfer": "转给同事",
    "desk.note": "写备注",
    "desk.mark": "标记推荐",
    "desk.phone": "登记来电",
    "desk.assist_link": "打开协助窗口",
    "training.promote": "切换模型",
    "training.rollback": "退回上一个模型",
    "letters_import": "导入来信",
    "topics_start": "开始热点分析",
    "bank_propose": "提议入答题库",
    "bank_accept": "采纳答题库提案",
    "bank_reject": "退回答题库提案",
    "import.commit": "导入表格",
    "gap_attached": "缺口并入条目",
    "gap_written": "缺口写成新条目",
    "gap_out_of_scope": "缺口标为不属于本库范围",
    "gap_intent": "缺口标注意图",
    "gap_reopen": "重新打开缺口",
    "gap_split": "拆分缺口",
    "label_revoke": "撤销标注",
}
ENTRY_ACTIONS: Mapping[str, str] = {
    "create": "新建", "edit": "修改", "submit": "提交审核", "send_back": "退回", "publish": "发布", "publish_alone": "发布（未经第二人）",
    "withdraw": "撤下", "restore": "恢复旧版本", "schedule": "定时发布", "unschedule": "取消定时", "reviewed": "复核无误",
    "review_demanded": "要求复核", "repeal": "文件废止", "repeal_withdraw": "文件废止，撤下", "import_create": "导入新建", "import_update": "导入更新",
    "sample_remove": "移除示例",
}  # fmt: skip
KINDS: Mapping[str, str] = {
    "staff": "账号", "token": "令牌", "ticket": "工单", "conversation": "会话", "entry": "条目", "phrase": "常用语", "suggestion": "推荐",
    "run": "训练", "gap": "缺口", "label": "标注", "import": "导入", "letters": "来信", "bank_proposal": "提案",
    "topic_run": "热点分析",
}  # fmt: skip
FIELDS: Mapping[str, str] = {
    "state": "状态", "department": "部门", "kind": "类别", "role": "角色", "from": "原为", "to": "改为", "display_name": "姓名", "owner": "账号",
    "label": "用途", "days": "有效天数", "reason": "原因", "title": "标题", "text": "内容", "shared": "共用", "questions": "问题数",
    "answered": "已答", "entry_id": "条目", "version": "版本", "mark": "标记", "before": "之前", "generation": "第几次", "forced": "强制",
    "intent": "意图", "into": "拆成", "verdict": "结论", "resolution": "处理", "letters": "来信数", "added": "新增", "follow_up": "写入之后", "comment": "说明", "message_id": "消息", "source": "来源", "collection": "来信",
}  # fmt: skip
VALUES: Mapping[str, str] = {
    **rectification.STATE_NAMES, **rules.STATE_SHORT_NAMES, **rules.KIND_NAMES, **ROLE_NAMES, "wrong": "有误", "outdated": "过时",
    "missing": "缺少", "tickets": "诉求工单", "consultations": "咨询问题", "letters": "来信", "draft": "留作草稿", "submit": "提交审核", "publish": "直接发布",
}  # fmt: skip


def action(name: str) -> str:
    if name.startswith("entry."):
        done = name.removeprefix("entry.")
        return f"条目：{ENTRY_ACTIONS.get(done, done)}"
    return ACTIONS.get(name, name)


def kind(name: str) -> str:
    return KINDS.get(name, name)


def detail(found: Mapping[str, Any]) -> str:
    """One line; what is empty is left out."""
    return "；".join(f"{FIELDS.get(name, name)}：{_value(value)}" for name, value in found.items() if value)


def _value(value: Any) -> str:
    if value is True:
        return "是"
    return VALUES.get(value, value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
