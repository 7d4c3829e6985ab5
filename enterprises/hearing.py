"""What a message tells: as the answer to a question of ours, or by the way in free text. Pure; understands words, keeps nothing.

Nothing is guessed: a number counts for a fact only beside words that name the fact, a question ("算不算…") tells nothing.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from enterprises.dates import read_months, read_period
from enterprises.facts import NUMERIC, Fact, registry
from enterprises.numerals import Found, find_numbers, read_numeral
from enterprises.values import NO, YES, Amount, Choice, Facts, FactValue, Place

_CLAUSE = re.compile(r"[，,。；;、!！?？\n ]+")
_MONEY = re.compile(r"^(?:亿?元|块钱?|人民币)?$")
_UNITS_OF = {
    "人": re.compile(r"^(?:人|员工|职工|工人|人员|师傅|伙计)?$"), "万元": _MONEY, "%": re.compile(r"^(?:%|个点)?$"),
    "平方米": re.compile(r"^(?:平方米|平方|平米|㎡|平)?$"), "岁": re.compile(r"^岁?$"), "分": re.compile(r"^$"),
}  # fmt: skip
_TELLING_UNITS = frozenset({"岁", "平方米"})  # a number with such a unit needs no words beside it
BARE_TEN_THOUSANDS = 10_000  # a bare number below it answers "how many 万元"; above, the unit must be said
_WAN = 10_000
MOST_PEOPLE = 1_000_000  # no enterprise has more
_SKIP = re.compile(
    r"^(?:这个|这项|这点)?(?:我|我们)?(?:也|还|真|都)?(?:跳过|略过|不清楚|不太清楚|不知道|不太知道|不晓得|不确定|不好说|说不准|说不清|不记得了?|记不清了?|没统计过?|没算过|过|下一个|下一题|不想说|不方便说|保密|待定|不懂)"
    r"(?:了|啊|呀|吧|哦|呢|的)*$"
)
_UNSURE = re.compile(
    r"(?:不太?清楚|不太?知道|不晓得|不确定|不好说|说不准|说不好|没问过)(?:有没有|是不是|算不算|能不能|够不够|到底|具体|多少|怎么算)[^?？]{0,14}$"
)
_NO = re.compile(
    r"^(?:(?:都|全|也|一个|一点|目前|暂时|现在|应该|好像|肯定|基本|从来|我们|公司)*)(?:没有?|没|无|不是|不|否|未|还没|不会|不做|不算|零|0(?!\d)|木有|没有过)"
)
_LEAD = r"^(?:(?:都|全|也|目前|现在|应该|我们|公司|已经|早就|早|那|当然|肯定|刚|才)*)"
_YES = re.compile(rf"{_LEAD}(?:是|有|对|嗯+|好|行|可以|符合|达到|达标|没问题|没错|ok|yes)")
# A verb alone is a yes to a question that has it: "交了" to "缴了吗", never "交了社保" to "是不是重点群体".
_ECHO = re.compile(
    rf"{_LEAD}(?P<verb>会|做|能|满|签|缴|交|办|同意|结清|完成|增加|增长|涨|享受|备案|完工|良好|租|在|齐|全|入|测|升|评|认定)"
)
_ECHOED = {"交": "缴", "涨": "增", "完成": "完", "评": "评认", "齐": "足齐", "全": "足全"}
_FIRST_TIME = re.compile(r"(?<!不是)(?<!不算)(?:第一次|首次|头一[回次]|第一回)")
_NEVER_PAID = re.compile(  # "没房" says nothing of months
    rf"(?:{_NO.pattern})(?:有|交|缴|存|买|参|保|社保|公积金|失业保险|养老保险|过|了|的|啊|呢|吧|哦)*$"
)
_ONLY_NO = re.compile(r"没错|没问题|不错")
_PEOPLE_AFTER = re.compile(r".?(?:个|人|名|位|号人|员工|职工)")
_RELATIVE = re.compile(
    r"(?:妈|爸|爹|娘|爷|奶|公|婆|姥|老人|父亲|母亲|老伴|老头|老太太?)(?:.{0,2}(?:今年|现在|都|快|已经))*$|(?:我|俺|本人|老汉)(?:今年|已经|都快)+$"
)
YOUNGEST, OLDEST = 16, 120
_TENTHS = re.compile(r"([一二两三四五六七八九1-9])成(?![立功员本为])")
_DENIED = re.compile(r"(?:不是|没有?|不|非|未|不算)(?:什么|啥)?$")
_SLIP = re.compile(
    r"(?<=.)[，,。、\s]*(?:哦|啊|噢|呃)?(?:不对|不不+|说错了?|搞错了?|记错了?|打错了?|错了)[，,。、\s]*(?:我|哦|啊)?(?:应该|其实|就)?是?(?=.{2})"
)
_NEWLY = re.compile(r"招|聘|录用|吸纳|新进|新增|来了")
_QUESTION = re.compile(
    r"[?？]|吗|么$|呢$|什么|啥|怎么|咋|怎样|如何|多少(?!都)|哪|几(?:天|时|个工作日)|谁|能不能|可不可以|是不是|有没有|算不算|为啥|为何"
    r"|行不行|好不好|要不要|用不用|够不够|成不成|(?:有|能|会|要|行|算|给|可以|够|得).{0,10}(?:(?<!都)(?<!也)(?<!又)(?<!要)不|没得|(?<!还)(?<!都)(?<!也)没)[?？。]?$"
)
_ASKS_WHETHER = re.compile(
    r"(?:算不算|是不是|是否|属不属于|属于|算是|算|能否|可以|能|怎么|如何|要|想|转|改成|变成|升级|申请|认定|申报|评)[^，,。]{0,4}$"
)
_PLACE = re.compile(r"[\u4e00-\u9fff]{2,}?(?:省|市|区|县|旗)(?:[\u4e00-\u9fff]{1,6}?(?:市|区|县|旗)){0,4}")
_PLACE_ALONE = re.compile(rf"(?:就|是|在|我们?在|[，,\s])*(?P<place>{_PLACE.pattern})(?:的|这边|这里)*[。.!！]*")
_PLACE_LEAD = r"(?:注册|登记|纳税|开|办|搬|迁|设|落户|坐落)?(?:地|地址)?(?:是)?(?:在|到|去|至|于)"
_PLACE_TOLD = re.compile(
    rf"(?:我们?|咱们?|公司|企业|单位|厂|店|总部|本店)[^，,。?？]{{0,6}}?{_PLACE_LEAD}(?:了)?(?P<place>{_PLACE.pattern})(?!的?(?:政策|补贴|规定))"
    rf"|^(?:注册|登记|纳税|经营)(?:地|地址)?(?:[和也都就是、]|注册|登记|纳税|经营)*(?:在)(?P<bare>{_PLACE.pattern})"
    rf"|(?:搬|迁)(?:到|去|至)了?(?P<moved>{_PLACE.pattern})|我们?是(?P<from>{_PLACE.pattern})的|我(?:们|家)?(?:现在)?住(?:在)?(?P<lives>{_PLACE.pattern})|(?:[，,。 ])在(?P<apart>{_PLACE.pattern})(?=[，,。 ]|$)"
)
_SELF = re.compile(r"我|咱|俺|本(?:公司|店|厂|企业|单位)|(?:^|[，,。 ])(?:公司|厂|店|员工|职工|企业|单位)(?!所得税|名称)")
_HYPOTHETICAL = re.compile(
    r"如果|要是|假如|假设|万一|换成|^那.{0,14}呢|比如|(?<!我)(?<!我们)(?<!咱)的(?:企业|公司|单位|人)(?:能|可以|是不是|算)"
)
_SUPPOSED_LEAD = re.compile(r"^(?:那么?|要是|如果|假如|换成|有|只有|才|是|\s)+")
_PEOPLE_CONTEXT = re.compile(r"我|咱|公司|厂|店|企业|单位|员工|职工|雇|共")


@dataclass(frozen=True)
class Heard:
    """What one message tells about its sender.

    Attributes: told: fact → value; about_self: whether it is told of the sender, not of some or any enterprise.
    """

    told: dict[str, FactValue]
    about_self: bool


def normalised(text: str) -> str:
    """Half-width, lower case, without spaces at the ends: what the readers of this package expect."""
    return unicodedata.normalize("NFKC", text).lower().strip().replace("好几", "几")


def _settled(text: str) -> str:
    """What holds of a message that corrects itself ("8%吧 不对 是4%")."""
    *slips, rest = _SLIP.split(text)
    return rest if slips and slips[0].strip() else text


def is_question(text: str) -> bool:
    """Whether a message asks something rather than tells."""
    return bool(_QUESTION.search(normalised(text)))


def is_skip(text: str) -> bool:
    """Whether it declines to answer: 跳过, 不清楚."""
    plain = re.sub(r"[。.!！~,，\s]+$", "", normalised(text))
    return bool(_SKIP.match(plain) or _UNSURE.search(plain))


def read_answer(name: str, text: str, today: date) -> FactValue | None:
    """The answer to our question for this fact; None when it was not understood."""
    fact, plain = registry()[name], re.sub(r"[。.!！~]+$", "", _settled(normalised(text)))
    if fact.type in NUMERIC:
        return _numeric_answer(fact, plain)
    if fact.type == "date":
        return read_period(plain, today, past=not fact.future)
    if fact.type == "place":
        match = _PLACE.search(re.sub(r"^.*?(?:在|到|是)", "", plain)) or _PLACE.search(plain)
        return Place(match.group()) if match else None
    if fact.type == "choice":
        return _choice(fact, plain)
    return _yes_no(fact, plain)


def place_alone(text: str) -> Place | None:
    """The place that a message consists of ("样板县", "在示例区"); None when it says more."""
    match = _PLACE_ALONE.fullmatch(normalised(text))
    return Place(match["place"]) if match else None


def read_share(name: str, text: str, known: Facts) -> Amount | None:
    """A percentage told as a number of people ("新招了3个"), where the number of all is known; None otherwise."""
    fact = registry()[name]
    whole = known.get(fact.share_of) if fact.share_of else None
    if not isinstance(whole, Amount) or not whole.low or whole.low != whole.high:
        return None
    clauses = [clause for clause in _CLAUSE.split(normalised(text)) if find_numbers(clause)]
    clauses = [clause for clause in clauses if _NEWLY.search(clause)] or (clauses if len(clauses) == 1 else [])
    for found in find_numbers(clauses[0]) if clauses else ():
        if found.unit in {"", "个", "人"} and not found.scaled and (found.amount.high or 0) <= whole.low:
            return found.amount.scaled(100.0 / whole.low)
    return None


def hear(text: str, today: date) -> Heard:
    """Facts told in a message, whatever it is about."""
    plain = _settled(normalised(text))
    told: dict[str, FactValue] = {}
    for clause in _CLAUSE.split(plain):
        for name, value in _heard_in(clause, plain, today):
            told.setdefault(name, value)
    place = _PLACE_TOLD.search(plain)
    if place and not _HYPOTHETICAL.search(plain):
        told["所在地区"] = Place(
            place["place"] or place["bare"] or place["moved"] or place["from"] or place["lives"] or place["apart"]
        )
    return Heard(told, bool(_SELF.search(plain)) and not _HYPOTHETICAL.search(plain))


def _heard_in(clause: str, text: str, today: date) -> Iterator[tuple[str, FactValue]]:
    numbers = find_numbers(clause)
    for fact in registry().values():
        if fact.not_near_pattern and fact.not_near_pattern.search(clause):
            continue
        value: FactValue | None = None
        if fact.type in NUMERIC:
            value = _number_beside(fact, clause, text, numbers)
        elif fact.type == "date":
            asks = re.search(r"什么时候|多久|几年|几个月|满.{0,4}(?:吗|没)", clause)
            if not asks and any(hint in clause for hint in fact.hints):
                value = read_period(clause, today, past=not fact.future)
        elif fact.type == "choice":
            value = _choice_named(fact, clause)
        elif fact.type == "yes_no" and not _QUESTION.search(clause):
            if fact.no_pattern and fact.no_pattern.search(clause):
                value = Choice.of(NO)
            elif fact.yes_pattern and (match := fact.yes_pattern.search(clause)):
                value = Choice.of(NO if _DENIED.search(clause[: match.start()]) else YES)
        if value is not None:
            yield fact.name, value


def _number_beside(fact: Fact, clause: str, text: str, numbers: list[Found]) -> FactValue | None:
    for pattern, meaning in fact.phrases.items():
        if re.search(pattern, clause) and not _QUESTION.search(clause):
            return _phrase(meaning)
    if fact.type == "months":
        return read_months(clause) if any(hint in clause for hint in fact.hints) and not _QUESTION.search(clause) else None
    for found in numbers:
        if not _fits(fact, found):
            continue
        before, after = clause[: found.start], clause[found.end :]
        named = max((before.rfind(hint) for hint in fact.hints), default=-1) >= 0
        named = named or any(after.startswith((hint, f"的{hint}")) for hint in fact.hints)
        if fact.unit == "人":
            counted = bool(found.unit) or bool(
                re.match(r"人|员工|职工|号人|个人", after) or re.search(r"人数(?:[是为有约共]|改成|改为|变成)*$", before)
            )
            in_general = fact.name == "从业人数" and (bool(_PEOPLE_CONTEXT.search(text)) or not _SUPPOSED_LEAD.sub("", before))
            named = counted and (named or in_general)
        if fact.unit in _TELLING_UNITS:
            named = bool(found.unit)
            if fact.unit == "岁" and not found.unit:  # "我妈今年八十一了"
                named = bool(_RELATIVE.search(before) and re.match(r"[多来]?(?:了|$)", after)) and not found.scaled
                named = named and (found.amount.low or 0) >= YOUNGEST and (found.amount.high or OLDEST) < OLDEST
        elif fact.unit == "万元" and not found.scaled and not found.unit:
            named = False
        if named and not _limits_others(clause[found.start :]):
            return _in_unit(fact, found)
    return None


def _limits_others(words: str) -> bool:
    """Whether a number only names a class: "300人以下的企业"."""
    return bool(re.match(r"[^，,的]{0,10}(?:以下|以上|以内)的(?:企业|公司|单位|小微)", words))


def _fits(fact: Fact, found: Found) -> bool:
    pattern = _UNITS_OF.get(fact.unit)
    return pattern is None or bool(pattern.match(found.unit))


def _in_unit(fact: Fact, found: Found) -> Amount | None:
    amount = found.amount
    if fact.unit == "万元":
        if found.scaled or found.unit:
            factor = 10_000.0 if found.unit == "亿元" and not found.scaled else 1.0
            amount = amount.scaled(factor / _WAN)
        elif (amount.high or amount.low or 0) >= BARE_TEN_THOUSANDS:
            return None
    if fact.signed and amount.low == 0 and amount.high != 0:
        amount = Amount(None, amount.high, False, amount.high_open)
    return amount


def _numeric_answer(fact: Fact, text: str) -> FactValue | None:
    for pattern, meaning in fact.phrases.items():
        if re.search(pattern, text):
            return _phrase(meaning)
    if fact.type == "months":
        months = read_months(text)
        if months is None and (bare := re.fullmatch(r"\d{1,3}", text)):
            months = Amount.exactly(float(bare.group()))
        return Amount.exactly(0.0) if months is None and _NEVER_PAID.match(text) else months
    tenths = _TENTHS.search(text) if fact.unit == "%" else None
    if tenths and (numeral := read_numeral(tenths[1])) is not None and numeral.low is not None:
        return Amount(numeral.low * 9, numeral.low * 11)
    for found in find_numbers(text):
        if fact.unit == "%" and not found.unit and _PEOPLE_AFTER.match(text[found.end - 1 :]):
            continue
        if _fits(fact, found):
            amount = _in_unit(fact, found)
            if amount is not None and fact.unit == "人" and (amount.low or amount.high or 0) >= MOST_PEOPLE:
                return None  # money, as an answer to a question of before
            if amount is not None:
                return amount
    if fact.none_is is not None and _says_no(text):
        return Amount.exactly(fact.none_is)
    if re.match(r"一半", text) and fact.unit == "%":
        return Amount(45.0, 55.0)
    return None


def _phrase(meaning: float | str) -> Amount:
    if isinstance(meaning, str):  # "<=0"
        return Amount(None, float(meaning.removeprefix("<=")))
    return Amount.exactly(float(meaning))


def _choice(fact: Fact, text: str) -> Choice | None:
    denied = re.match(r"不是|非|不属于", text)
    for name, pattern in fact.choice_patterns.items():
        if pattern.search(re.sub(r"^(?:不是|非|不属于)", "", text) if denied else text):
            possible = frozenset(fact.stands_for.get(name, (name,)))
            return Choice(fact.values - possible) if denied and fact.values - possible else Choice(possible)
    return None


def _choice_named(fact: Fact, clause: str) -> Choice | None:
    for name, pattern in fact.choice_patterns.items():
        match = pattern.search(clause)
        if match is None:
            continue
        before = clause[: match.start()]
        if re.search(r"(?:不是|不算|非)[^，,]{0,2}$", before):
            possible = fact.values - frozenset(fact.stands_for.get(name, (name,)))
            return Choice(possible) if possible else None
        if _ASKS_WHETHER.search(before):
            return None
        return Choice(frozenset(fact.stands_for.get(name, (name,))))
    return None


def _yes_no(fact: Fact, text: str) -> Choice | None:
    if fact.no_pattern and fact.no_pattern.search(text):
        return Choice.of(NO)
    if fact.yes_pattern and (match := fact.yes_pattern.search(text)):
        return Choice.of(NO if _DENIED.search(text[: match.start()]) else YES)
    if _ONLY_NO.match(text):
        return Choice.of(YES)
    if _says_no(text):
        return Choice.of(NO)
    first = _FIRST_TIME.search(text) and ("第一次" in fact.ask or "首次" in fact.ask)
    return Choice.of(YES) if first or _YES.match(text) or _echoes(fact, text) else None


def _echoes(fact: Fact, text: str) -> bool:
    match = _ECHO.match(text)
    return match is not None and any(character in fact.ask for character in _ECHOED.get(match["verb"], match["verb"]))


def _says_no(text: str) -> bool:
    return bool(_NO.match(text)) and not _ONLY_NO.match(text)


Reading = Literal["value", "skip", "question", "unclear"]


def reading_of(name: str, text: str, today: date) -> tuple[Reading, FactValue | None]:
    """How a message stands to our question for a fact: its answer, a refusal to answer, a question in between, or unclear."""
    if is_skip(text):
        return "skip", None
    if is_question(text):
        return "question", None
    value = read_answer(name, text, today)
    return ("value", value) if value is not None else ("unclear", None)
