"""The account's menu from a YAML file: checked against WeChat's limits, every problem with its row and field."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from bot.channels.wechat.errors import WeChatError

EXAMPLE = Path(__file__).resolve().parents[2] / "wechat_menu.yaml"
SAY = "say:"  # a CLICK key that begins so is answered as if the user had typed the rest
ADDRESS = "{public_url}"
MOST_BUTTONS = 3
MOST_SUB_BUTTONS = 5
NAME_BYTES = 16
SUB_NAME_BYTES = 60
KEY_BYTES = 128
URL_BYTES = 1024
_HAN_BYTES = 3
_ACTIONS = ("say", "url", "buttons")


@dataclass(frozen=True)
class MenuProblem:
    """One thing in the file that WeChat, or we, would not accept."""

    file: str
    row: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file} 第 {self.row} 行，{self.field}：{self.reason}"


class MenuFileError(WeChatError):
    """A menu file that cannot be uploaded as it is.

    Attributes:
        problems: all of them.
    """

    def __init__(self, problems: Sequence[MenuProblem]) -> None:
        super().__init__(
            f"菜单文件有 {len(problems)} 处问题：" + "；".join(map(str, problems)) + "。",
            fix="改正后再上传；写法见示例 bot/wechat_menu.yaml。",
        )
        self.problems = tuple(problems)


def read_menu(file: Path, public_url: str | None) -> dict[str, Any]:
    """The menu as WeChat's menu/create takes it.

    Args:
        public_url: replaces `{public_url}` in addresses.

    Raises:
        MenuFileError: lists everything that is wrong.
    """
    reader = _Reader(file.name, public_url)
    try:
        node = yaml.compose(file.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except OSError as exc:
        raise MenuFileError([MenuProblem(str(file), 1, "(整个文件)", f"无法读取（{exc.strerror}）")]) from exc
    except UnicodeDecodeError as exc:
        raise MenuFileError([MenuProblem(file.name, 1, "(整个文件)", "不是 UTF-8 编码")]) from exc
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        raise MenuFileError(
            [MenuProblem(file.name, mark.line + 1 if mark else 1, "(写法)", "不是合法的 YAML，请检查缩进和冒号")]
        ) from exc
    menu = {"button": list(reader.buttons(reader.root(node), top=True))}
    if reader.problems:
        raise MenuFileError(reader.problems)
    return menu


def menu_lines(menu: Mapping[str, Any]) -> Iterator[str]:
    """WeChat's menu as people read it, one button a line."""
    for button in menu.get("button", []):
        yield f"{button.get('name', '')}{_target(button)}"
        for child in button.get("sub_button", []):
            yield f"    {child.get('name', '')}{_target(child)}"


def _target(button: Mapping[str, Any]) -> str:
    key, url = str(button.get("key", "")), button.get("url")
    if key.startswith(SAY):
        return f" → 说“{key.removeprefix(SAY)}”"
    return f" → {url or key}" if url or key else ""


class _Reader:
    """Walks the YAML nodes, which know their rows, and collects problems instead of stopping at the first."""

    def __init__(self, file: str, public_url: str | None) -> None:
        self._file, self._public_url = file, public_url
        self.problems: list[MenuProblem] = []

    def root(self, node: yaml.Node | None) -> yaml.Node | None:
        if node is None:
            self._problem(1, "buttons", "文件是空的")
            return None
        fields = self._fields(node, ("buttons",))
        if "buttons" not in fields and not self.problems:
            self._problem(node.start_mark.line + 1, "buttons", "缺少一级按钮")
        return fields.get("buttons")

    def buttons(self, node: yaml.Node | None, *, top: bool) -> Iterator[dict[str, Any]]:
        if node is None:
            return
        most = MOST_BUTTONS if top else MOST_SUB_BUTTONS
        if not isinstance(node, yaml.SequenceNode):
            self._problem(_row(node), "buttons", "应是按钮的列表，每个以“- ”开头")
            return
        if not 1 <= len(node.value) <= most:
            self._problem(_row(node), "buttons", f"应有 1 至 {most} 个按钮，现有 {len(node.value)} 个")
        for child in node.value:
            button = self._button(child, top=top)
            if button is not None:
                yield button

    def _button(self, node: yaml.Node, *, top: bool) -> dict[str, Any] | None:
        before = len(self.problems)
        fields = self._fields(node, ("name", *(_ACTIONS if top else _ACTIONS[:2])))
        if len(self.problems) > before:
            return None
        name = self._text(fields, "name", node, NAME_BYTES if top else SUB_NAME_BYTES)
        given = [action for action in _ACTIONS if action in fields]
        if len(given) != 1:
            choice = "、".join(_ACTIONS if top else _ACTIONS[:2])
            self._problem(_row(node), name or "(按钮)", f"应有且只有 {choice} 之一")
            return None
        if given == ["buttons"]:
            return {"name": name, "sub_button": list(self.buttons(fields["buttons"], top=False))}
        if given == ["say"]:
            return {"type": "click", "name": name, "key": SAY + self._text(fields, "say", node, KEY_BYTES - len(SAY))}
        return {"type": "view", "name": name, "url": self._url(fields["url"], node)}

    def _fields(self, node: yaml.Node, known: Sequence[str]) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self._problem(_row(node), "(整项)", f"应写成“字段: 值”，可用的字段有 {'、'.join(known)}")
            return {}
        fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value not in known:
                self._problem(_row(key), str(key.value), f"不认识的字段，可用的有 {'、'.join(known)}")
            elif key.value in fields:
                self._problem(_row(key), key.value, "写了两次")
            fields[str(key.value)] = value
        return fields

    def _text(self, fields: Mapping[str, yaml.Node], field: str, parent: yaml.Node, most: int) -> str:
        node = fields.get(field)
        text = node.value.strip() if isinstance(node, yaml.ScalarNode) else ""
        size = len(text.encode())
        if not text:
            self._problem(_row(node or parent), field, "不能为空，应是一段文字")
        elif size > most:
            self._problem(_row(node or parent), field, f"最长 {most} 字节（{most // _HAN_BYTES} 个汉字），现有 {size} 字节")
        return text

    def _url(self, node: yaml.Node, parent: yaml.Node) -> str:
        url = self._text({"url": node}, "url", parent, URL_BYTES)
        if ADDRESS in url:
            if self._public_url is None:
                self._problem(_row(node), "url", "用到了 {public_url}，但没有设置环境变量 WENZHENG_PUBLIC_URL")
                return url
            url = url.replace(ADDRESS, self._public_url)
            if len(url.encode()) > URL_BYTES:
                self._problem(_row(node), "url", f"最长 {URL_BYTES} 字节")
        parts = urlsplit(url)
        if url and (parts.scheme not in {"http", "https"} or not parts.netloc):
            self._problem(_row(node), "url", "应以 https:// 或 http:// 开头")
        return url

    def _problem(self, row: int, field: str, reason: str) -> None:
        self.problems.append(MenuProblem(self._file, row, field, reason))


def _row(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
