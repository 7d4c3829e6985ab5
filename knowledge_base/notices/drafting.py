"""What a document says about itself, and the draft entries that its pieces become. Pure."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from knowledge_base.content import MAX_ANSWER, MAX_TITLE, EntryContent, Kind, parse_content
from knowledge_base.documents import numbers_in
from knowledge_base.notices.reading import NoticeText, read_notice
from knowledge_base.notices.splitting import Piece, split
from knowledge_base.passages import chunk

_NOT_A_TITLE = re.compile(
    r"(?:来源|时间|日期|作者|浏览|编辑|字号|责编)\s*[:：]|^\d{4}\s*[-年/.]|数字报纸|^\d+版|日报$|^[\d\s:：.-]+$|首页|当前位置|^索引号"
)
_TITLE_WORDS = re.compile(r"方案|通知|办法|意见|规定|公告|通告|细则|条例|解读|措施|问答|政策|指南|决定|若干|实施|改革|服务")
_ISSUER = re.compile(r"(?:信息来源|来源|发文机关|发布机构|发布单位)\s*[:：]\s*([\u4e00-\u9fff（）()]{3,30})")
_SIGNATURE = re.compile(r"^[\u4e00-\u9fff]{2,24}(?:局|委|委员会|厅|部|院|办|办公室|中心|政府|银行|管理处)$")
_PROMULGATES = re.compile(r"^([\u4e00-\u9fff]{3,24}?(?:局|委|委员会|厅|部|院|办公室|中心|政府))关于")
_DATE = re.compile(r"((?:19|20)\d{2})\s*[-年/.]\s*(\d{1,2})\s*[-月/.]\s*(\d{1,2})")
_GENERIC = re.compile(
    r"^(?:总则|附则|总体要求|工作目标|主要任务|主要目标|保障措施|组织保障|工作要求|有关要求|基本原则|适用范围|申报条件|申请条件|申报材料|申报程序|支持标准|其他)$"
)
HEAD_LINES, FOOT_LINES = 12, 8
LONGEST_QUOTE = 300
SHORTEST_BODY = 20  # characters; a heading with less to say is not worth an entry of its own
WHOLE_TITLE = 10  # characters of a heading that says by itself what it is about


@dataclass(frozen=True)
class NoticeFacts:
    """What the document says about itself; all of it is shown for correction. `mentioned`: numbers of other documents."""

    title: str
    document_number: str | None
    issuer: str | None
    published_on: str | None
    mentioned: tuple[str, ...]


@dataclass(frozen=True)
class PieceView:
    """A piece of the preview. `suggested`: worth an entry of its own; `path`: numbers from the top down ("三、（一）")."""

    id: int
    parent: int | None
    level: int
    kind: str
    number: str
    path: str
    title: str
    text: str
    suggested: bool


class Notice:
    """One document, read and split."""

    def __init__(self, source: NoticeText) -> None:
        self.name = source.name
        self.facts = _facts(source)
        self._pieces = split(source.blocks)
        self._flat = [piece for top in self._pieces for piece in top.walk()]
        self._ids = {id(piece): number for number, piece in enumerate(self._flat)}
        self.views = list(self._views())

    @classmethod
    def read(cls, name: str, data: bytes) -> "Notice":
        """Raises: UploadError, NoticeError."""
        return cls(read_notice(name, data))

    @property
    def lines(self) -> list[str]:
        """Every line of the document, from its pieces."""
        return [line for piece in self._flat for line in piece.lines]

    def suggested(self) -> list[int]:
        return [view.id for view in self.views if view.suggested]

    def drafts(self, chosen: Collection[int], facts: NoticeFacts | None = None) -> list[dict[str, Any]]:
        """Entry contents of the chosen pieces, in reading order; what is below one and not chosen itself belongs to its answer."""
        return [
            self._draft(number, set(chosen), facts or self.facts)
            for number in sorted(set(chosen))
            if 0 <= number < len(self._flat)
        ]

    def _draft(self, number: int, chosen: set[int], facts: NoticeFacts) -> dict[str, Any]:
        piece, view = self._flat[number], self.views[number]
        answer = "\n".join(self._words(piece, chosen, top=True)) or piece.title
        quote = next(iter(chunk(answer, LONGEST_QUOTE)), "")
        source = {
            "title": facts.title, "document_number": facts.document_number, "issuer": facts.issuer, "clause": view.path or None,
            "quote": quote,
        }  # fmt: skip
        return {
            "kind": _kind(piece, facts.title), "title": _title(piece, view, facts.title)[:MAX_TITLE], "answer": answer[:MAX_ANSWER],
            "source": {name: value for name, value in source.items() if value}, "attributes": {"来自文件": self.name},
        }  # fmt: skip

    def _words(self, piece: Piece, chosen: set[int], *, top: bool) -> Iterator[str]:
        if not top:
            if self._ids[id(piece)] in chosen:
                return
            yield piece.lines[0]
            heading = piece.number + piece.title
            yield from [line for line in piece.lines[1:] if line != heading]
        else:
            yield from piece.body
        for part in piece.parts:
            yield from self._words(part, chosen, top=False)

    def _views(self) -> Iterator[PieceView]:
        def below(pieces: Sequence[Piece], parent: int | None, level: int, path: str) -> Iterator[PieceView]:
            for piece in pieces:
                here = piece.number if piece.kind in {"article", "question"} else path + piece.number
                yield PieceView(
                    self._ids[id(piece)], parent, level, piece.kind, piece.number, "" if piece.kind == "question" else here,
                    piece.title, "\n".join(piece.body), _worth_an_entry(piece),
                )  # fmt: skip
                yield from below(piece.parts, self._ids[id(piece)], level + 1, here if piece.kind != "heading" else path)

        yield from below(self._pieces, None, 0, "")


def draft_content(data: dict[str, Any]) -> EntryContent:
    """A draft that a person went over, as an entry.

    Raises:
        ContentError
    """
    return parse_content(data)


def _worth_an_entry(piece: Piece) -> bool:
    if piece.kind == "lead":
        return False
    if piece.kind in {"question", "row"}:
        return bool(piece.title)
    words = sum(len(line) for line in piece.body)
    if piece.kind == "article":
        return words >= SHORTEST_BODY // 2
    sections = [part for part in piece.parts if part.kind not in {"question", "row"}]
    return not sections and words >= SHORTEST_BODY


def _kind(piece: Piece, document: str) -> Kind:
    if piece.kind in {"question", "row"}:
        return "qa"
    return "notice" if re.search(r"公告|通告|通知$", document) else "interpretation"


def _title(piece: Piece, view: PieceView, document: str) -> str:
    named = f"《{document.strip('《》')}》" if document else ""
    if piece.kind in {"question", "row"}:
        return piece.title
    if piece.kind == "article":
        gist = re.split(r"[，。；：]", piece.body[0])[0] if piece.body else ""
        return f"{named}{piece.number}" + (f"：{gist}" if 4 <= len(gist) <= 30 else "")
    if not piece.title:
        return f"{named}{view.path}"
    return piece.title if len(piece.title) >= WHOLE_TITLE and not _GENERIC.match(piece.title) else f"{named}{piece.title}"


def _facts(source: NoticeText) -> NoticeFacts:
    lines = [block.text for block in source.blocks]
    head, foot = lines[:HEAD_LINES], lines[-FOOT_LINES:]
    title = _document_title(source)
    own = next((found[0] for line in head if (found := numbers_in(line)) and len(line) <= len(found[0]) + 12), None)
    mentioned = tuple(number for number in dict.fromkeys(n for line in lines for n in numbers_in(line)) if number != own)[:10]
    text = "\n".join(head)
    issuer = _PROMULGATES.match(title) or _ISSUER.search(text)
    signed = next((line for line in reversed(foot) if _SIGNATURE.match(line)), None)
    dated = next((match for line in [*head, *reversed(foot)] if (match := _DATE.search(line))), None)
    day = "{}-{:0>2}-{:0>2}".format(*dated.groups()) if dated else None
    return NoticeFacts(title, own, issuer.group(1) if issuer else signed, day, mentioned)


def _document_title(source: NoticeText) -> str:
    marked = next((block.text for block in source.blocks if block.heading in {0, 1}), None)
    if marked:
        return marked.strip("《》")
    lines = [block.text for block in source.blocks[:HEAD_LINES]]
    candidates = [
        line for line in lines if 6 <= len(line) <= 80 and not _NOT_A_TITLE.search(line) and not re.search(r"[。；;]$", line)
    ]
    named = [line for line in candidates if _TITLE_WORDS.search(line)]
    return (named or candidates or [source.declared_title or source.name.rsplit(".", 1)[0]])[0]
