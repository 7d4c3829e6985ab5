"""Which texts of an entry are embedded and indexed. Does not embed."""

import re

from knowledge_base.content import EntryContent, Facets

MAX_PASSAGE = 160
MAX_BODY = 8
MAX_BODY_SERVICE_ITEM = 3  # thousands of items are alike: their name and conditions decide, more text only costs time
_SENTENCE = re.compile(r"[^。！？；!?;\n]*[。！？；!?;\n]?")
_SOFT_BREAK = re.compile(r"[，,、：: ]")
_INDEXED_FACETS = ("conditions", "steps", "materials", "fee", "place", "hours")
_SERVICE_FACETS = ("conditions", "materials")
FACET_NAMES = {
    "conditions": "条件",
    "materials": "材料",
    "steps": "办理步骤",
    "fee": "收费",
    "time_limit_statutory": "法定时限",
    "time_limit_promised": "承诺时限",
    "place": "办理地点",
    "phone": "咨询电话",
    "complaint_phone": "投诉电话",
    "online_url": "网上办理",
    "hours": "办公时间",
}


def passages_of(content: EntryContent) -> list[tuple[str, str]]:
    """(role, text) of every passage, roles title, question, context and body; no text twice; stable order."""
    passages = [("title", content.title)]
    passages += [("question", question) for question in content.similar_questions]
    passages.append(("context", context_of(content)))
    passages += [("body", text) for text in _body(content)]
    seen: set[str] = set()
    return [(role, text) for role, text in passages if not (text in seen or seen.add(text))]  # type: ignore[func-returns-value]


def context_of(content: EntryContent) -> str:
    """Department, title and catalogue or tags in one line: names the matter among like-named ones."""
    theme = content.attributes.get("catalog") or "、".join(content.tags)
    parts = [content.authority or "", content.title, theme if theme != content.title else ""]
    return "　".join(part for part in parts if part)


def _body(content: EntryContent) -> list[str]:
    if content.kind == "service_item":
        return _facet_chunks(content, _SERVICE_FACETS)[:MAX_BODY_SERVICE_ITEM]
    chunks = chunk(content.answer)
    facets = _facet_chunks(content, _INDEXED_FACETS)
    room = max(MAX_BODY - len(chunks), min(2, len(facets)))  # a long answer leaves room for two facets
    return [*chunks[: MAX_BODY - min(room, len(facets))], *facets[:room]]


def _facet_chunks(content: EntryContent, names: tuple[str, ...]) -> list[str]:
    """First chunks of each stated facet, one of each before the second of any."""
    columns = [
        chunk(f"{content.title}{FACET_NAMES[name]}：{facet_text(content.facets, name)}")
        for name in names
        if getattr(content.facets, name)
    ]
    return [column[row] for row in range(2) for column in columns if row < len(column)]


def facet_text(facets: Facets, name: str) -> str:
    value = getattr(facets, name)
    return "；".join(value) if isinstance(value, list) else value or ""


def chunk(text: str, limit: int = MAX_PASSAGE) -> list[str]:
    """The text in pieces of at most `limit` characters, cut at sentence ends, at commas when a sentence is longer."""
    chunks: list[str] = []
    current = ""
    for sentence in _SENTENCE.findall(text):
        for piece in _pieces(sentence, limit):
            if current and len(current) + len(piece) > limit:
                chunks.append(current)
                current = ""
            current += piece
    chunks.append(current)
    return [cleaned for cleaned in (" ".join(piece.split()) for piece in chunks) if cleaned]


def _pieces(sentence: str, limit: int) -> list[str]:
    pieces = []
    while len(sentence) > limit:
        breaks = [match.end() for match in _SOFT_BREAK.finditer(sentence, limit // 2, limit)]
        cut = breaks[-1] if breaks else limit
        pieces.append(sentence[:cut])
        sentence = sentence[cut:]
    return [*pieces, sentence]
