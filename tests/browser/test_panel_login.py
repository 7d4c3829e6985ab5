"""Logging in to the panel, working in it, and the end of a login, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from bot.services import Services
from staff.accounts import COMMAND_LINE
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser
PASSWORD = "four words long"


@pytest.fixture(scope="module", autouse=True)
def people(services: Services) -> None:
    services.accounts.add("boss", PASSWORD, "admin", COMMAND_LINE, display_name="王敏", department="12345 中心")
    services.accounts.add("lin", PASSWORD, "agent", COMMAND_LINE, display_name="林琳")


def log_in(page: Page, name: str, address: str = "/panel/") -> None:
    page.goto(address)
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.locator(".panel-title").wait_for()  # the scripts of a page load as they can; what it does then is held to five seconds


def test_an_administrator_makes_an_account_and_takes_it_away(open_page: OpenPage, services: Services) -> None:
    page = open_page(1366, 768)
    page.goto("/panel/people")
    page.fill("#name", "boss")
    page.fill("#password", "wrong words")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("登录名或密码不正确")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".panel-title")).to_have_text("人员")  # where one was going
    page.get_by_role("button", name="新建账号").click()
    form = page.locator(".panel-form")
    form.get_by_label("姓名").fill('<img src=x onerror="document.title=1">')
    form.get_by_label("登录名").fill("chen")
    form.get_by_label(re.compile("初始密码")).fill("short")
    form.get_by_role("button", name="新建", exact=True).click()
    expect(form).to_contain_text("密码要有 10 到 200 个字符")
    form.get_by_label(re.compile("初始密码")).fill(PASSWORD)
    form.get_by_role("button", name="新建", exact=True).click()
    expect(page.get_by_role("cell", name="chen", exact=True)).to_be_visible()
    expect(page.get_by_role("cell", name='<img src=x onerror="document.title=1">')).to_be_visible()  # as text
    assert page.title() == "人员 · 问政"
    page.get_by_role("cell", name="chen", exact=True).click()
    page.get_by_role("button", name="停用账号").click()
    page.get_by_role("button", name="停用", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("chen.*已停用"))).to_be_visible()
    assert services.accounts.get("chen").active is False
    page.keyboard.press("Alt+2")
    page.wait_for_url("**/panel/phone")
    page.goto("/panel/audit")
    expect(page.get_by_role("row", name=re.compile("boss.*停用账号.*chen"))).to_be_visible()


def test_an_agent_sees_only_what_is_theirs(open_page: OpenPage) -> None:
    page = open_page(1024, 768)
    log_in(page, "lin")
    expect(page.locator(".panel-member")).to_contain_text("林琳")
    expect(page.get_by_role("navigation")).not_to_contain_text("人员")
    assert page.goto("/panel/people").status == 403
    expect(page.locator("body")).to_contain_text("没有“管理人员和查看操作记录”的权限")


def test_a_login_that_ends_is_said_and_leads_back(
    open_page: OpenPage, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("panel.access.CHECK_EVERY_S", 0.3)
    page = open_page(1366, 768)
    log_in(page, "boss", "/panel/audit")
    services.accounts.set_password("boss", PASSWORD, COMMAND_LINE)  # ends every login
    dialog = page.locator("#panel-expired")
    expect(dialog).to_be_visible()
    expect(page.get_by_role("table")).to_have_count(0)  # nothing is left to read behind it
    dialog.get_by_role("button", name="重新登录").click()
    expect(page.locator(".note")).to_contain_text("登录已过期")
    page.fill("#name", "boss")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".panel-title")).to_have_text("操作记录")


def test_keys_and_logging_out(open_page: OpenPage) -> None:
    page = open_page(1366, 768)
    log_in(page, "boss")
    page.keyboard.press("?")
    expect(page.locator(".panel-help")).to_contain_text("键盘操作")
    page.keyboard.press("Escape")
    page.locator(".panel-member").click()
    page.get_by_text("退出登录").click()
    expect(page.locator(".note")).to_contain_text("已退出登录")
    page.goto("/panel/people")
    expect(page.locator("#password")).to_be_visible()


def test_an_open_page_writes_nothing_for_somebody_whose_account_has_been_disabled(
    open_page: OpenPage, services: Services
) -> None:
    services.accounts.add("gone", PASSWORD, "admin", COMMAND_LINE, display_name="离岗")
    people, audit, entry = (open_page(1366, 768) for _ in range(3))
    log_in(people, "gone", "/panel/people")
    log_in(audit, "gone", "/panel/audit")
    log_in(entry, "gone", "/panel/knowledge/new")
    people.get_by_role("button", name="新建账号").click()
    people.get_by_label("姓名").fill("后门")
    people.get_by_label("登录名", exact=True).fill("houmen")
    people.get_by_label("初始密码").fill("a long enough secret")
    entry.locator("#kb-form [name=title]").fill("离岗后写的")
    entry.locator("#kb-form [name=answer]").fill("不该存下来。")
    services.accounts.deactivate("gone", COMMAND_LINE)
    people.get_by_role("button", name="新建", exact=True).click()
    expect(people.get_by_text("没有登录")).to_be_visible()
    entry.keyboard.press("Control+s")
    expect(entry.get_by_text("没有登录")).to_be_visible()
    audit.get_by_role("button", name="查找").click()
    expect(audit.get_by_text("没有登录")).to_be_visible()
    assert all(account.member.name != "houmen" for account in services.accounts.listed())
    assert services.entries.count(text="离岗后写的") == 0
