"""What messages mean to a complaint that is being taken, besides the facts that it asks for. Pure; word lists."""

import re

_NO_CONTACT = re.compile(
    r"(?:不想|不要|不愿意?|不方便|别|不用|不必|不肯|不|没法|懒得)(?:再|让你们|给你们)?(?:留|给|填|写|登记|告诉|说|透露|提供|记|打)(?:我的?|你们?|您)*(?:联系)?(?:电话|手机|号码|联系方式)"
    r"|(?:没有?|没得|莫得|冇)(?:装|用|买)?(?:个)?(?:电话|手机|号码|联系方式)|(?:电话|手机|号码|联系方式).{0,4}(?:不(?:留|给|填|写|说|方便|想|用|告诉)|没有|保密|免了)"
    r"|^(?:就|那|都|电话)*(?:免|拉倒|不了)(?:了|吧|啦)*[。.!！]*$|无可奉告|匿名|别联系我|不要联系我|怕.{0,6}(?:报复|找.{0,4}麻烦|穿小鞋|知道是我|泄露)"
    r"|^(?:我|俺|就|偏|才|真|都|[，,\s])*(?:不(?:想|愿意?|肯|能)?(?:给|留|说|告诉|提供)|没得|冇)(?:你们?|您|他们?|了|啊|吧|呢|哈|的|[。.!！\s])*$"
)
_WHY_CONTACT = re.compile(
    r"(?:干嘛|干吗|干啥|干什么|为什么|为啥|为何|凭什么|凭啥|做什么|做啥|什么用|啥用|必须|非得|一定要?|要不要|得不得|会不会|能不能不|可以不|可不可以不).{0,10}(?:电话|号码|手机|联系方式|号|留|泄露|知道|告诉|找我)"
    r"|(?:电话|号码|手机|联系方式|号|留).{0,8}(?:有?啥用|什么用|干嘛|干吗|干什么|干啥|做什么|做啥|什么用|为什么|为啥|安全吗|保密吗|必须|必要)|(?:保密|泄露)(?:吗|么|不)"
)
# What a message must hold to be a courtesy or another request while the form waits for an answer: people tell a story in pieces,
# and a piece ("一个多礼拜了") is easily taken for a farewell or a bad rating.
_STEPS_OUT = {
    "human_handoff": r"人工|客服|真人|活人|坐席|座席|转接|接线|话务|人(?:来|跟我)?说|和人说|找个人|有人吗",
    "progress_query": r"进度|进展|到哪|办到|办得|查(?:一下|询|下)|工单|编号|单号|怎么样了|咋样|结果|(?:投诉|诉求|反映|举报)的?.{0,6}(?:呢|没|吗|了)$|上次",
    "greet": r"你好|您好|在吗|在不|早上好|上午好|下午好|晚上好|哈喽|hello|hi|你是谁|你是(?:什么|机器|人|真|个)|你能",
    "goodbye": r"再见|拜|回见|bye|先这样|走了$|不聊|下次|改天|晚安|先忙",
    "thanks": r"谢|辛苦|感激|多亏|麻烦你",
    "feedback_positive": r"有用|好评|[赞棒👍]|满意|不错|[很真挺]好|谢|解决了|明白",
    "feedback_negative": r"没用|没有用|差评|垃圾|不满意|不[好行]|不对(?!.*\d)|没解决|答非所问|👎|糊弄|敷衍|什么玩意|听不懂|没懂|白[说问]",
    "stop": r"算了|取消|不[办弄说搞填问]|停|结束|退出|终止|不要了",
}
_OUT = {intent: re.compile(pattern, re.IGNORECASE) for intent, pattern in _STEPS_OUT.items()}
_RESUMES = re.compile(
    r"(?:还是|接着|继续|重新|又想|要|想).{0,6}(?:投诉|登记|举报|反映|报).{0,8}(?:刚才|刚刚|之前|那个|那件|前面|那事)|(?:刚才|刚刚|之前|前面)(?:的|那个?|说的|那件|取消的)*(?:投诉|举报|诉求|事情?).{0,6}(?:还是|继续|接着|重新|再|要)"
    r"|^(?:等下|等等|不|算了|那|我|还是|[，,\s])*(?:还是|接着|继续)(?:要|给我|帮我|想|来)*(?:登记|投诉|举报|反映)(?:吧|了|上|一下|下)*[。.!！\s]*$"
)
_DENIED = re.compile(
    r"不是(?!我说|我|说|吧|吗)(?P<wrong>[^，,。是]{1,12}?)[，,\s]*(?:，|,|而?是|应该是|改成)(?P<right>[^，,。]{1,20})"
    r"|(?P<wrong2>[^，,。\s]{1,12})(?:改成|换成|写成|应该是|要改成)(?P<right2>[^，,。]{1,20})"
)
_SLIP = re.compile(r"等(?:一)?下|等等|不对|错了|说错|记错|搞错|不是.+是|打错|写错|更正|改成|写成|应该是")


_GRIEVES = re.compile(
    r"(?<!没)(?<!没有)(?<!不)(?:拖欠|克扣|(?<!拖)欠).{0,8}(?:工钱|工资|钱|款|押金)|(?:不给|不发).{0,3}(?:工钱|工资)|(?:不赔|不退|不修|不理|没人管|不作为|跑路了|骗了|乱收费|扰民|打人了|霸占)"
    r"|(?:偷偷|乱|随便)(?:倒|扔|停|搭|挖|排)|三无|卖.{0,4}(?:过期|变质|假|有毒)|冒(?:黑|浓)烟|吃坏|拉肚子"
)
_OF_SOMEBODY = re.compile(
    r"窗口|大厅|工作人员|办事员|物业|老板|包工头|医院|医生|学校|老师|城管|派出所|村干部|保安|司机|快递|商家|店家|饭店"
)
_AT_FAULT = re.compile(r"态度|[骂凶推拖刁欺]|不(?:给|让|理|管|办)|太差|太坏|恶劣|刁难|踢皮球|跑了.{0,3}趟|乱")


def is_grievance(text: str) -> bool:
    """Whether a message tells of a wrong done by somebody else than the assistant."""
    return bool(_GRIEVES.search(text) or (_OF_SOMEBODY.search(text) and _AT_FAULT.search(text)))


def declines_contact(text: str) -> bool:
    """Whether a message says that no contact is to be left, in whatever words and for whatever reason."""
    return bool(_NO_CONTACT.search(text.strip())) and not asks_why_contact(text)


def asks_why_contact(text: str) -> bool:
    """Whether a message asks what the contact is for instead of leaving it."""
    return bool(_WHY_CONTACT.search(text.strip()))


def steps_out(intent: str | None, text: str) -> bool:
    """Whether a message taken for a courtesy or a request of another kind has a word of it."""
    pattern = _OUT.get(intent or "")
    return pattern is not None and bool(pattern.search(text))


def resumes(text: str) -> bool:
    """Whether a message takes a complaint up again that was called off ("还是要投诉，就刚才那个")."""
    return bool(_RESUMES.search(text.strip()))


def slip_in(text: str) -> tuple[str, str] | None:
    """What was said wrongly and what is right ("不是周三是周四"); None when a message corrects nothing of the kind."""
    match = _DENIED.search(text.strip())
    if match is None:
        return None
    wrong, right = match["wrong"] or match["wrong2"], match["right"] or match["right2"]
    return wrong.strip(), right.strip(" 的吧啊了呢")


def corrects(text: str) -> bool:
    """Whether a message sets something right that was told before."""
    return bool(_SLIP.search(text.strip()))
