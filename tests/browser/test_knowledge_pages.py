"""The workshop in a real browser: edit → review → publish → ask, and an Excel with errors; what is imported comes out inert."""

import io
import time
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import Workbook
from playwright.sync_api import Page, expect

from bot.authorization import TOKEN_MEMBER
from bot.services import Services
from tests.browser.conftest import OpenPage

PASSWORD = "correct horse battery staple"
DESK, TABLET = (1366, 768), (1024, 768)

Login = Callable[..., Page]
expect.set_options(timeout=20_000)  # the machine may be busy


@pytest.fixture(scope="module")
def people(services: Services) -> None:
    for name, role in (("bianji", "editor"), ("shenhe", "reviewer"), ("zuoxi", "agent")):
        services.accounts.add(name, PASSWORD, role, TOKEN_MEMBER)


@pytest.fixture
def log_in(open_page: OpenPage, people: None) -> Login:
    def make(name: str, size: tuple[int, int] = DESK) -> Page:
        page = open_page(*size)
        page.goto("/panel/login")
        page.fill("input[name=name]", name)
        page.fill("input[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/panel/")
        return page

    return make


def _ask(page: Page, text: str) -> str:
    reply = page.request.post("/api/chat", data={"sender_id": f"市民{time.monotonic_ns()}", "text": text})
    return str(reply.json()["messages"][0]["text"])


def _table(*rows: list[Any]) -> dict[str, Any]:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return {"name": "政策问答.xlsx", "mimeType": kind, "buffer": data.getvalue()}


def test_edit_review_publish_ask(log_in: Login, services: Services) -> None:
    editor = log_in("bianji")
    editor.goto("/panel/knowledge")
    expect(editor.locator(".kb-title")).to_have_count(3)
    editor.keyboard.press("/")
    editor.keyboard.type("小餐饮登记证")
    expect(editor.locator(".kb-title")).to_have_count(1)
    editor.click(".kb-title")
    answer = editor.locator("#kb-form [name=answer]")
    answer.fill("可以。小餐饮登记证一个工作日办结，不收费。")
    preview = editor.frame_locator('iframe[title="对话答复预览"]')
    expect(preview.get_by_text("一个工作日办结，不收费")).to_be_visible()  # while it is being written
    editor.keyboard.press("Control+Enter")
    editor.wait_for_url("**/panel/knowledge/2")
    expect(editor.get_by_text("待审核", exact=True)).to_be_visible()
    expect(editor.get_by_text("旧版在用")).to_be_visible()
    expect(editor.get_by_role("button", name="发布", exact=True)).to_have_count(0)
    assert "三个工作日内办结" in _ask(editor, "小餐饮登记证办理")

    reviewer = log_in("shenhe", TABLET)
    reviewer.goto("/panel/reviews")
    expect(reviewer.locator(".kb-diff ins").first).to_contain_text("小餐饮登记证")
    reviewer.get_by_role("button", name="发布", exact=True).click()
    expect(reviewer.get_by_text("已发布，立即生效")).to_be_visible()
    published = time.monotonic()
    while "一个工作日办结，不收费" not in _ask(reviewer, "小餐饮登记证办理"):
        assert time.monotonic() - published < 1, "an edit published in the panel answers differently within a second"


def test_what_was_typed_survives_a_reload_and_nobody_overwrites_anybody(log_in: Login, services: Services) -> None:
    page = log_in("bianji")
    page.goto("/panel/knowledge/3")
    page.locator("#kb-form [name=answer]").fill("写到一半的答案。")
    expect(page.get_by_text("未保存")).to_be_visible()
    warned = "const leaving = new Event('beforeunload', { cancelable: true }); dispatchEvent(leaving); return leaving.defaultPrevented;"
    assert page.evaluate(f"() => {{ {warned} }}")
    page.close()  # as when the browser goes down
    page = page.context.new_page()
    page.goto("/panel/knowledge/3")
    expect(page.get_by_text("没有保存的修改")).to_be_visible()
    page.get_by_role("button", name="恢复", exact=True).click()
    expect(page.locator("#kb-form [name=answer]")).to_have_value("写到一半的答案。")
    other = log_in("shenhe")
    other.goto("/panel/knowledge/3")
    other.locator("#kb-form [name=title]").fill("食品小作坊登记证（同事先改了）")
    other.keyboard.press("Control+s")
    expect(other.get_by_text("第 2 版")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.get_by_text("您现在的修改不能直接保存，以免覆盖")).to_be_visible()
    assert services.entries.get(3).content.title == "食品小作坊登记证（同事先改了）"
    assert services.entries.get(3).version == 2


def test_an_excel_with_errors_is_imported_and_comes_out_inert(log_in: Login, services: Services) -> None:
    page = log_in("bianji")
    page.goto("/panel/imports")
    nasty = '<img src=x onerror="window.hacked=1">'
    table = _table(
        ["编号", "类型", "标题", "答案", "标签", "生效日期"],
        ["N1", "问答", "新开的超市要办什么证", "要办食品经营许可证。", None, None],
        ["N2", "问答", f"<script>window.hacked=1</script>{nasty}", nasty, nasty, None],
        ["N3", "问答", "日期写错的一行", "答案。", None, "明年"],
    )
    page.set_input_files("#kb-table-file", files=[table])
    page.wait_for_url("**/panel/imports/*")
    expect(page.get_by_text("待确认")).to_be_visible()
    expect(page.get_by_text("生效日期：必须是日期，例如 2025-01-31")).to_be_visible()
    page.get_by_role("button", name="开始导入").click()
    expect(page.get_by_text("已完成")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_text("只下载有问题的行").click()
    assert download.value.path().stat().st_size > 1000
    assert services.entries.by_external_id("N1").state == "in_review"
    assert services.entries.by_external_id("N3") is None

    number = services.entries.by_external_id("N2").entry_id
    page.goto("/panel/knowledge?state=in_review")
    expect(page.get_by_text("<script>window.hacked=1</script>")).to_be_visible()
    page.goto(f"/panel/knowledge/{number}")
    expect(page.frame_locator('iframe[title="对话答复预览"]').get_by_text("<img src=x").first).to_be_visible()
    page.get_by_role("tab", name="版本").click()
    expect(page.locator(".kb-diff ins").nth(1)).to_contain_text("<script>")
    page.goto("/panel/reviews")
    expect(page.locator(".kb-diff ins").first).to_be_visible()
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img[src=x], main script").count() == 0


def test_an_agent_reads_and_does_not_write(log_in: Login) -> None:
    page = log_in("zuoxi", TABLET)
    page.goto("/panel/knowledge/1")
    expect(page.locator("#kb-form [name=title]")).to_be_disabled()
    expect(page.get_by_role("button", name="保存草稿")).to_have_count(0)
    assert page.goto("/panel/imports").status == 403
    assert page.goto("/panel/reviews").status == 403


def test_conditions_are_written_as_a_form_and_read_out(log_in: Login, services: Services) -> None:
    before = services.entries.get(2).version
    page = log_in("bianji")
    page.goto("/panel/knowledge/2")
    expect(page.locator(".kb-near > *").first).to_be_visible()  # the page is connected
    page.get_by_text("适用条件（可判定").click()
    page.get_by_role("button", name="加一组条件").click()
    parts = page.locator(".kb-parts .kb-condition")
    expect(parts).to_have_count(2)
    expect(parts.first.get_by_text("请选择")).to_be_visible()  # the problem, at its field

    def choose(part: Any, label: str, option: str) -> None:
        part.get_by_label(label).click()
        page.get_by_role("option", name=option, exact=True).click()

    for number, (fact, value) in enumerate((("从业人数", "三百"), ("资产总额", "5000"))):
        choose(parts.nth(number), "看哪种情况", fact)
        expect(parts.nth(number).get_by_text(f"读作：{fact}")).to_be_visible()  # drawn anew for this fact
        parts.nth(number).get_by_label("值").fill(value)
    expect(parts.first.get_by_text("的值必须是数字")).to_be_visible()
    parts.first.get_by_label("值").fill("300")
    expect(page.get_by_text("读作：满足其中一项：（1）从业人数不超过 300 人；（2）资产总额不超过 5000 万元")).to_be_visible()
    choose(parts.nth(1), "单位", "亿元")
    expect(parts.first.get_by_label("市民读到的话")).to_have_value("从业人数不超过 300 人")
    page.close()  # what was chosen, not only what was typed, is kept by the browser
    page = page.context.new_page()
    page.goto("/panel/knowledge/2")
    page.get_by_role("button", name="恢复", exact=True).click()
    page.keyboard.press("Control+s")
    expect(page.get_by_text(f"第 {before + 1} 版").first).to_be_visible()
    (group,) = services.entries.get(2).content.eligibility
    assert [(c.fact, c.operator, c.value, c.unit) for c in group.parts] == [
        ("从业人数", "<=", 300, None), ("资产总额", "<=", 5000, "亿元"),
    ]  # fmt: skip
    assert group.text == "满足其中一项：（1）从业人数不超过 300 人；（2）资产总额不超过 5000 亿元"
