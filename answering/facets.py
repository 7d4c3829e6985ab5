"""Which facts of an entry a message asks for, and whether it names a matter at all. Knows wording only, no entry."""

import re

# Order: the first facet found is told first.
FACET_PATTERNS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "materials": r"材料|资料|证件|清单|(要|得|需要|该)?(带|准备|交|提交|提供|携带|递)(些|点|上|好|齐)?(啥|什么|哪些|几样)|什么(东西|证明|表)|哪些(东西|证明|表)|要证明吗",
        "conditions": r"条件|要求|门槛|资格|符合|满足|够不够|算不算|能不能|可不可以|哪些人|什么人|谁能|谁可以|适用|范围",
        "steps": r"怎么(办|弄|申请|申报|办理|操作|走|搞|报|领|交|查|做|改|换|变更|转|补|注销|取消|迁|登记|注册|提|缴|退|续|延)|如何|流程|步骤|手续|程序|咋办|咋弄|怎样",
        "fee": r"多少钱|收费|费用|要钱|花钱|免费|工本费|价格|交钱",
        "time": r"多久|几天|多长时间|时限|期限|多少天|几个工作日|什么时候能(?:办|拿|好|下|出|到|完)|多快|几时|办多久|等多久",
        "place": r"在哪|哪里|哪儿|地址|窗口|去哪|地点|什么地方|哪个大厅|哪办",
        "department": r"哪个部门|哪个单位|归谁管|谁管|找谁|哪个局|什么部门|主管部门",
        "phone": r"电话|联系方式|打哪个|号码|怎么联系|咨询谁",
        "online": r"网上|线上|网址|链接|网站|入口|小程序|在线|app",
        "hours": r"上班|几点|办公时间|营业时间|周末|周六|周日|开门|下班",
        "basis": r"依据|文件|文号|哪条|出处|根据什么|法规|条款",
        "validity": r"有效期|到什么时候|(?<![证照卡件书了快要])过期(?!了|怎么|的话)|还有效|什么时候失效|执行到|哪天开始|什么时候开始",
    }.items()
}
# "变更地址", "换了手机号": the word is what the matter is about, not the fact asked for
_PART_OF_MATTER = re.compile(
    r"(变更|变动|更改|修改|更新|更换|[变换改搬迁填写]|登记|注册|经营|通讯|通信)[了过的新个]{0,3}(公司|企业|单位|店铺|门店|家庭|居住|办公|手机|联系)?(地址|地点|电话|手机)(号码|号)?"
    r"|(地址|地点|电话|手机|联系方式)(号码|号)?(已经|已|又)?[变换改搬迁](更|动|了|过|掉|成)?"
    r"|(地址|电话|手机号?|联系方式)(号码)?(变更|登记|证明|写错|填错|不一致|不符)"
    r"|(变更|修改|更换|更新|[变换改])[了过的新个]{0,3}联系方式"
)
_FACT_WORD = re.compile(r"地址|地点|电话|号码|联系方式")
# "补贴多少钱" asks what one gets, not what one pays
_MONEY_RECEIVED = re.compile(r"补|奖|返|津贴|贷|领|罚|退|工资|发放|额度|报销|扣除")
_MONEY_PAID = re.compile(r"收费|费用|要钱|花钱|免费|工本费|交钱")
_PADDING = re.compile(
    r"请问|麻烦|哪个|哪些|哪种|什么|你好|您好|我想|想|问一下|问下|知道|告诉我|那么|那个|这个|那|这|它|呢|吗|呀|啊|吧|哦|么|了|的|我|你|您|们|要|需要|得|能|可以"
    r"|都|还|就|是|有|没有|会|一般|大概|具体|到底|到时|办|办理|申请|申报|好|去|在|下来|拿|给|和|跟|与|及|以及|或者|另外|顺便|再|些|点|一下|一共|全部|上述|刚才|事项|事|项|时候|自己|本人|一个月|每个?月|一年|每年|[行成中]不|可以不|还行"
)
# The matter itself may stand between these words ("能提取公积金吗"), so they tell the facet but are not taken away as padding.
_AROUND_MATTER = {
    "materials": re.compile(r"要.{0,4}证明吗"),
    "conditions": re.compile(r"可以.{0,12}吗|能.{0,12}吗"),
}
_NOT_WORD = re.compile(r"[^0-9a-z\u4e00-\u9fff]+")
MOST_LEFT_OVER = 1


_DONE_TO_A_MATTER = re.compile(
    r"^(?:那么?|请问|想问(?:一下)?|就是)?(?:要|该|应该)?(?:怎么|如何|咋)(?P<done>[\u4e00-\u9fff]{2,4}?)(?:呢|啊|呀)?[?？。]*$"
)
_DONE_TO_ANY = re.compile(
    r"办|弄|申|操作|走|搞|做|领|缴费|交|报|查|提[交供]|预约|填|拿|取(?!消)|写|收|说|算|样|回事|联系|去|解决|处理|规定|评|准备|使用|知道|才|能|没|不|还|有"
)


def done_to_a_matter(text: str) -> str | None:
    """What is to be done, where a message says nothing but that ("怎么注销"): it is the matter, not the way; None otherwise."""
    match = _DONE_TO_A_MATTER.match(text)
    return match["done"] if match and not _DONE_TO_ANY.match(match["done"]) else None


def asked_facets(text: str) -> list[str]:
    """Facets that the text asks for, most prominent first; empty when it asks for none in particular."""
    text = _PART_OF_MATTER.sub(lambda found: _FACT_WORD.sub("它", found.group()), text)
    asked = [
        name
        for name, pattern in FACET_PATTERNS.items()
        if pattern.search(text) or (name in _AROUND_MATTER and _AROUND_MATTER[name].search(text))
    ]
    if "fee" in asked and _MONEY_RECEIVED.search(text) and not _MONEY_PAID.search(text):
        asked.remove("fee")
    return asked


def names_no_matter(subject: str) -> bool:
    """Whether a message, its stop phrases gone, is only a question about the matter under discussion ("几天能好")."""
    return len(left_over(subject)) <= MOST_LEFT_OVER


def left_over(subject: str) -> str:
    """The characters of a message besides questions for facts and padding."""
    return "".join(pieces_left(subject))


def pieces_left(subject: str) -> list[str]:
    """The same, what stands together together."""
    rest = subject
    for pattern in FACET_PATTERNS.values():
        rest = pattern.sub(" ", rest)
    return _NOT_WORD.sub(" ", _PADDING.sub(" ", rest)).split()
