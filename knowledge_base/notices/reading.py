"""The text of a Word, HTML or text file, block by block in reading order. Nothing is interpreted here."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from knowledge_base.errors import NoticeError
from knowledge_base.text import clean_text
from knowledge_base.uploads import check_upload

SUFFIXES = (".docx", ".html", ".htm", ".txt")
MAX_CHARACTERS = 1_000_000
MAX_BLOCKS = 20_000
_SPACES = re.compile(r"[ \t\xa0\u2002\u2003\u3000]+")
_DECLARED = re.compile(rb"charset\s*=\s*[\"']?([\w-]{2,20})", re.IGNORECASE)
_HEADING_STYLE = re.compile(r"(?:heading|标题)\s*(\d)?", re.IGNORECASE)
_SKIPPED = {"script", "style", "noscript", "template", "iframe", "object", "svg", "nav", "footer", "button", "select", "form"}
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure", "header",
    "hr", "li", "main", "ol", "p", "pre", "section", "ul",
}  # fmt: skip


@dataclass(frozen=True)
class Block:
    """A paragraph or a row of a table. `heading`: its level when the file marks it as one, 0 for the document's title."""

    text: str
    heading: int | None = None
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class NoticeText:
    """A file's blocks; `declared_title` is what the file itself calls itself."""

    name: str
    blocks: tuple[Block, ...]
    declared_title: str | None = None


def read_notice(name: str, data: bytes) -> NoticeText:
    """Read by suffix.

    Raises:
        UploadError, NoticeError: of another format, damaged, too large, or without any text.
    """
    name = PurePath(name.replace("\\", "/")).name[-200:]
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise NoticeError(f"不支持“{name}”的格式。", fix="请上传 .docx、.html 或 .txt；旧的 .doc 和 .pdf 请先另存为 .docx。")
    check_upload(name, data)
    title: str | None = None
    if suffix == ".docx":
        blocks = list(_docx(name, data))
    elif suffix == ".txt":
        blocks = [Block(line) for line in _decoded(name, data).split("\n")]
    else:
        title, blocks = _html(_decoded(name, data, _declared(data)))
    blocks = [kept for block in blocks if (kept := _tidy(block)).text]
    if not blocks:
        raise NoticeError(f"“{name}”里没有文字。", fix="扫描件请先识别成文字，再另存为 .docx 或 .txt。")
    if len(blocks) > MAX_BLOCKS or sum(len(block.text) for block in blocks) > MAX_CHARACTERS:
        raise NoticeError(f"“{name}”太长。", fix="拆成几个文件后分别上传。")
    return NoticeText(name, tuple(blocks), title)


def _tidy(block: Block) -> Block:
    return Block(_line(block.text), block.heading, tuple(map(_line, block.cells)))


def _line(text: str) -> str:
    return _SPACES.sub(" ", clean_text(text).replace("\n", " ")).strip()


def _declared(data: bytes) -> str | None:
    found = _DECLARED.search(data[:4096])
    return found.group(1).decode("ascii", "ignore") if found else None


def _decoded(name: str, data: bytes, declared: str | None = None) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        gb = declared is not None and declared.lower() in {"gb2312", "gbk", "gb18030"}
        encodings = ["gb18030", "utf-8-sig"] if gb else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return clean_text(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise NoticeError(f"认不出“{name}”的文字编码。", fix="请另存为 UTF-8 或 GBK 编码。")


def _docx(name: str, data: bytes) -> Iterator[Block]:
    from docx import Document
    from docx.oxml.exceptions import InvalidXmlError
    from docx.table import Table
    from docx.text.paragraph import Paragraph
    from lxml.etree import LxmlError

    try:
        document = Document(io.BytesIO(data))
        for element in document.element.body.iterchildren():
            if element.tag.endswith("}p"):
                paragraph = Paragraph(element, document)
                yield from _paragraph(paragraph)
            elif element.tag.endswith("}tbl"):
                yield from _rows([cell.text for cell in row.cells] for row in Table(element, document).rows)
    except (KeyError, ValueError, LxmlError, InvalidXmlError, zipfile.BadZipFile, AttributeError) as exc:
        raise NoticeError(f"“{name}”不是有效的 Word 文件。", fix="在 Word 中打开并另存为 .docx 后再上传。") from exc


def _paragraph(paragraph: Any) -> Iterator[Block]:
    style = paragraph.style.name if paragraph.style is not None else ""
    level = None
    if style in {"Title", "标题"}:
        level = 0
    elif match := _HEADING_STYLE.match(style or ""):
        level = int(match.group(1) or 1)
    for line in paragraph.text.split("\n"):
        yield Block(line, level)


def _rows(rows: Any) -> Iterator[Block]:
    for row in rows:
        cells: list[str] = []
        for text in row:
            if not cells or cells[-1] != text:  # a merged cell is given once for each column
                cells.append(text)
        yield Block("　".join(cell for cell in cells if cell.strip()), None, tuple(cells) if len(cells) > 1 else ())


def _html(text: str) -> tuple[str | None, list[Block]]:
    from bs4 import BeautifulSoup

    page = BeautifulSoup(text, "lxml")
    meta = page.find("meta", attrs={"name": re.compile("^ArticleTitle$", re.IGNORECASE)})
    declared = str(meta.get("content") or "") if meta else page.title.get_text() if page.title else ""
    blocks: list[Block] = []
    current: list[str] = []

    def flush(level: int | None = None) -> None:
        joined = "".join(current)
        current.clear()
        blocks.extend(Block(line, level) for line in joined.split("\n"))

    def walk(node: Any) -> None:
        for child in node.children:
            name = getattr(child, "name", None)
            if name is None:
                if type(child).__name__ == "NavigableString":
                    current.append(re.sub(r"\s+", " ", str(child)))
            elif name in _SKIPPED:
                continue
            elif name == "br":
                current.append("\n")
            elif re.fullmatch("h[1-6]", name):
                flush()
                walk(child)
                flush(int(name[1]) - 1)
            elif name == "table" and not child.find("table") and len(child.find_all(["td", "th"])) > 1:
                flush()
                blocks.extend(_rows([cell.get_text(" ") for cell in row.find_all(["td", "th"])] for row in child.find_all("tr")))
            elif name in _BLOCKS or name in {"table", "tbody", "thead", "tr", "td", "th"}:
                flush()
                walk(child)
                flush()
            else:
                walk(child)

    walk(page.body or page)
    flush()
    return (_line(declared) or None), blocks
