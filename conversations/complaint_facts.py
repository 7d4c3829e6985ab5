"""What a complaint's message tells: where, when, how to reach the citizen. Pure; what is not recognised is asked for."""

import re

_HAN = r"\u4e00-\u9fff"
_NUMERAL = r"[0-9一二三四五六七八九十两几半]+"

# --- contact -------------------------------------------------------------------------------------------------------------

_GAP = r"[ \-—－]?"
_MOBILE = re.compile(rf"(?<!\d)(?:(?:\+|00)?86{_GAP})?(1[3-9]\d(?:{_GAP}\d){{8}})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)[(（]?(0\d{2,3})[)）]?[ \-—－]?([2-9]\d{6,7})(?!\d)")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_WECHAT = re.compile(r"(?:微信|QQ|qq)号?[是:： ]*([A-Za-z0-9_-]{5,20})")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF1A)}


def contact_in(text: str) -> str | None:
    """The first phone number as digits, else a mail address or a WeChat/QQ name; None when there is none."""
    plain = text.translate(_FULL_WIDTH)
    if match := _MOBILE.search(plain):
        return re.sub(r"\D", "", match[1])
    if match := _LANDLINE.search(plain):
        return f"{match[1]}-{match[2]}"
    if match := _EMAIL.search(plain):
        return match[0]
    return f"微信/QQ {match[1]}" if (match := _WECHAT.search(plain)) else None


def has_broken_number(text: str) -> bool:
    """Whether a message without a whole phone number seems to mean one."""
    return contact_in(text) is None and bool(re.search(r"\d(?:[ \-]?\d){4,}", text.translate(_FULL_WIDTH)))


def shown_contact(contact: str) -> str:
    """A contact as it may be shown: the middle is hidden."""
    if len(contact) <= 4:
        return "****"
    return f"{contact[:3]}****{contact[-4:]}" if re.sub(r"\D", "", contact) else f"{contact[:1]}****"


_INTRODUCED = r"[，,。；;\s]*(?:(?:我|俺)的?)?(?:联系)?(?:电话|手机号?|联系方式|号码|号)(?:号码)?(?:是|为|[:：])?"


def without_contact(text: str) -> str:
    """The text with its contacts, and the words that introduce them, taken out."""
    plain = text.translate(_FULL_WIDTH)
    for pattern in (_MOBILE, _LANDLINE, _EMAIL, _WECHAT):
        plain = pattern.sub("\0", plain)
    plain = re.sub(rf"{_INTRODUCED}\s*\0", "", plain).replace("\0", "")
    return re.sub(
        r"[，,。；;\s]*(?:我的?)?(?:联系)?(?:电话|手机号?|联系方式)(?:号码)?(?:是|为|[:：])?\s*(?=[，,。；;]|$)", "", plain
    ).strip()


# --- time ----------------------------------------------------------------------------------------------------------------

_PART_OF_DAY = r"(?:今早|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里|夜间|深夜|半夜|凌晨|后半夜)"
_HOUR = rf"(?:{_NUMERAL}[点时](?:半|{_NUMERAL}分?|多|左右)?)"
_MOMENT = re.compile(
    "|".join(
        (
            rf"(?:(?:20)?\d\d年|去年|今年|前年)?{_NUMERAL}月(?:份|初|中旬|底)?(?:{_NUMERAL}[日号])?(?:{_PART_OF_DAY})?{_HOUR}?",
            r"20\d\d[-/.]\d{1,2}[-/.]\d{1,2}",
            r"(?:20)\d\d年",
            rf"(?:上上?个?|这个?|本)?(?:周|星期|礼拜)[一二三四五六日天末](?:{_PART_OF_DAY})?{_HOUR}?",
            rf"(?:上上?个?|这个?|本)(?:周|星期|礼拜|月)(?:初|中旬|底|末)?(?:{_NUMERAL}[日号])?",
            rf"(?:大前|前|昨|今)[天日晚](?:{_PART_OF_DAY})?{_HOUR}?",
            rf"今早|刚才|刚刚|最近|近期|近来|这几天|这两天|前几天|前些天|前阵子|前段时间|这段时间|{_NUMERAL}[日号](?={_PART_OF_DAY})",
            rf"(?:春节|过年|国庆节?|五一|中秋节?|端午节?|元旦)(?![大中南北东西]?(?:路|街|巷|道|村|社区|小区|广场|新村|花园|桥|商场|饭店|酒店|医院|学校|小学|中学))(?:{_PART_OF_DAY})?|去年|今年|前年|年初|年前|年底|年后|暑假|寒假",
            rf"(?:连续|已经|都|快|有)?{_NUMERAL}多?个?多?(?:天|周|星期|礼拜|月|年|小时|钟头)多?(?:前|以来|了)?",
            rf"(?:每[天日晚周]|每到|一到|天天|夜夜|经常|一直|长期|常年|隔三差五|三天两头|从[^，。]{{1,8}}开始)(?:{_PART_OF_DAY}|周末)?{_HOUR}?",
            rf"(?:{_PART_OF_DAY}){_HOUR}",
            r"半夜|凌晨|深夜|夜间|后半夜|(?:有)?个把(?:月|星期|礼拜|钟头|小时)了?|好几(?:天|个?月|年|个?星期)了?|(?:去年|今年)?(?:腊月|正月)|开学|放假",
        )
    )
)
_JOINT = re.compile(r"[的到至从，,、\s]{0,2}")
_NOT_A_TIME = re.compile(r"(?:一个小时|百年|多年生)")
_CLOCK_ONLY = re.compile(rf"(?:{_PART_OF_DAY})?{_HOUR}?$")


def time_in(text: str) -> str | None:
    """When it happened, as told ("上周五晚上10点", "三个月了", "每天半夜"); None when the message tells no time."""
    spans: list[tuple[int, int]] = []
    for match in _MOMENT.finditer(text):
        if not match.group() or _NOT_A_TIME.match(match.group()):
            continue
        start, end = match.span()
        if spans and _JOINT.fullmatch(text, spans[-1][1], start):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    if not spans:
        return None
    told = "、".join(dict.fromkeys(text[start:end].strip("，, 的从") for start, end in spans[:2]))
    return told[:40]


# --- place ---------------------------------------------------------------------------------------------------------------

_NAMED_TAIL = (
    "小区|花园|家园|花苑|苑|新村|公寓|大厦|广场|商场|商城|超市|菜市场|农贸市场|市场|步行街|大街|大道|路口|路段|公路|高速|街道|社区|"
    "工业园|产业园|园区|开发区|高新区|新区|新城|小学|中学|高中|初中|学校|幼儿园|大学|学院|医院|诊所|卫生院|卫生服务中心|养老院|敬老院|饭店|酒店|宾馆|餐厅|"
    "火车站|汽车站|高铁站|地铁站|公交站|车站|客运站|码头|机场|公园|水库|大桥|大厅|政务中心|市民中心|服务中心|便民中心|中心|派出所|"
    "加油站|停车场|体育馆|健身房|俱乐部|工厂|公司|集团|工地|矿|驾校|银行|窗口|[区县市镇乡村路街巷弄河湖桥店厂局所站]"
)
_FLOOR = r"(?:[A-Za-z0-9一二三四五六七八九十]{1,5}(?:号楼(?![下上])|号院|号窗口|号门|号线|单元|号|栋|幢|座|楼|室|层|期|组|队|排|弄|区))"
_AROUND = r"(?:小区|社区|门口|楼下|楼上|旁边|附近|对面|里面|门前|后面|东门|西门|南门|北门|隔壁|北侧|南侧|东侧|西侧|交叉口|交汇处|窗口|大厅|一带|地下室|停车场|工地|车库|食堂|楼道|施工现场|[A-Za-z]区)"
_NAME = rf"[{_HAN}A-Za-z0-9]{{1,9}}?(?:{_NAMED_TAIL})"
_PLACE = re.compile(
    rf"(?:{_NAME}|{_FLOOR})(?:{_FLOOR}|{_AROUND}|[{_HAN}]{{2,6}}?(?:中心|窗口|大厅|局|医院|小区|路|街道|镇|村)|[^\W在到的有和跟从被]{{0,4}}?(?:公司|工厂|医院|菜市场|农贸市场|超市|广场|商场|大厦|公园|小学|中学|幼儿园|派出所|停车场|车站|公交站|饭店|酒店|银行|加油站))*"
)
# what stands before a name but is no part of it
_LEAD = re.compile(
    r".*(?:我们|咱们|你们|他们|投诉|举报|反映|建议|住在|位于|发生在|地点|地址|隔壁|楼下|楼上|旁边|附近|对面|这里|那里|这边|那边|这个|那个|一个|一家|有个|有家|"
    r"关于|因为|自从|昨天|今天|前天|昨晚|早上|上午|下午|晚上|半夜|凌晨|最近|一直|天天|每天|经常|现在|已经|请问|您好|你好|月份?|周[一二三四五六日末]|"
    r"[我在到去从是的有被和跟找往给让把向叫说了就也都还又][点号日]?|\d[点日])(?=..)"
)
_TIME_REST = re.compile(r"^[点号日个年月天]+")
_NO_NAME = frozenset(
    "小大老整全本该某各这那跑赶抄绕条道旁前后上下左右里外家马道公网铁半走一街问线电出让思套门超城都地片灾社学夜菜集上门市场监管社会"
) | {
    "居住", "我家", "本地", "当地", "城市", "地方", "整个", "全部", "同一", "物业", "开发", "住宅", "自己", "老旧", "附近", "工作", "行政", "有关", "相关",
    "几个", "两个", "多个", "隔壁", "这条", "那条", "一条", "门口", "村里", "镇上", "县里", "市里", "区里", "城管", "公安", "法院", "职能", "主管", "培训",
    "装修", "施工", "劳务", "房产", "保险", "快递", "出租", "建筑", "律师", "办事", "服务", "办证", "咨询", "便民", "烧烤", "早餐", "餐饮", "理发", "美容", "农药",
    "药", "饭", "孩子", "4S", "网", "商", "酒", "书", "分", "总", "子", "母", "当", "检查", "不知", "没人", "没有", "无证", "黑", "假", "建材", "修车", "洗车", "化工", "造纸",
}  # fmt: skip
_ANY_PLACE = re.compile(
    rf"(?:{_NAMED_TAIL}|{_FLOOR}|{_AROUND}|家里|路边|楼道|全市|全县|网上|线上|微信|抖音|淘宝|拼多多|平台|电话里)"
)


def place_in(text: str) -> str | None:
    """Where it happened, by name or number ("阳光小区3号楼", "社保局窗口"); None for "小区里" and the like, which is nowhere in particular."""
    best = ""
    for match in _PLACE.finditer(text):
        found = _LEAD.sub("", match.group())
        found = _TIME_REST.sub("", found)
        if _is_named(found) and len(found) > len(best):
            best = found
    return best[:60] or None


def some_place_in(text: str) -> str | None:
    """Where, said as an answer to "where?": any place word will do."""
    return place_in(text) or (text.strip("，,。 ")[:60] if _ANY_PLACE.search(text) else None)


def _is_named(found: str) -> bool:
    if not (core := re.match(rf"([{_HAN}A-Za-z0-9]+?)(?:{_NAMED_TAIL})", found)):
        return bool(re.match(_FLOOR, found)) and bool(re.search(r"(?:栋|幢|号楼|单元|室)", found))
    name = core[1]
    return name not in _NO_NAME and not _MOMENT.fullmatch(name) and not re.search(r"[了不没吗吧]|[在到的]$", name)


# --- kind ----------------------------------------------------------------------------------------------------------------

_SUGGESTS = re.compile(r"(?:我|想|提)?(?:有?个?|提个?|一?点?)建议|提议|意见建议|希望.{0,20}(?:增设|增加|延长|开通|改进|优化)")
_NEEDS_HELP = re.compile(r"求助|求帮忙|帮帮(?:我|忙)|请求帮助|能不能帮")


def kind_of(text: str) -> str:
    """Whether the citizen complains, asks for help or suggests something: complaint, help or suggestion."""
    if re.search(r"投诉|举报|态度|扰民|乱收费|不作为", text):
        return "complaint"
    if _SUGGESTS.search(text):
        return "suggestion"
    return "help" if _NEEDS_HELP.search(text) else "complaint"
