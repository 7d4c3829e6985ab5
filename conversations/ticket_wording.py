"""What is said while a complaint is taken, looked up and rated. Plain, polite, conclusion first, nothing invented."""

from collections.abc import Mapping, Sequence

from conversations import complaint_facts as facts
from conversations import complaint_form as form
from conversations.complaint_form import Draft
from tickets import rules
from tickets.models import Ticket

PROGRESS_BUTTON = {"title": "查进度", "payload": "查进度"}
CANCEL_BUTTON = {"title": "取消", "payload": "取消"}
SKIP_BUTTON = {"title": "跳过", "payload": "跳过"}
LONGEST_SHOWN = 160  # characters of a story repeated in a summary
LONGEST_RESULT = 320  # of a result told in one message

_SYMPATHY: tuple[tuple[tuple[str, ...], str], ...] = (
    (("态度", "骂", "凶", "刁难", "推诿", "踢皮球", "不给办", "跑了"), "办事受了委屈，实在抱歉。"),
    (("工资", "工钱", "欠薪", "加班费", "辞退"), "辛苦钱没有拿到，您的着急我们理解。"),
    (("扰民", "噪音", "吵", "施工", "油烟", "臭", "异味", "打桩"), "影响到您的生活，非常抱歉。"),
    (("不退", "乱收费", "多收", "骗", "假", "押金", "过期"), "让您受了损失，非常抱歉。"),
    (("危险", "隐患", "摔", "受伤", "消防"), "这件事关系到安全，谢谢您及时反映。"),
)
_SYMPATHY_ELSE = "给您带来不便，非常抱歉。"
_A_WORD_LEFT = "好的，我为您登记留言，由工作人员答复。"
_THANKS_FOR_IT = "谢谢您的建议。"

ASK: Mapping[str, str] = {
    form.WHAT: "请说说是什么事：涉及哪个单位或个人、发生了什么、您希望怎样解决。",
    form.WHERE: "请问发生在哪里？说出小区、街道、单位或窗口的名称就行。",
    form.WHEN: "请问是什么时候的事？大概的时间就可以。",
    form.CONTACT: "请留一个联系电话，方便工作人员核实和答复您；不方便的话，回复“跳过”。",
    form.CHANGE: "请问哪一项要改：内容、地点、时间，还是电话？也可以直接说，例如“地点改成幸福小区”。",
}
_ASK_AGAIN: Mapping[str, str] = {
    form.WHAT: "还缺具体情况，工作人员没法核实。请说说发生了什么、涉及哪个单位。",
    form.WHERE: "没有看出是哪里。请说出小区、街道、单位或窗口的名称；说不清的话，回复“不清楚”。",
    form.WHEN: "没有看出是什么时候。请说个大概的时间，例如“昨天下午”“上个月”；记不清的话，回复“不清楚”。",
    form.CONTACT: "没有看到联系电话。请发手机号或带区号的座机；不方便的话，回复“跳过”。",
}
_BROKEN_NUMBER = "这个号码位数不对，请核对后再发一次；不方便的话，回复“跳过”。"
_NOTED = "记下了。"
_WHY_CONTACT = "电话只给承办单位，用来核实情况和告诉您结果，不会给被反映的一方。不留也能登记，回复“跳过”就行。"
_CALL_OFF = "不想登记了，回复“取消”即可。"
_CONFIRM = "没问题请回复“好”，我就登记；要改请说“改地点”“改时间”等；不登记了回复“取消”。"
_CONFIRM_AGAIN = "还没有登记，请您确认。"

_CONFIRM_BUTTONS = ({"title": "确认登记", "payload": "好"}, {"title": "修改", "payload": "不对"}, CANCEL_BUTTON)
_CHANGE_BUTTONS = tuple({"title": f"改{name}", "payload": f"改{name}"} for name in ("内容", "地点", "时间", "电话"))

_REMINDERS: Mapping[str, str] = {
    form.WHAT: "您的诉求还没有登记，请接着说说是什么事；不登记了回复“取消”。",
    form.WHERE: "您的诉求还没有登记完，请告诉我发生在哪里；不登记了回复“取消”。",
    form.WHEN: "您的诉求还没有登记完，请告诉我是什么时候的事；不登记了回复“取消”。",
    form.CONTACT: "您的诉求还没有登记完，请留联系电话，或者回复“跳过”；不登记了回复“取消”。",
    form.CONFIRM: "您的诉求还没有登记，没问题请回复“好”；不登记了回复“取消”。",
    form.CHANGE: "您的诉求还没有登记，请说要改哪一项；不用改就回复“好”，不登记了回复“取消”。",
}

DROPPED = "好的，这件诉求没有登记，留的电话已经删除。想接着登记，两小时内回复“继续投诉”就行。"

PROGRESS_ASK = (
    "请告诉我诉求编号（以 WZ 开头，登记时给出）。\n我能查询您在这里登记的诉求；部门窗口受理的事项，请按受理回执上的方式查询。"
)
PROGRESS_WITHOUT_NUMBER = "没有编号，我这里查不到。您可以在原来登记的会话里回复“查进度”，或者拨打 12345，报登记时留的电话查询。"
PROGRESS_ASK_DIGITS = "诉求 {number} 不是在本会话登记的。请发登记时所留联系电话的后四位，核对后告诉您进度。"
PROGRESS_UNKNOWN = (
    "没有查到：编号 {number} 和所给的电话后四位对不上。\n"
    "请核对后再试（一天内最多试几次）；登记时没有留电话的，请在原来登记的会话里查询，或拨打 12345。"
)
RATING_ASK = "请您评价这次办理：非常满意、满意、基本满意、不满意，还是非常不满意？可以附上一句意见。"
RATED = "感谢您的评价，已经记录：{level}。"
RATED_COMMENT = "意见也一并记下了，会转给承办单位。"
RATED_LOW = "很抱歉没有让您满意。请说说哪里不满意，我记下来转给承办单位改进。"
COMMENTED = "谢谢，您的意见已经记录，会转给承办单位。"
RATED_BEFORE = "诉求 {number} 已经评价过了，每件诉求评价一次，感谢您的反馈。"

RATING_BUTTONS = tuple({"title": name, "payload": name} for name in rules.LEVELS.values())


AMENDMENT_ASK = "请说说要给诉求 {number} 补充什么，我一并转给承办单位。不补充了，回复“取消”。"
AMENDMENT_BUTTONS = ({"title": "确认", "payload": "确认"}, {"title": "取消", "payload": "取消"})
AMENDMENT_DROPPED = "好的，没有改动，诉求 {number} 照常办理。"
AMENDMENT_TOO_LATE = "诉求 {number} 现在的状态是“{state}”，不能再补充或者撤回。有新的情况，请回复“我要投诉”另行登记。"
SUPPLEMENTED = "已补充到诉求 {number}，{department}办理时会看到。随时回复“查进度”了解进展。"
WITHDRAWN = "诉求 {number} 已按您的要求撤回，不再办理。以后需要，可以重新登记。"


def amendment(withdraws: bool, number: str, added: str, contact: str | None) -> str:
    """Asks whether a filed ticket is to be withdrawn or added to."""
    if withdraws:
        return f"要撤回诉求 {number} 吗？撤回后不再办理。确认请回复“确认”，不撤回请回复“取消”。"
    phone = f"联系电话：{facts.shown_contact(contact)}" if contact else ""
    told = "\n".join(filter(None, [added and f"补充内容：{added}", phone]))
    return f"请您核对，要补充到诉求 {number}：\n{told}\n没问题请回复“确认”；还有要说的可以接着说，不补充了回复“取消”。"


def sympathy(draft: Draft) -> str:
    """A word of regret that fits the story."""
    story = draft.what or ""
    if draft.kind == rules.CONSULTATION:
        return _A_WORD_LEFT
    if draft.kind == rules.SUGGESTION:
        return _THANKS_FOR_IT
    return next((said for words, said in _SYMPATHY if any(word in story for word in words)), _SYMPATHY_ELSE)


def prompt(draft: Draft, before: Draft | None) -> tuple[str, Sequence[Mapping[str, str]]]:
    """The next question with its buttons.

    Args:
        before: the form before this message; None: this message began it.
    """
    if draft.asked == form.CONFIRM:
        unchanged = before is not None and replaced_nothing(draft, before)
        text = f"{_CONFIRM_AGAIN if unchanged else '请您核对：'}\n{summary(draft)}\n{_CONFIRM}"
        return (f"{sympathy(draft)}\n{text}" if before is None else text), _CONFIRM_BUTTONS
    if draft.asked == form.CHANGE:
        return ASK[form.CHANGE], _CHANGE_BUTTONS
    if draft.why:
        return f"{_WHY_CONTACT}{_CALL_OFF}", [SKIP_BUTTON, CANCEL_BUTTON]
    again = before is not None and before.asked == draft.asked and draft.tries > 0
    asked = (_BROKEN_NUMBER if draft.broken else _ASK_AGAIN[draft.asked]) if again else ASK[draft.asked]
    if before is not None and before.asked == draft.asked and told(before) != told(draft):
        asked = f"{_NOTED}{ASK[draft.asked]}"
    buttons = [SKIP_BUTTON, CANCEL_BUTTON] if draft.asked == form.CONTACT else [CANCEL_BUTTON]
    if before is None:
        return f"{sympathy(draft)}{asked}\n{_CALL_OFF}", buttons
    return asked, buttons


def told(draft: Draft) -> tuple[str | None, ...]:
    """What is told besides the contact."""
    return draft.what, draft.where, draft.when


def replaced_nothing(draft: Draft, before: Draft) -> bool:
    """Whether a message at the confirmation changed nothing."""
    return before.asked == form.CONFIRM and all(getattr(draft, name) == getattr(before, name) for name in form.FIELDS)


def reminder(draft: Draft) -> str:
    """Said after an interruption."""
    return _REMINDERS[draft.asked]


def summary(draft: Draft) -> str:
    """The facts in four lines; the phone is shown in part."""
    story = (draft.what or "").replace("\n", " ")
    shown = story if len(story) <= LONGEST_SHOWN else f"{story[:LONGEST_SHOWN]}…"
    contact = draft.contact or ""
    lines = [f"事情：{shown}"]
    needs_place = draft.kind != rules.CONSULTATION
    lines += [f"地点：{draft.where}"] if draft.where and needs_place else []
    lines += [f"时间：{draft.when}"] if draft.when and needs_place else []
    phone = contact if contact == form.DECLINED_CONTACT else facts.shown_contact(contact)
    return "\n".join([*lines, f"联系电话：{phone}"])


def filed(ticket: Ticket) -> str:
    """The receipt."""
    days = rules.WORKING_DAYS[ticket.kind]
    due = f"最迟 {ticket.due_on:%Y-%m-%d} 答复您（{days} 个工作日）" if ticket.due_on else f"{days} 个工作日内答复您"
    text = f"您的诉求已经登记，编号 {ticket.number}。\n拟由{ticket.department}承办，{due}。"
    if ticket.due_provisional:
        text += "下一年的放假安排还没有公布，日期可能有调整。"
    return f"{text}\n随时回复“查进度”，可以了解由谁办、办到哪一步。"


def progress(ticket: Ticket, *, overdue: bool, filed_on: str) -> str:
    """Who has it, how far it is, until when."""
    lines = [f"诉求 {ticket.number}（{filed_on} 登记）：{rules.STATE_NAMES.get(ticket.state, ticket.state)}。"]
    if ticket.state in rules.OPEN_STATES:
        chosen = "拟承办" if ticket.state in {rules.FILED, rules.ACCEPTED} else "承办"
        lines.append(f"{chosen}单位：{ticket.department}。")
        if overdue:
            lines.append(f"应在 {ticket.due_on:%Y-%m-%d} 前答复，现已超期，十分抱歉；已标为超期件催办。")
        elif ticket.due_on:
            moves = "（放假安排公布后可能调整）" if ticket.due_provisional else ""
            lines.append(f"最迟 {ticket.due_on:%Y-%m-%d} 答复{moves}。")
    elif ticket.state != rules.WITHDRAWN:
        lines.append(f"承办单位：{ticket.department}。答复：{_cut(ticket.answer or '')}")
    return "".join(lines)


def result(ticket: Ticket) -> str:
    """Told when a ticket has been answered, with the request to rate it."""
    return f"您的诉求 {ticket.number} 已有答复（{ticket.department}）：\n{_cut(ticket.answer or '')}\n{RATING_ASK}"


def returned(ticket: Ticket, reason: str) -> str:
    """Told when a ticket goes back."""
    return f"您的诉求 {ticket.number} 已退回，将重新分派办理。\n说明：{_cut(reason)}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_RESULT else f"{text[:LONGEST_RESULT]}…"
