"""An agent handles a ticket: files it for a caller, moves it on to the answer, and puts a bad rating right."""

import re
from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.services import Services
from conversations.clock import now
from staff.accounts import COMMAND_LINE
from staff.audit import AuditFilter
from tests.browser.conftest import OpenPage
from tests.browser.test_panel_login import PASSWORD, log_in
from tickets import store
from tickets.store import Wanted

pytestmark = pytest.mark.browser
STORY = '楼下烧烤店油烟大<img src=x onerror="window.hit=1"><script>window.hit=1</script>'


@pytest.fixture(scope="module", autouse=True)
def people(services: Services) -> None:
    services.accounts.add("wang", PASSWORD, "agent", COMMAND_LINE, display_name="王敏")


def step(detail: Locator, name: str, words: str | None = None) -> None:
    detail.get_by_role("button", name=name, exact=True).click()
    if words:
        detail.locator("textarea").fill(words)
    detail.get_by_role("button", name="提交").click()


def test_handle_a_ticket(open_page: OpenPage, services: Services) -> None:
    page = open_page(1366, 768)
    log_in(page, "wang", "/panel/tickets")
    expect(page.locator(".ticket-board")).to_be_visible()
    page.keyboard.press("n")
    form = page.locator(".ticket-form")
    form.get_by_label(re.compile("什么事")).fill(STORY)
    form.get_by_label("地点").fill("幸福小区")
    form.get_by_label("联系电话").fill("13800138000")
    expect(form).to_contain_text("建议：综合行政执法局")
    form.get_by_role("button", name="登记").click()
    detail = page.locator(".ticket-detail")
    expect(detail).to_contain_text("楼下烧烤店油烟大<img")  # as text
    expect(detail).to_contain_text("138****8000")
    expect(page.locator(".ticket-card")).to_have_count(1)
    expect(page.locator("body")).not_to_contain_text("13800138000")
    number = services.ticket_desk.listed(Wanted())["tickets"][0]["number"]
    detail.get_by_role("button", name="查看联系方式和原话").click()
    expect(detail).to_contain_text("13800138000")
    step(detail, "受理")
    expect(detail).to_contain_text("经办 wang")
    step(detail, "分派", "请三日内核实")
    expect(detail.locator(".panel-tag", has_text="已分派")).to_be_visible()
    step(detail, "登记进展", "已到现场")
    expect(detail.locator(".panel-tag", has_text="办理中")).to_be_visible()
    detail.get_by_role("button", name="答复", exact=True).click()
    detail.get_by_role("button", name="提交").click()
    expect(detail).to_contain_text("请写明内容")
    step(detail, "答复", "已责令商家加装油烟净化器。")
    expect(detail.locator(".panel-tag", has_text="待评价")).to_be_visible()
    expect(detail.locator(".ticket-history li")).to_have_count(5)
    assert page.evaluate("window.hit") is None
    lines = services.audit_log.page(AuditFilter(actor="wang", object_id=number))[1]
    assert [line["action"] for line in lines] == [
        "ticket.answer", "ticket.progress", "ticket.assign", "ticket.accept", "ticket.contact", "ticket.create",
    ]  # fmt: skip
    page.keyboard.press("Escape")
    put_right(page, services, number)


def put_right(page: Page, services: Services, number: str) -> None:
    with services.database.write() as session:
        store.rate(session, number, 1, "没人联系我", now(), date(2026, 1, 5))
    page.get_by_role("button", name="评价与整改").click()
    row = page.locator(".rating-row")
    expect(row).to_contain_text("非常不满意")
    expect(row.locator(".panel-tag.bad", has_text="整改超期")).to_be_visible()
    for button, words in (("交办", ""), ("登记整改", "已上门致歉"), ("登记回访", "市民表示满意")):
        row.get_by_role("button", name=button).first.click()
        form = page.locator(".panel-form")
        form.locator("textarea").fill(words)
        form.get_by_role("button", name="保存").click()
        expect(form).to_have_count(0)
    expect(row).to_contain_text("已回访")
    expect(row).to_contain_text("回访：市民表示满意")


def test_the_notes_of_a_call_fill_the_form(open_page: OpenPage) -> None:
    page = open_page(1024, 768)  # a tablet
    log_in(page, "wang", "/panel/tickets?view=list")
    page.evaluate(
        "sessionStorage.setItem('wenzheng-ticket', JSON.stringify({what: '路灯不亮', where: '和平路', contact: '13900139000'}))"
    )
    page.goto("/panel/tickets?new=1")
    form = page.locator(".ticket-form")
    expect(form.get_by_label(re.compile("什么事"))).to_have_value("路灯不亮")
    expect(form.get_by_label("联系电话")).to_have_value("13900139000")
    assert page.evaluate("sessionStorage.getItem('wenzheng-ticket')") is None


def test_words_that_are_searched_for_stand_in_no_address(open_page: OpenPage) -> None:
    page = open_page(1366, 768)
    log_in(page, "wang", "/panel/tickets?view=list")
    page.get_by_placeholder("编号，或内容里的词").fill("李女士 13900139000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("没有符合条件的工单")).to_be_visible()
    page.get_by_role("switch", name="超期").click()
    page.wait_for_url("**overdue=1*")
    assert "139" not in page.url
