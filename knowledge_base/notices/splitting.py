"""A document's blocks as a tree of pieces, along the ways in which Chinese documents are headed. Pure; nothing is lost.

第X章 · 第X条 · 一、 · （一） · 1. · （1） · 问：答： · headings of the file · short lines that stand alone · rows of tables 问题|答复.
The lines of all pieces, in their order, are the lines of the document.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from knowledge_base.notices.reading import Block

_NUMERAL = "[一二三四五六七八九十百零〇两]"
_PATTERNS: tuple[tuple[str, int, re.Pattern[str]], ...] = (  # kind, depth, what a line begins with
    ("question", 9, re.compile(rf"(?:{_NUMERAL}{{1,3}}、|\d{{1,3}}[.．、]|[（(]{_NUMERAL}{{1,3}}[)）])?\s*(?:问题?|提问|Q)\s*\d{{0,3}}\s*[:：]\s*")),
    ("chapter", 1, re.compile(rf"第(?:{_NUMERAL}{{1,5}}|\d{{1,3}})[编章](?:\s+|(?=\S))")),
    ("part", 2, re.compile(rf"第(?:{_NUMERAL}{{1,5}}|\d{{1,3}})节(?:\s+|(?=\S))")),
    ("article", 3, re.compile(rf"第(?:{_NUMERAL}{{1,7}}|\d{{1,4}})条(?:之{_NUMERAL}{{1,2}})?(?:\s+|(?=[^\s款项的规至、和与])|$)")),
    ("section", 4, re.compile(rf"{_NUMERAL}{{1,3}}\s*(?:[、．]|\.(?!\d)|$)\s*")),
    ("section", 5, re.compile(rf"[（(]\s*{_NUMERAL}{{1,3}}\s*[)）]\s*[、.．]?")),
    ("section", 6, re.compile(r"\d{1,2}\s*(?:[、．]|\.(?!\d))\s*")),
    ("section", 7, re.compile(r"(?:[（(]\s*\d{1,2}\s*[)）]|\d{1,2}[)）]|[①-⑳])\s*")),
)  # fmt: skip
_ANSWER = re.compile(r"(?:答复?|回答|解答|A)\s*\d{0,3}\s*[:：]\s*")
_ENDS = re.compile(r"[。！？!?；;：:，,、…）)]$|[.]$")
_RUN_IN = re.compile(r"[^。：:？?！!]{2,40}[。？?！!：:]")
_META = re.compile(
    r"(?:发布|成文|信息)?(?:时间|日期|来源|作者|编辑|责编|浏览|字号|打印|索引号|文号|发文机关|主题)|^\d{4}\s*[-年/]|^附件|^抄送|数字报纸|^\d+版|\.(?:png|jpe?g|gif)$"
)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|bmp)$", re.IGNORECASE)
_QUESTION_HEADS = re.compile(r"^(?:问题?|提问|咨询问题|常见问题|事项|诉求)(?:内容)?$")
_ANSWER_HEADS = re.compile(r"^(?:答复?|回答|解答|答案|回复|答复内容|政策解答|办理答复)(?:内容)?$")
LONGEST_TITLE_LINE = 32
HEADING_DEPTH = 2  # of a heading of the file or a short line, level 1


@dataclass
class Piece:
    """A stretch of the document with a heading of its own.

    Attributes:
        kind: lead (before the first heading), heading, chapter, part, article, section, question, row.
        number: as it is written ("第三条", "（一）").
        title: the heading without its number; the question.
        lines: its own, with the heading's line; those of `parts` follow.
        body: its own words without number and heading.
    """

    kind: str
    depth: int
    number: str = ""
    title: str = ""
    lines: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    parts: list["Piece"] = field(default_factory=list)

    def walk(self) -> Iterator["Piece"]:
        """This piece and all below it, in reading order."""
        yield self
        for part in self.parts:
            yield from part.walk()


def split(blocks: Sequence[Block]) -> list[Piece]:
    """The document as top-level pieces."""
    root = Piece("lead", 0)
    stack = [root]
    table: tuple[int, int] | None = None  # columns of question and answer in the table at hand
    answering = False
    for number, block in enumerate(blocks):
        if block.cells:
            columns = _question_columns(block.cells)
            table = columns or table
            if columns is None and table is not None and max(table) < len(block.cells) and block.cells[table[0]].strip():
                _place(stack, _row(block, table))
            else:
                _append(stack[-1], block.text)
            continue
        table = None
        piece = _heading(block, blocks[number + 1 : number + 3], blocks[:number])
        inside = answering and stack[-1].kind == "question" and piece is not None and piece.kind != "question"
        if piece is None or (inside and piece.kind == "section" and piece.depth > 4):
            answer = _ANSWER.match(block.text) if stack[-1].kind == "question" else None
            answering = answering or answer is not None
            _append(stack[-1], block.text, block.text[answer.end() :] if answer else None)
            continue
        answering = False
        _place(stack, piece)
    lead = Piece("lead", 0, lines=root.lines, body=root.body)
    return [lead, *root.parts] if lead.lines else root.parts


def _place(stack: list[Piece], piece: Piece) -> None:
    while len(stack) > 1 and stack[-1].depth >= piece.depth:
        stack.pop()
    stack[-1].parts.append(piece)
    stack.append(piece)


def _append(piece: Piece, line: str, words: str | None = None) -> None:
    piece.lines.append(line)
    text = line if words is None else words
    if text:
        piece.body.append(text)


def _heading(block: Block, following: Sequence[Block], before: Sequence[Block]) -> Piece | None:
    text = block.text
    if _PICTURE.search(text):
        return None
    for kind, depth, pattern in _PATTERNS:
        match = pattern.match(text)
        if match is None or _mid_sentence(before):
            continue
        if kind == "question":
            return _question(text, match.end())
        rest = text[match.end() :].strip()
        title, body = _run_in(rest) if kind != "article" else ("", rest)
        return Piece(kind, depth, match.group().strip(), title, [text], [body] if body else [])
    if block.heading is not None:
        return Piece("heading", min(HEADING_DEPTH + max(block.heading - 1, 0), 3), "", text, [text])
    if _stands_alone(text, following, before):
        return Piece("heading", HEADING_DEPTH, "", text, [text])
    return None


def _question(text: str, start: int) -> Piece:
    rest = text[start:].strip()
    answer = re.search(r"(?<=[？?。\s])\s*(?:答复?|回答)\s*[:：]\s*", rest)
    title = rest[: answer.start()].strip() if answer else rest
    body = [rest[answer.end() :].strip()] if answer else []
    return Piece("question", 9, text[:start].strip(), title, [text], [line for line in body if line])


def _row(block: Block, table: tuple[int, int]) -> Piece:
    question, answer = block.cells[table[0]].strip(), block.cells[table[1]].strip()
    others = [cell for i, cell in enumerate(block.cells) if i not in table and cell.strip() and not cell.strip().isdecimal()]
    return Piece("row", 9, "", question, [block.text], [text for text in [answer, *others] if text])


def _question_columns(cells: Sequence[str]) -> tuple[int, int] | None:
    """Which columns of a table's head are question and answer."""
    named = [cell.replace(" ", "") for cell in cells]
    question = next((i for i, cell in enumerate(named) if _QUESTION_HEADS.match(cell)), None)
    answer = next((i for i, cell in enumerate(named) if _ANSWER_HEADS.match(cell)), None)
    return (question, answer) if question is not None and answer is not None else None


def _run_in(text: str) -> tuple[str, str]:
    """(heading, what follows it in the same line): 整合公开资源。聚焦…"""
    match = _RUN_IN.match(text)
    if match is None:
        return (
            ("", text) if _ENDS.search(text) and len(text) > LONGEST_TITLE_LINE else (text, "") if len(text) <= 60 else ("", text)
        )
    rest = text[match.end() :].strip()
    return match.group().rstrip("。：:！!"), rest


def _stands_alone(text: str, following: Sequence[Block], before: Sequence[Block]) -> bool:
    """A short line without an end, before a long one (or before a second such line): a heading that nobody marked."""
    if not before or not following or not _is_short_line(text) or _mid_sentence(before):
        return False
    if _is_short_line(following[0].text) and len(before) > 1:
        following = following[1:]
    return bool(following) and not following[0].cells and len(following[0].text) >= LONGEST_TITLE_LINE


def _is_short_line(text: str) -> bool:
    return (
        4 <= len(text) <= LONGEST_TITLE_LINE
        and not _ENDS.search(text)
        and not _META.search(text)
        and not re.search(r"[。；;]", text)
    )


def _mid_sentence(before: Sequence[Block]) -> bool:
    """Whether the line before goes on: its break is one of the page, not of the text."""
    return bool(before) and before[-1].text.endswith(("，", ",", "、"))
