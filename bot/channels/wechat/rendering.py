"""What WeChat shows: plain text with links, in portions that its limit of 2,047 bytes takes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.channels.wechat.push_xml import ILLEGAL
from conversations.wording import USEFUL_BUTTONS

MOST_BYTES = 2047  # measured by others, see docs/wechat.md; beyond it the user sees the fault notice
MORE_WORD = "更多"
MORE_HINT = "\n（内容较长，回复“更多”继续查看）"
PART_LINE = "\n————\n"
LABEL = 40  # characters of a link's label
LONGEST_CONTENT = 60  # characters that a tap sends; a longer title is recognised by its id
RATE_LINE = "这个回答："
_LINK = re.compile(r"<a [^>]*>[^<]*</a>")
_ADDRESS = re.compile(r"https?://[^\s<>\"'，。；、）】」》\u4e00-\u9fff]+")
_PAGE_LINE = re.compile(r"^详情：(https?://\S+)$", re.MULTILINE)
_SENTENCE_END = re.compile(r"[。！？；!?;\n]")


def render(message: Mapping[str, Any], public_url: str | None = None) -> str:
    """One message of the assistant as WeChat text.

    Args:
        message: {"text", "buttons"?: [{"title", "payload"}], "citations"?: […]}; where entries are offered, citations are in
            the order of the buttons. With "marked_up" the text is in this form already.
    """
    if message.get("marked_up"):
        return str(message["text"])
    text = _escape(str(message["text"])).rstrip()
    if public_url:
        text = _PAGE_LINE.sub(lambda m: _link(m[1], "查看详情"), text)
    given: Sequence[Mapping[str, str]] = message.get("buttons") or ()
    ratings = [button for button in given if button in USEFUL_BUTTONS]
    buttons = [button for button in given if button not in USEFUL_BUTTONS]
    citations: Sequence[Mapping[str, Any]] = message.get("citations") or ()
    offered = len(citations) if len(citations) <= len(buttons) else 0
    left: list[tuple[int, Mapping[str, str]]] = []
    for number, button in enumerate(buttons, 1):
        entry_id = int(citations[number - 1]["entry_id"]) if number <= offered else 0
        linked = _in_its_line(text, number, button, entry_id)
        if linked is None:
            left.append((number, button))
        else:
            text = linked
    return "\n".join([text, *_option_lines(left, buttons), *_rating_line(ratings)])


def _rating_line(ratings: Sequence[Mapping[str, str]]) -> list[str]:
    """One short line, without numbers: the answer is what matters."""
    return [RATE_LINE + "　".join(_option(b["payload"], b["title"], 0) for b in ratings)] if ratings else []


def _in_its_line(text: str, number: int, button: Mapping[str, str], entry_id: int) -> str | None:
    """Where the text lists the options already, the line itself becomes the link."""
    line = re.search(rf"^{number}\. (.+)$", text, re.MULTILINE)
    title = _escape(button["title"])
    if line is None or not title.startswith(line[1].rstrip("…").rstrip()):
        return None
    return text[: line.start(1)] + _option(button["payload"], _shortened(line[1]), entry_id) + text[line.end(1) :]


def _option_lines(left: Sequence[tuple[int, Mapping[str, str]]], buttons: Sequence[Mapping[str, str]]) -> list[str]:
    if not left:
        return []
    lines = [f"{number}. {_option(button['payload'], _shortened(_escape(button['title'])), 0)}" for number, button in left]
    if len(buttons) == 1:  # nothing to choose among
        return [lines[0].removeprefix("1. ")]
    if len(left) == len(buttons):
        numbers = "、".join(str(number) for number, _ in left)
        lines.append(f"（点选上面的蓝字，或回复 {numbers}）")
    return lines


def _option(payload: str, label: str, entry_id: int) -> str:
    content = ILLEGAL.sub("", payload).replace("&", "＆").replace("<", "＜").replace(">", "＞").replace('"', "＂")
    return f'<a href="weixin://bizmsgmenu?msgmenucontent={content[:LONGEST_CONTENT]}&msgmenuid={entry_id}">{label}</a>'


def _link(address: str, label: str) -> str:
    return f'<a href="{address}">{label}</a>'


def _shortened(label: str) -> str:
    return label if len(label) <= LABEL else label[: LABEL - 1] + "…"


def _escape(text: str) -> str:
    """Nothing that people wrote becomes a link or markup."""
    return ILLEGAL.sub("", text).replace("<", "＜").replace(">", "＞")


def joined(parts: Sequence[str]) -> str:
    """Several messages as one."""
    return PART_LINE.join(part for part in parts if part)


def first_portion(text: str, limit: int = MOST_BYTES) -> tuple[str, str | None]:
    """What fits into one message, ending with a sentence where possible, and the rest.

    Links and characters stay whole. Something of the text is in every portion, so that asking on comes to an end.

    Args:
        limit: bytes of UTF-8, at least 600.

    Returns: the portion (with the hint how to go on when something is left), and the rest or None.
    """
    if _size(text) <= limit:
        return text, None
    room = limit - _size(MORE_HINT)
    end = _fitting(text, room)
    floor = end // 2
    ends = [m.end() for m in _SENTENCE_END.finditer(text, floor, end) if not _inside_a_link(text, m.end())]
    if ends:
        end = ends[-1]
    rest = text[end:].lstrip("\n")
    return text[:end].rstrip("\n") + MORE_HINT, rest or None


def _fitting(text: str, room: int) -> int:
    """The most characters from the start that fit and do not end inside of a link."""
    size, end = 0, 0
    for end, character in enumerate(text):  # noqa: B007 - the position is the result
        size += len(character.encode())
        if size > room:
            break
    for link in _LINK.finditer(text):
        if link.start() < end < link.end():
            # a link at the very front that does not fit is shown as the words it carries
            return link.start() or end
    return end


def _inside_a_link(text: str, position: int) -> bool:
    return any(link.start() < position < link.end() for link in _LINK.finditer(text))


def _size(text: str) -> int:
    return len(text.encode())
