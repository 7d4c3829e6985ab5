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
# Words one of which nearly every such message has; without them a classifier that is not certain has taken something else for it.
_OF_COURTESY = {
    tasks.GOODBYE: re.compile(
        r"再见|(?<!礼)拜|回[见聊]|再会|(?:我|就)走了|先[走下忙撤]|下[次回了班]|改天|回头|明天|以后|先这样|就这样|到这|先到|没(?:有|别的|其他|什么|啥)?.{0,4}(?:事|问题?|要问的)了?$|打扰|退[下出]|晚安|bye|撤|闪|溜|忙|挂了|88|886|8了|结束|关闭|告辞|好了|就这些|问完|不聊|够了|去[办弄]|休息|睡|慢走|白白|有需要|再[来问找联]|后会|see|耽误|先不|这么多",
        re.IGNORECASE,
    ),
    tasks.THANKS: re.compile(
        r"[谢蟹]|感[谢恩激动]|多亏|辛苦|麻烦|费心|劳|3q|th(?:an)?[kx]|鞠躬|帮.{0,2}忙|破费|受累|比心|么么|大恩|承蒙|给力",
        re.IGNORECASE,
    ),
    tasks.FEEDBACK_POSITIVE: re.compile(
        r"好评|[赞棒👍👌]|有用|帮[助到了]|管用|清[楚晰]|明[白了]|懂|解决|满意|不错|[挺很真太好].{0,2}[好用]|行|可以|厉害|牛|给力|专业|[详仔贴耐全周]|靠谱|准|到位|及时|对|正是|就是(?:这|我)|省|喜欢|谢|优|完美|星|分$|高效|方便|快(?!点的)|聪明|爱|强|没错|实用|讲|说|答|爽|舒服|放心|秒|比.{0,6}好|学到|收获|nice|good|一样|照|按|顺利|办成|信得过|没问题",
        re.IGNORECASE,
    ),
}
SURE_OF_COURTESY = 0.93
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
_ASKS_A_RULE = re.compile(
    r"(?:要|可以|能|用|算)(?!.{0,4}管).{1,10}(?:吗|不|么)[?？。]?$|可不可以|要不要|用不用|要(?:什么|哪些|啥)(?:证|材料|手续|条件)"
)
_SEEKS = re.compile(
    r"[?？]|怎么|如何|咋|什么|啥|哪|谁|多少|多久|几|能不能|能否|可不可以|是不是|有没有|要不要|用不用|(?:吗|呢|不|没)$|想(?!投诉|举报|反映|控告|告)|申请|办理|换发"
)


def is_doubtful(task: str, intent: str | None, confidence: float, text: str, case: Case) -> bool:
    """Whether the knowledge base is to be asked before this task is done."""
    if case.ticket is None and case.awaiting is None and is_no_courtesy(task, confidence, text):
        return True
    if case.ticket is not None or case.awaiting is not None or case.options or number_in(text):
        return False
    if phrases.button_intent(text) or phrases.rule_intent(text) or (case.form and case.form.get("asking")):
        return False
    if intent == tasks.POLICY_MATCH:  # "我想申请补贴" names nothing that an entry could be about
        return confidence < POLICY_MATCH_SURE and looks_for_a_matter(text)
    if task in _COURTESIES:
        return confidence < LEAST_OF_COURTESY
    if confidence >= SURE or task not in _OWN_WORDS or _OWN_WORDS[task].search(text):
        return False
    return bool(_SEEKS.search(text)) if task == tasks.COMPLAINT else True


def looks_for_a_matter(text: str) -> bool:
    """Whether a request for policies names what it is about ("辅助器具补贴"), so that an entry may be about it."""
    return len(_OF_NOTHING.sub("", text)) >= LEAST_MATTER


def is_no_courtesy(task: str, confidence: float, text: str) -> bool:
    """Whether a message taken for a farewell, thanks or praise has no word of it ("去年走了仨")."""
    return task in _OF_COURTESY and confidence < SURE_OF_COURTESY and not _OF_COURTESY[task].search(text)


def gives_way(task: str, intent: str | None, confidence: float, outcome: str, probability: float | None, text: str) -> bool:
    """Whether a doubtful task gives way to what the knowledge base says."""
    if is_no_courtesy(task, confidence, text) or (task == tasks.COMPLAINT and _ASKS_A_RULE.search(text.strip())):
        return True
    if outcome == "answer" and (probability is None or probability >= LIKELY):  # None: it follows the entry under discussion
        return True
    if intent == tasks.POLICY_MATCH:
        return False
    return confidence < LEAST.get(task, LEAST_OF_COURTESY)


def likeliest_question(guesses: Sequence[str]) -> str | None:
    """What a question is that was first taken for something else."""
    return next((guess for guess in guesses if guess in tasks.POLICY_INTENTS and guess != tasks.POLICY_MATCH), None)
