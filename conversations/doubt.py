"""When a classifier's word alone is not enough: the message's own words and the knowledge base are asked as well. Pure.

A question taken for a complaint would become a ticket, one taken for a request about progress would be asked for a number. Where a
message has none of the words that such requests have, an entry that surely answers it has the better claim.
"""

import re
from collections.abc import Sequence

from conversations import phrases, tasks
from conversations.case import Case
from tickets.rules import number_in

SURE = 0.9  # from there on the classifier is believed without asking the knowledge base
LIKELY = 0.8  # probability of an entry's answer that outweighs it
LEAST = {
    tasks.PROGRESS: 0.7,
    tasks.HANDOFF: 0.7,
    tasks.POLICY_MATCH: 0.0,
    tasks.COMPLAINT: 0.5,
}  # believed although no entry answers
LEAST_OF_COURTESY = 0.5
_OF_NOTHING = re.compile(
    r"我们?|咱们?|你们?|您|帮忙?|看看|查查|一下|想|要|能|可以|申请|申报|享受|领|拿|有|哪些|什么|啥|政策|补贴|补助|优惠|奖励|扶持|公司|企业|这样|这种|适合|的|吗|呢|吧|了|个|[，。,.？?！!\s]"
)
LEAST_MATTER = 2  # characters
POLICY_MATCH_SURE = 0.7
_COURTESIES = frozenset({
    tasks.GREET, tasks.GOODBYE, tasks.THANKS, tasks.FEEDBACK_POSITIVE, tasks.FEEDBACK_NEGATIVE, tasks.ACKNOWLEDGE, tasks.DECLINE,
    tasks.STOP,
})  # fmt: skip
_OWN_WORDS = {
    tasks.COMPLAINT: re.compile(
        r"投诉|举报|反映|反应一?下|控告|曝光|维权|讨个说法|告(?:他|她|它|你)们?|没人管|不作为|管不管|太过分|气死"
    ),
    tasks.PROGRESS: re.compile(
        r"进度|进展|办到|到哪(?:一?步|了|里了)|办(?:好|完|成|妥)了?(?:没|吗)|结果|下来(?:了)?(?:没|吗)|批(?:了|下来)|受理|处理|回复|答复|答应|工单|编号|单号|诉求|催|审(?:核|批|完)|通过了?(?:没|吗)|反映的|投诉的|举报的|交上去|提交的|申请的|多久了|还没"
    ),
    tasks.HANDOFF: re.compile(
        r"人工|客服|真人|活人|坐席|座席|接线|话务|工作人员|转接|转人|有人(?:吗|在|没)|找(?:个)?人|叫(?:个)?人|跟人|和人|电话|负责人|领导|专员|机器人"
    ),
}
_SEEKS = re.compile(
    r"[?？]|怎么|如何|咋|什么|啥|哪|谁|多少|多久|几|能不能|能否|可不可以|是不是|有没有|要不要|用不用|(?:吗|呢|不|没)$|想(?!投诉|举报|反映|控告|告)|申请|办理|换发"
)


def is_doubtful(task: str, intent: str | None, confidence: float, text: str, case: Case) -> bool:
    """Whether the knowledge base is to be asked before this task is done."""
    if case.ticket is not None or case.awaiting is not None or case.options or number_in(text):
        return False
    if phrases.button_intent(text) or phrases.rule_intent(text) or (case.form and case.form.get("asking")):
        return False
    if intent == tasks.POLICY_MATCH:  # "我想申请补贴" names nothing that an entry could be about
        return confidence < POLICY_MATCH_SURE and len(_OF_NOTHING.sub("", text)) >= LEAST_MATTER
    if task in _COURTESIES:
        return confidence < LEAST_OF_COURTESY
    if confidence >= SURE or task not in _OWN_WORDS or _OWN_WORDS[task].search(text):
        return False
    return bool(_SEEKS.search(text)) if task == tasks.COMPLAINT else True


def gives_way(task: str, intent: str | None, confidence: float, outcome: str, probability: float | None) -> bool:
    """Whether a doubtful task gives way to what the knowledge base says."""
    if outcome == "answer" and (probability is None or probability >= LIKELY):  # None: it follows the entry under discussion
        return True
    if intent == tasks.POLICY_MATCH:
        return False
    return confidence < LEAST.get(task, LEAST_OF_COURTESY)


def likeliest_question(guesses: Sequence[str]) -> str | None:
    """What a question is that was first taken for something else."""
    return next((guess for guess in guesses if guess in tasks.POLICY_INTENTS and guess != tasks.POLICY_MATCH), None)
