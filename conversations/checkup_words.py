"""What messages around a check of conditions mean: whether one asks if one qualifies, tells of oneself, or wants to stop. Pure."""

import re
from datetime import date

from answering.dates import asked_period, without_dates
from answering.facets import asked_facets
from answering.following import correction, situation_alone
from conversations import profile
from conversations.complaint_words import is_grievance, steps_out
from enterprises.hearing import is_question, normalised

ELIGIBILITY = "eligibility"
LONGEST_LEANING = 24  # characters of a message that means the entry under discussion
_STOPS = re.compile(r"^(?:取消|算了|不问了|不查了|不核对了|不弄了|不想.{0,4}了|停|停止|结束|退出|到此为止)[了吧啊。!！]*$")
_CHECKS = re.compile(
    r"能不能|可不可以|能否|是否|符不符合|符合|够不够|够格|够条件|够资格|够得上|有资格|算不算|有没有资格|满足|轮得到|(?:能|可以|能够)(?:享受|申请|领|拿|办|报|用|贷|减|免|补|提|弄|搞|沾)"
)
_NAMES_ONE = re.compile(
    r"^(?:我们?|咱们?|公司|单位|本人)?(?:想|要|打算)(?:申请|申领|领|办|申报|享受)(?:一下|个)?(?!点|些|什么|啥|哪|补贴|政策|优惠)[^，,。?？]{3,}$"
)
_LISTS_CONDITIONS = re.compile(
    r"(?:什么|哪些|啥|怎样的?)(?:申请|申报|办理)?(?:条件|要求|资格|门槛)|(?:条件|要求|门槛)(?:是什么|有哪些|是啥|有什么)"
)
_MEANS_THIS = re.compile(
    r"^(?:那|那么|请问)?(?:看看|帮我看看)?(?:我们?|咱们?|我家)(?:公司|企业|店|厂)?(?:这种|这样的?|这个情况)?(?:是不是|到底)?(?:也)?"
    r"(?:(?:能|可以|能够)(?:不能|不可以)?(?:享受|申请|领|拿|办|报)?|符合|符不符合|够不够|够|满足)(?:这个|这项|它)?(?:条件|资格)?(?:吗|么|不|嘛|呢)?[?？。]*$"
)
_ENDS_WITH_WHETHER = re.compile(
    r"(?:能|可以|能够)(?:不能|不可以)?(?:享受|申请|申报|领|拿|报|办|用)?(?:这个|这项|到)?(?:吗|么|不|嘛|呢)?[?？。]*$"
)
_ASKS_FOR_POLICIES = re.compile(
    r"给钱|给点|照顾|支持|帮扶|资助|政策|补贴|补助|奖励|优惠|扶持|享受|申请|匹配|体检|看看|哪些|什么|能不能|可以"
)
_MOVED = re.compile(r"(?:搬|迁)(?:到|去|至).{2,12}了?[。!！]*$")
_ABOUT_ONESELF = re.compile(r"我|咱|俺|本公司|本店|公司(?=\d|能|可以|符)")


_YES_OR_NO = re.compile(r"^(?P<said>是的?|不是|没有|有|没|对的?|嗯)[,，。;；\s]+(?!应该|改|而?是\d)(?=.{2})")
_PERSON = re.compile(
    r"我(?:妈|爸|爷爷|奶奶|外婆|外公|姥|老婆|老公|爱人|孩子|儿子|女儿|父母|父亲|母亲|家老|弟|妹|哥|姐)|老人|岁|应届|毕业|大学生|失业|退休|怀孕|生(?:孩子|娃|二胎)|残疾|低保"
)
_ENTERPRISE = re.compile(r"公司|企业|单位|厂|店|个体|我们招|招(?:用|聘|了)|员工|职工")
_WANTS = re.compile(
    r"想|要(?!是)|请|帮|能|可以|可不|怎|咋|如何|申请|申报|办理?(?!的|了|过|好)|享受|政策|补贴|补助|优惠|奖励|查|问|投诉|举报|如果|要是|假如|那|不$|吗|呢$|他|她|别人|朋友|人家"
)
_SUPPOSES = re.compile(
    r"^(?:那么?|，|,|\s)*(?:要是|如果|假如|假设|换成|万一|改成)(?:是|有|我们?|公司)*(?P<rest>.{1,14}?)(?:的话)?(?:呢|可以吗|行吗|能吗|怎么样|行不行)?[?？。]*$"
)
# "道路运输证年审" is a question put as a heading, "有营业执照" tells something
_HEADING = re.compile(
    r"[证照]|许可|登记|备案|年审|年检|年报|申报|认定|注销|变更|补办|换发|延续|审批|鉴定|公证|转移|迁移|挂失|缴纳|缴费|提取|报销|贷款|年金"
)
_TELLS = re.compile(r"我|咱|俺|[有是已了过没在]|刚|才")
_COMPLAINS = re.compile(r"投诉|举报|反映|控告|维权|没人管|不作为|态度|太过分|气死|扰民")
_OF_OTHERS = re.compile(
    r"有(?:人|个|家|几个)|邻居|隔壁|楼[上下]|门口|旁边|他们|那家|这家(?!公司是我)|偷偷|乱[倒收扔停搭]|不让|不给|扰民|没人管"
)
_LOST = re.compile(r"[证照卡本簿章牌].{0,3}(?:丢|没了|遗失|坏|烂|不见|过期|到期)")  # asks what to do about it
_STATES = re.compile(r"^(?:我|俺|咱|有|没|是|不|都|已经|刚|就|还|老家|名下|账)")
_ALL_POLICIES = re.compile(
    r"(?:那|我们?|咱们?|公司|现在|目前|都|还|能|可以|有|享受|申请|领|拿|哪些|什么|啥|些|点|子|政策|补贴|补助|优惠|扶持|奖励|的|吗|呢|没得|没|不|呀|啊|[?？。，,\s])+"
)
_ASKS_HOW_MUCH = re.compile(r"多少|标准是|怎么规定|什么时候")


def names_one(text: str) -> bool:
    """Whether a message wants one thing by name ("我想申请青年人才补贴") rather than whatever there is."""
    return bool(_NAMES_ONE.match(normalised(text)))


def supposed(text: str) -> str | None:
    """What is supposed instead of what was told ("那要是十三个月呢"); None: nothing is."""
    match = _SUPPOSES.match(normalised(text))
    return match["rest"] if match else None


def leaves(intent: str | None, text: str) -> bool:
    """Whether a message taken for a courtesy or a complaint has a word of it, so that it is no answer to our question."""
    return bool(_COMPLAINS.search(text)) if intent == "complaint" else steps_out(intent, text)


def wants_to_stop(text: str) -> bool:
    return bool(_STOPS.match(normalised(text)))


def asks_for_policies(text: str) -> bool:
    """Whether a message has words of somebody who looks for policies."""
    return bool(_ASKS_FOR_POLICIES.search(text))


def means_this(text: str, tells_facts: bool, as_of: date) -> bool:
    """Whether a message asks if one qualifies for the entry under discussion, perhaps with a fact besides ("80个人能享受吗").

    Another time asked about may mean another entry: that is for answering to find.
    """
    plain = normalised(text)
    if asked_period(text, as_of) is not None:
        return False
    leans = tells_facts and len(plain) <= LONGEST_LEANING and _ENDS_WITH_WHETHER.search(plain)
    return bool(_MEANS_THIS.match(plain) or leans)


def asks_whether(text: str, intent: str | None) -> bool:
    """Whether a message asks if somebody qualifies, rather than what the conditions are or how it is done."""
    plain = normalised(text)
    if _LISTS_CONDITIONS.search(plain) and not _ABOUT_ONESELF.search(plain):
        return False
    if (correction(text) or _ASKS_HOW_MUCH.search(plain)) and not _CHECKS.search(plain):
        return False  # "不对，我说的是租房的", "那现在的标准是多少" go on with whatever was asked
    if _ASKS_HOW_MUCH.search(plain) and not _ENDS_WITH_WHETHER.search(plain):
        return False  # "那能拿多少钱"
    if situation_alone(plain) and without_dates(plain) == plain and not _CHECKS.search(plain):
        return False  # "企业的呢" goes on with whatever was asked
    if intent == ELIGIBILITY and not (is_question(plain) or _CHECKS.search(plain)):
        return False  # "我想问创业担保贷款" asks for the entry
    if intent == ELIGIBILITY:
        return not set(asked_facets(plain)) - {"conditions"} or bool(_CHECKS.search(plain))
    return intent is None and bool(_CHECKS.search(plain) and _ABOUT_ONESELF.search(plain))


def only_tells(text: str, intent: str | None) -> bool:
    """Whether a message tells of the sender and asks for nothing."""
    if is_question(text) or is_grievance(text):
        return False
    if is_bare_statement(text):
        return True
    return intent in (None, "inform") or profile.corrected(text) is not None or bool(_MOVED.search(normalised(text)))


def yes_or_no(text: str) -> str | None:
    """The yes or no with which a message begins that goes on with something else ("不是，我们有50个人"); None for a correction."""
    match = _YES_OR_NO.match(normalised(text))
    return match["said"] if match else None


def is_about_a_person(text: str) -> bool:
    """Whether benefits are asked for on behalf of a person rather than of an enterprise."""
    plain = normalised(text)
    return bool(_PERSON.search(plain)) and not _ENTERPRISE.search(plain)


def is_bare_statement(text: str) -> bool:
    """Whether a short message asks for nothing and names nobody else, so that what it tells is told of the sender."""
    plain = normalised(text)
    if len(plain) > LONGEST_LEANING or is_question(plain) or _WANTS.search(plain):
        return False
    if _HEADING.search(plain) and not _TELLS.search(plain):
        return False
    if _OF_OTHERS.search(plain):  # a grievance tells of others
        return False
    return correction(plain) is None and situation_alone(plain) is None


def is_statement(text: str) -> bool:
    """Whether a message tells something, rather than naming a matter ("名下有套老家的房子", but not "无房证明")."""
    plain = normalised(text)
    return bool(_STATES.search(plain)) and not (_WANTS.search(plain) or _LOST.search(plain) or is_question(plain))


def asks_for_all(text: str) -> bool:
    """Whether a message asks what there is to be had and names no matter ("有什么政策")."""
    plain = normalised(text)
    return bool(
        _ALL_POLICIES.fullmatch(plain) and re.search(r"政策|补贴|补助|优惠|扶持|奖励", plain) and re.search(r"什么|啥|哪", plain)
    )
