"""Everything the assistant says that is not an answer from knowledge. Plain, polite, conclusion first, nothing invented."""

HUMAN_BUTTON = {"title": "转人工", "payload": "转人工"}

GREETING = "您好，我是政策咨询助手“问政”，请用一句话说出您想了解的政策或要办的事，我会依据已发布的政策回答，并注明出处。"
GOODBYE = "再见，以后有政策问题，欢迎随时来问。"
THANKS = "不客气，还有其他政策问题，可以接着问我。"
ACKNOWLEDGED = "好的，还有其他政策问题，可以接着问我。"
DECLINED = "好的。您可以换个说法再问一次，或者接着问其他问题。"
STOPPED = "好的，已经取消。您可以随时提出新的问题。"

NOTHING_TO_PICK = "现在没有可以选的条目。请直接说出您要咨询的事项或政策名称，例如“公司注销需要什么材料”。"

OUT_OF_SCOPE = (
    "这个问题不在我的服务范围内，我只能回答政策和政务办事方面的问题。\n"
    "您可以问我某项政策的规定、申报条件、所需材料、办理流程和咨询电话。"
)

FEEDBACK_THANKS = "感谢您的评价，很高兴能帮到您。"
FEEDBACK_SORRY = "很抱歉没有解决您的问题，您的评价已经记录。\n哪里不对，请接着说一句，工作人员会据此改进；也可以转人工。"
FEEDBACK_REASON_KEPT = "谢谢，您说的原因已经记录，工作人员会核对改正。需要的话，您可以转人工。"
RATED_BESIDES = "很抱歉上一条没帮到您，您的评价已经记录。"
USEFUL_BUTTONS = ({"title": "有用", "payload": "有用"}, {"title": "没用", "payload": "没用"})

LEAVE_QUEUE_BUTTON = {"title": "先不转了", "payload": "先不转了"}
LEAVE_WORDS_BUTTON = {"title": "留言", "payload": "留言"}

HANDOFF_QUEUED = (
    "已为您登记转人工，{queue}。工作人员接入后会直接在这里回复您（人工服务时间：{hours}）。\n"
    "等待期间您可以继续提问，我会照常回答；不想等了，回复“先不转了”。着急的话，也可以拨打 12345 政务服务便民热线。"
)
HANDOFF_CLOSED = (
    "现在不是人工服务时间（{hours}）。已为您登记转人工，{queue}，{opening} 起工作人员会依次接入。\n"
    "您也可以现在留言：回复“留言”，我为您登记，工作人员在 2 个工作日内答复。着急的话，请拨打 12345 政务服务便民热线。"
)
HANDOFF_BECAUSE = {
    "anger": "很抱歉让您生气了，这件事请工作人员来跟您说。",
    "distress": "您的难处我听到了，请工作人员来帮您看看。",
    "topic": "这类事情需要工作人员办理，我不能代答。",
}
HANDOFF_BESIDES = "如果没有解决您的问题，可以转人工。"
LEFT_QUEUE = "好的，已经取消转人工。您可以继续问我，需要时再说“转人工”。"

AGENT_JOINED = "工作人员已接入，接下来由工作人员直接回复您。"
AGENT_RELEASED = "工作人员暂时离开，已把您放回队列原来的位置，会有别的工作人员接入。等待期间您可以继续问我。"
AGENT_CHANGED = "已为您转给另一位工作人员，请稍候，不需要重新说明情况。"
AGENT_DONE = "人工服务已结束，感谢您的等候。后面的问题可以继续问我。"
AGENT_SILENT = "工作人员暂时没有回应，很抱歉。已为您重新排队，{queue}。等待期间您可以继续问我；不想等了，回复“先不转了”。"
NOBODY_CAME = "很抱歉，一直没有工作人员接入，这次转人工已结束。您可以回复“留言”登记诉求，或者再次回复“转人工”。"

QUEUE_FIRST = "您排在第一位"
QUEUE_AHEAD = "您前面还有 {ahead} 人"


def queue(ahead: int) -> str:
    """The place in the queue in words."""
    return QUEUE_AHEAD.format(ahead=ahead) if ahead else QUEUE_FIRST


OFFER_HUMAN = "连续两次没能答上您的问题，您可以转人工，由工作人员来回答。"

EMPTY_MESSAGE = "没有收到文字内容。请用一句话说出您想了解的政策或要办的事。"
TOO_LONG_MESSAGE = "内容太长了，请缩短到 {limit} 字以内，把最想问的一件事说清楚即可。"
STARTING = "系统正在载入知识，暂时不能答复。请过一两分钟再问，或者拨打 12345 政务服务便民热线。"
APOLOGY = "抱歉，系统刚才出了点问题，没能回答您。请稍后再试，或者转人工，也可以拨打 12345 政务服务便民热线。"

SKIP = "跳过"
CHECK_UP_BUTTON = {"title": "政策体检", "payload": "政策体检"}
CHECK_STOPPED = "好的，已经停止核对。您可以随时再问，或者提出新的问题。"
CHECK_GONE = "这一条政策刚刚停用，不能再据此核对。您可以换个说法再问，或者转人工。"
NOTED = "{facts}\n您可以接着问政策问题，或者回复“政策体检”，看看能享受哪些政策。"
REMEMBERED = (
    "我记得您说过的这些情况，只用来核对政策条件：\n{facts}\n"
    "要改，请直接说，例如“改成120人”“我们搬到示例区了”；要删，请说“忘记我的企业信息”。"
)
NOTHING_REMEMBERED = "我没有记下您的任何情况。您说到企业类型、人数、所在地区等情况时，我会记下来，方便下次核对政策条件。"
FORGOTTEN = "好的，您说过的企业情况和所在地区已经全部删除。以后核对政策条件时，我会重新询问。"
FORGOTTEN_ONE = "好的，您说过的{fact}已经删除，其他情况不变。"
OTHER_ONE = "另一件"
OTHER_QUESTION = "您还问了“{question}”，请回复“另一件”，我接着答。"
COMPLAINT_BUTTON = {"title": "我要投诉", "payload": "我要投诉"}
COMPLAINT_LATER = "您要投诉的事，弄清上面的问题后回复“我要投诉”，我就为您登记。"
COMPLAINT_BESIDES = "您要投诉的事，我现在为您登记。"
