"""Takes out of a text what belongs to one person: greetings, names, numbers, homes, plates. Pure; says what it changed."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from conversations.masking import mask_personal_data
from tickets import rules

_SURNAMES = (
    "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|[王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝]"
)
_TITLE = "先生|女士|小姐|老板|师傅|大哥|大姐|大爷|大妈|阿姨|叔叔|同学|总|经理|老师|主任|科长|会计"
_CALL = rf"(?:{_SURNAMES})(?:{_TITLE})"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_HOUSE = r"(?:\d+|[一二三四五六七八九十]+)"
_PLACE = r"(?:(?![到在住去于往向是的给从])[一-鿿])"
_END = r"(?=[，,。！!；;、\s]|$)"


@dataclass(frozen=True)
class Change:
    """What was there, what it was taken for, what stands there now (nothing: it was left out)."""

    kind: str
    before: str
    after: str


_Rule = tuple[str, re.Pattern[str], str]
_RULES: tuple[_Rule, ...] = (
    ("客套", re.compile(rf"^\s*(?:(?:{_CALL})[，,、：:\s]*)?(?:您好|你好|早上好|上午好|下午好|晚上好)(?:[，,！!。：:\s]*(?:{_CALL}))?[，,！!。：:\s]*"), ""),
    ("客套", re.compile(r"(?:(?:我(?:这边)?是|这里是)[^，,。！!]{0,12}(?:坐席|客服|工号|话务员|接线员|值班员|工作人员)[^，,。！!]{0,10}[，,。！!]\s*)"), ""),
    ("客套", re.compile(r"(?:很高兴为您服务|请问有什么(?:可以|能)?帮(?:到|助)?您的?吗?|请您?稍等(?:一下)?|让您久等了|感谢您的(?:来电|咨询|耐心等待))[，,。！!？?~～\s]*"), ""),
    ("客套", re.compile(r"(?:祝您生活愉快|祝您?工作顺利|再见|谢谢|不客气|如有(?:其他)?(?:疑问|问题)[^。！!]{0,20}(?:来电|联系我们?|咨询))[，,。！!~～\s]*$"), ""),
    ("称呼", re.compile(rf"(?:{_CALL})(?:您好|你好)?[，,、]\s*"), ""),
    ("称呼", re.compile(rf"{_CALL}"), "您"),
    ("姓名", re.compile(rf"(?P<keep>(?:姓名|联系人|申请人|户主|本人|我叫|叫做|名叫|经办人|法人代表|法定代表人)[是为：:\s]*)(?:{_SURNAMES})[一-鿿·]{{1,2}}{_END}"), "[姓名]"),
    ("车牌", re.compile(rf"[{_PROVINCES}][A-HJ-NP-Z][·\s]?[A-HJ-NP-Z0-9]{{5,6}}(?![A-Za-z0-9])"), "[车牌号]"),
    (
        "住址",
        re.compile(
            rf"(?:{_PLACE}{{2,12}}?(?:路|街|道|巷|弄|大道)\d+号)?{_PLACE}{{2,10}}?(?:小区|花园|家园|公寓|新村|苑|庭|府|城){_HOUSE}(?:栋|幢|号楼|座|期)"
            rf"(?:{_HOUSE}单元)?(?:{_HOUSE}[室号房])?|{_HOUSE}(?:栋|幢|号楼){_HOUSE}单元(?:{_HOUSE}[室号房]?)?|{_PLACE}{{2,8}}村{_HOUSE}组(?:{_HOUSE}号)?"
        ),
        "[住址]",
    ),
    ("企业名称", re.compile(r"(?P<keep>(?:贵公司|您公司|你公司|您单位|我们?公司|我单位)[（(：:是叫]*)[一-鿿（）()]{3,20}(?:有限(?:责任)?公司|股份公司|商行|经营部)"), "[企业名称]"),
)  # fmt: skip
_WHERE = re.compile(r"\[(?:身份证号|银行卡号|电话号码)\]")


def depersonalise(text: str, is_official: Callable[[str], bool] = lambda _number: False) -> tuple[str, list[Change]]:
    """The text without what belongs to one person, and every change.

    Args:
        is_official: whether a phone number is an office's own (published) and stays.
    """
    changes: list[Change] = []
    for kind, pattern, put in _RULES:

        def replace(match: re.Match[str], kind: str = kind, put: str = put) -> str:
            keep = match.groupdict().get("keep") or ""
            if match[0].strip():
                changes.append(Change(kind, match[0][len(keep) :].strip(), put))
            return keep + put

        text = pattern.sub(replace, text)
    text = _without_numbers(text, is_official, changes)
    number = rules.number_in(text)
    if number:
        changes.append(Change("工单编号", number, ""))
        text = rules.without_number(text)
    return re.sub(r"[ \t]{2,}", " ", text).strip(" ，,、"), changes


def _without_numbers(text: str, is_official: Callable[[str], bool], changes: list[Change]) -> str:
    """Identity, card and phone numbers, but for the phone numbers of offices."""
    kept: dict[str, str] = {}

    def hide(match: re.Match[str]) -> str:
        if not is_official(match[0]):
            return match[0]
        mark = chr(0xE000 + len(kept))  # private use: the masking sees no digits
        kept[mark] = match[0]
        return mark

    text = re.sub(r"(?<![0-9A-Za-z])(?:0\d{2,3}[-－—\s]?)?[2-9]\d{6,7}(?![0-9A-Za-z])", hide, text)
    masked = mask_personal_data(text)
    if masked != text:
        labels = _WHERE.findall(masked)
        parts = [re.escape(part) for part in _WHERE.split(masked)]
        match = re.fullmatch("(.+?)".join(parts), text, re.DOTALL)
        before = match.groups() if match else [""] * len(labels)
        changes += [Change(label.strip("[]"), was, label) for label, was in zip(labels, before, strict=False) if was != label]
    for mark, number in kept.items():
        masked = masked.replace(mark, number)
    return masked
