"""How an entry is told: conclusion first, then only what was asked for, source and validity, what to do next.

Plain text, because WeChat shows no Markdown; at most `MAX_ANSWER` characters, the rest is on the entry's page.
"""

import re
from collections.abc import Sequence
from datetime import date

from knowledge_base.content import EntryContent, Facets

MAX_ANSWER = 600
MAX_LEAD = 300
MAX_LIST_ITEMS = 8
MAX_ITEM = 60
MOST_PLACES = 3
MAX_SOURCE, MAX_CONTACT = 160, 60
Detail = tuple[str, Sequence[str]]  # what was asked for, the sentences that tell it
_SENTENCE_END = re.compile(r"[。！？；\n]")
DATED_PADDING = re.compile(
    r"政策|规定|标准|办法|补贴标准|还有|还能|有效|享受|适用|版本|情况|文件|买的?|购买的?|购进的?|认定的?|评上的?|我们|公司|申请|时候|当时|那时|那年|[之以]?[前后]|度"
)  # words around a time that name no matter
HEADINGS = {
    "materials": "需要准备的材料", "conditions": "办理条件", "steps": "办理步骤", "fee": "收费", "time": "办理时限", "place": "办理地点",
    "department": "主管部门", "phone": "咨询电话", "online": "网上办理", "hours": "办公时间", "basis": "依据", "validity": "有效期",
}  # fmt: skip
_POLICY_HEADINGS = {**HEADINGS, "conditions": "适用条件"}
NOT_STATED = "办事指南没有载明{heading}，请以部门答复为准"
NOT_STATED_HERE = "这条内容没有载明{heading}，请以主管部门答复为准"
HOTLINE = "12345"
NOT_FOUND = "抱歉，知识库里暂时没有能准确回答这个问题的内容，我不能随意答复。"
NOT_FOUND_NEAR = "下面几条可能与您的问题有关，点选即可查看；也可以换个说法再问，或转人工服务。"
NOT_FOUND_ALONE = "您可以换个说法，写明要办的事项或政策名称再问一次，或转人工服务。"
WHICH_ONE = "您是想问下面哪一项？请点选，或回复数字；都不是请回复“都不是”。"
WHICH_MATTER = "请告诉我您要咨询的是哪件事，例如“公司注销需要什么材料”，我再为您查{asked}。"
STOPPED = "这一条已经停用，不能再据此答复。"
NONE_OF_THEM = "好的，都不是您要找的。请换个说法，写明事项或政策名称；也可以转人工服务。"
TELL_ME_MORE = "可以。请用一句话介绍一下您的企业，例如所在地区、企业类型、行业、人数，以及想了解的方向（如稳岗、研发、融资），我来查找相关政策。"
POLICIES_FOR_YOU = "根据您说的情况，下面这些政策和事项可能与您有关，是否符合以各条的条件为准。点选可查看详情："
NOT_OURS = (
    "您问的是{there}的政策，本助手只能答复{home}的政策，各地规定不同，我不能拿{home}的来答复您。"
    "建议咨询当地的政务服务热线 12345（从外地拨打请加拨当地区号），或查看当地的政务服务网。"
    "如果您要问的是{home}的规定，请不带其他地名再问一次，也可以转人工服务。"
)
HUMAN_TITLE = "转人工"
MORE_ON_PAGE = "（内容较多，完整内容见详情页）"


def source_line(content: EntryContent) -> str:
    """Document, number and clause; the department when no document is named."""
    source = content.source
    document = "".join(
        filter(None, [source.title, f"（{source.document_number}）" if source.document_number else None, source.clause])
    )
    issuer = source.issuer or content.authority or content.owner_department
    if source.title and not source.document_number and issuer:
        title = source.title if "《" in source.title else f"《{source.title}》"
        return f"{issuer}{title}{source.clause or ''}"
    if document:
        return document if source.title or not issuer else f"{issuer}{document}"
    return f"{issuer}发布的{'办事指南' if content.kind == 'service_item' else '公开信息'}" if issuer else ""


def validity_line(content: EntryContent) -> str:
    if content.effective_to:
        return f"有效期至{chinese_date(content.effective_to)}"
    if content.effective_from:
        return f"{chinese_date(content.effective_from)}起施行"
    return ""


def chinese_date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def tell(content: EntryContent, facets: list[str], page: str | None, note: str = "") -> str:
    """The whole reply for one entry.

    Args:
        facets: asked for, see `answering.facets`; empty: the entry's answer itself.
        page: absolute address of the entry's page, None when there is no public address.
        note: said first, on validity.
    """
    return _whole(content, facets, page, [note, _lead(content, facets), *_facet_parts(content, facets)])


def tell_details(content: EntryContent, facets: list[str], details: Sequence[Detail], page: str | None, note: str = "") -> str:
    """The reply to a question that follows one on the same entry: only what was asked for, and honestly what is not stated.

    Args:
        details: besides the facets that the entry has fields for: name, and the sentences that tell it.
    """
    parts = [note, f"关于{quoted(content.title)}："]
    for facet in facets:
        parts += _facet_parts(content, [facet]) if facet_value(content, facet) else []
    for name, lines in details:
        parts.append(cut("".join(lines[:MAX_LIST_ITEMS]), MAX_LEAD) if lines else _not_stated(content, name))
    return _whole(content, facets, page, parts)


def tell_validity(content: EntryContent, note: str, page: str | None) -> str:
    """The reply when an entry's validity is all there is to say."""
    return _whole(content, [], page, [note])


def _not_stated(content: EntryContent, name: str) -> str:
    where = NOT_STATED if content.kind == "service_item" else NOT_STATED_HERE
    return where.format(heading=name) + ("。" if content.facets.phone else f"，也可以拨打 {HOTLINE} 咨询。")


def _whole(content: EntryContent, facets: list[str], page: str | None, parts: Sequence[str]) -> str:
    body = "\n".join(part for part in parts if part)
    foot = _foot(content, facets, page, body)
    room = MAX_ANSWER - len(foot) - 1
    if len(body) > room:
        body = cut(body, room - len(MORE_ON_PAGE)) + MORE_ON_PAGE
    return f"{body}\n{foot}" if foot else body


def listed(lead: str, titles: Sequence[str]) -> str:
    """Entries to choose from, numbered from 1."""
    room = (MAX_ANSWER - len(lead)) // max(len(titles), 1) - len("1. \n")
    return "\n".join([lead, *(f"{i}. {cut(title, room)}" for i, title in enumerate(titles, 1))])


def not_ours(places: Sequence[str], home: str) -> str:
    """Said when a question is about other places."""
    return NOT_OURS.format(there="、".join(places[:MOST_PLACES]) + ("等地" if len(places) > MOST_PLACES else ""), home=home)


def quoted(text: str) -> str:
    """In quotation marks, those inside becoming single ones (GB/T 15834—2011, 4.8)."""
    return f"“{text.replace('“', '‘').replace('”', '’')}”"


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, ending with a sentence where one ends in the second half."""
    if len(text) <= limit:
        return text
    ends = [m.end() for m in _SENTENCE_END.finditer(text, limit // 2, limit)]
    return text[: ends[-1]].rstrip() if ends else text[: limit - 1] + "…"


def facet_value(content: EntryContent, facet: str) -> list[str]:
    """Stated values of a facet as lines; empty when the source does not state it."""
    facets: Facets = content.facets
    if facet == "time":
        pairs = (("承诺", facets.time_limit_promised), ("法定", facets.time_limit_statutory))
        return ["，".join(f"{name}{_join(value)}" for name, value in pairs if value)] if any(v for _, v in pairs) else []
    if facet == "department":
        return [content.authority] if content.authority else []
    if facet == "basis":
        return [source_line(content)] if source_line(content) else []
    if facet == "validity":
        return [validity_line(content)] if validity_line(content) else []
    value = facets.online_url if facet == "online" else getattr(facets, facet)
    return list(value) if isinstance(value, list) else [value] if value else []


def _lead(content: EntryContent, facets: list[str]) -> str:
    # "怎么办" is answered by the entry's own conclusion; a question for single facts by these facts
    if content.kind == "service_item" and facets and "steps" not in facets:
        return f"关于{quoted(content.title)}："
    return cut(content.answer, MAX_LEAD if facets else MAX_ANSWER)


def _facet_parts(content: EntryContent, facets: list[str]) -> list[str]:
    headings = HEADINGS if content.kind == "service_item" else _POLICY_HEADINGS
    parts = []
    for facet in facets:
        values = facet_value(content, facet)
        heading = headings[facet]
        if not values:
            # other kinds say in their answer what they have to say
            told_anyway = content.kind != "service_item" or facet == "steps"
            parts.append("" if told_anyway else _not_stated(content, heading))
        elif len(values) == 1:
            parts.append(f"{heading}：{cut(values[0], MAX_LEAD)}")
        else:
            shown = [f"{i}. {cut(value, MAX_ITEM)}" for i, value in enumerate(values[:MAX_LIST_ITEMS], 1)]
            rest = f"（共{len(values)}项，其余见详情页）" if len(values) > MAX_LIST_ITEMS else ""
            parts.append(f"{heading}：\n" + "\n".join(shown) + rest)
    return parts


def _foot(content: EntryContent, facets: list[str], page: str | None, body: str) -> str:
    lines = []
    source = source_line(content)
    if source and "basis" not in facets:
        validity = validity_line(content) if "validity" not in facets else ""
        lines.append(f"依据：{cut(source, MAX_SOURCE)}" + (f"，{validity}" if validity else ""))
    contact = content.facets.phone
    if contact and "phone" not in facets and _join(contact) not in body:
        lines.append(f"咨询电话：{cut(_join(contact), MAX_CONTACT)}")
    if page:
        lines.append(f"详情：{page}")
    return "\n".join(lines)


def _join(value: str | list[str]) -> str:
    return "、".join(value) if isinstance(value, list) else value
