"""The menu file: what WeChat would refuse is refused here, with its place."""

from pathlib import Path

import pytest

from bot.channels.wechat.menu import EXAMPLE, MenuFileError, menu_lines, read_menu

GOOD = "buttons:\n  - name: 转人工\n    say: 转人工\n"


@pytest.fixture
def write(tmp_path: Path):
    def _write(text: str) -> Path:
        file = tmp_path / "m.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return _write


async def test_example_is_accepted_by_the_stand_in(wechat, api):
    await api.create_menu(read_menu(EXAMPLE, None))
    assert wechat.account.menu == read_menu(EXAMPLE, None)


def test_conversion(write):
    text = (
        "buttons:\n  - name: 更多\n    buttons:\n      - {name: 网页版, url: '{public_url}/chat'}\n"
        "      - name: 查进度\n        say: ' 查进度 '\n  - name: 12345\n    say: 转人工\n"
    )
    menu = read_menu(write(text), "https://zw.example.gov.cn")
    assert menu == {
        "button": [
            {
                "name": "更多",
                "sub_button": [
                    {"type": "view", "name": "网页版", "url": "https://zw.example.gov.cn/chat"},
                    {"type": "click", "name": "查进度", "key": "say:查进度"},
                ],
            },
            {"type": "click", "name": "12345", "key": "say:转人工"},
        ]
    }
    assert list(menu_lines(menu)) == [
        "更多", "    网页版 → https://zw.example.gov.cn/chat", "    查进度 → 说“查进度”", "12345 → 说“转人工”"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "m.yaml 第 1 行，buttons：文件是空的"),
        ("buttons: [", "m.yaml 第 1 行，(写法)：不是合法的 YAML"),
        ("x: 1\n", "m.yaml 第 1 行，x：不认识的字段"),
        ("# 注释\n{}\n", "m.yaml 第 2 行，buttons：缺少一级按钮"),
        ("buttons: []\n", "m.yaml 第 1 行，buttons：应有 1 至 3 个按钮，现有 0 个"),
        ("buttons: 转人工\n", "m.yaml 第 1 行，buttons：应是按钮的列表"),
        ("buttons:\n  - 转人工\n", "m.yaml 第 2 行，(整项)：应写成“字段: 值”"),
        (GOOD + GOOD.removeprefix("buttons:\n") * 3, "m.yaml 第 2 行，buttons：应有 1 至 3 个按钮，现有 4 个"),
        (GOOD + "    url: https://a.cn\n", "m.yaml 第 2 行，转人工：应有且只有 say、url、buttons 之一"),
        ("buttons:\n  - name: 空\n", "m.yaml 第 2 行，空：应有且只有"),
        (GOOD + "    say: 再来\n", "m.yaml 第 4 行，say：写了两次"),
        (GOOD.replace("name: 转人工", "name: 六个汉字太长"), "m.yaml 第 2 行，name：最长 16 字节（5 个汉字），现有 18 字节"),
        (GOOD.replace("name: 转人工", "name:"), "m.yaml 第 2 行，name：不能为空"),
        (GOOD.replace("say: 转人工", "say: " + "字" * 42), "m.yaml 第 3 行，say：最长 124 字节（41 个汉字），现有 126 字节"),
        ("buttons:\n  - name: 网页\n    url: ftp://a.cn\n", "m.yaml 第 3 行，url：应以 https:// 或 http:// 开头"),
        ("buttons:\n  - name: 网页\n    url: https://a.cn/" + "a" * 1020, "m.yaml 第 3 行，url：最长 1024 字节"),
        ("buttons:\n  - name: 网页\n    url: '{public_url}/chat'\n", "WENZHENG_PUBLIC_URL"),
        (
            "buttons:\n  - name: 甲\n    buttons:\n" + "      - {name: 乙, say: 丙}\n" * 6,
            "m.yaml 第 4 行，buttons：应有 1 至 5 个按钮，现有 6 个",
        ),
        (
            "buttons:\n  - name: 甲\n    buttons:\n      - name: 乙\n        buttons: []\n",
            "m.yaml 第 5 行，buttons：不认识的字段，可用的有 name、say、url",
        ),
        (f"buttons:\n  - name: 甲\n    buttons:\n      - {{name: {'字' * 21}, say: 丙}}\n", "name：最长 60 字节"),
    ],
)
def test_problems_have_their_place(write, text, problem):
    with pytest.raises(MenuFileError) as caught:
        read_menu(write(text), None)
    assert problem in caught.value.problem
    assert len(caught.value.problems) == 1


def test_all_problems_are_listed_at_once(write):
    with pytest.raises(MenuFileError) as caught:
        read_menu(write("buttons:\n  - name: ''\n    say: ''\n  - nam: 甲\n"), None)
    assert [(p.row, p.field) for p in caught.value.problems] == [(2, "name"), (3, "say"), (4, "nam")]


def test_limits_are_inclusive(write):
    text = f"buttons:\n  - name: {'字' * 5}a\n    say: {'字' * 41}a\n"
    assert read_menu(write(text), None)["button"][0]["name"] == "字字字字字a"


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(MenuFileError, match="无法读取"):
        read_menu(tmp_path / "none.yaml", None)
    file = tmp_path / "gbk.yaml"
    file.write_bytes(GOOD.encode("gbk"))
    with pytest.raises(MenuFileError, match="UTF-8"):
        read_menu(file, None)
