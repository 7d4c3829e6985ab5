"""A citizen's way through the chat page, as they see it."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.browser

PHONE, DESK = (390, 844), (1280, 860)


def say(page: Page, text: str) -> None:
    page.get_by_label("您的问题").fill(text)
    page.get_by_role("button", name="发送", exact=True).click()


def last_reply(page: Page):
    return page.locator(".turn.bot").last


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_question_answer_source_page_and_rating(open_page, size):
    page = open_page(*size)
    page.goto("/chat")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out sideways"
    page.get_by_role("button", name="食品经营许可证快到期了怎么延续").click()
    card = last_reply(page).locator(".card")
    expect(card).to_contain_text("食品经营许可和备案管理办法")
    expect(card).to_contain_text("现行有效")
    say(page, "要什么材料")
    expect(last_reply(page)).to_contain_text("原许可证正副本")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    last_reply(page).get_by_role("button", name="有用").click()
    expect(last_reply(page)).to_contain_text("感谢您的评价")
    expect(page.locator(".rate")).to_have_count(0)
    page.locator(".card").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("食品经营许可证延续")
    expect(page.get_by_alt_text("本页二维码")).to_be_visible()
    assert page.evaluate("document.querySelector('.code img').naturalWidth > 0")
    page.get_by_role("link", name="接着问助手").click()
    expect(page.locator(".about")).to_have_text("食品经营许可证延续")


def test_enter_sends_and_shift_enter_does_not(open_page):
    page = open_page(*DESK)
    page.goto("/chat")
    field = page.get_by_label("您的问题")
    field.fill("你好")
    field.press("Shift+Enter")
    expect(page.locator(".turn.user")).to_have_count(0)
    field.press("Enter")
    expect(last_reply(page)).to_contain_text("政策咨询助手")
    expect(page.locator(".turn.user")).to_have_count(1)
    expect(field).to_have_value("")


def test_what_was_said_is_there_after_a_reload(open_page):
    page = open_page(*PHONE)
    page.goto("/chat")
    say(page, "食品经营许可证延续要什么材料")
    expect(last_reply(page)).to_contain_text("原许可证正副本")
    page.reload()
    expect(page.locator(".turn.user .bubble")).to_have_text("食品经营许可证延续要什么材料")
    expect(last_reply(page).locator(".card")).to_be_visible()


def test_a_human_can_be_asked_for_and_is_heard(open_page, services):
    page = open_page(*PHONE)
    page.goto("/chat")
    page.get_by_label("常用").get_by_role("button", name="转人工").click()
    expect(last_reply(page)).to_contain_text("已为您登记转人工")
    expect(page.locator("#state")).to_contain_text("等待工作人员接入")
    conversation = page.evaluate("localStorage.getItem('wenzheng-conversation')")
    page.wait_for_timeout(300)
    services.records.give_to(conversation, "human")
    services.records.say(conversation, "agent", "您好，我是 3 号坐席。")
    services.live.notify(conversation)
    expect(page.locator(".turn.agent")).to_contain_text("您好，我是 3 号坐席。")
    say(page, "好的，我的问题是……")
    expect(page.locator("#state")).to_contain_text("人工坐席正在为您服务")
    expect(page.locator(".typing")).to_have_count(0)


def test_a_complaint_with_its_number(open_page):
    page = open_page(*PHONE)
    page.goto("/chat")
    page.get_by_label("常用").get_by_role("button", name="我要投诉").click()
    expect(last_reply(page)).to_contain_text("请说说是什么事")
    say(page, "市场监管所收了材料三个月没有回音，就在南城街道市场监管所")
    expect(last_reply(page)).to_contain_text("联系电话")
    say(page, "跳过")
    expect(last_reply(page)).to_contain_text("请您核对")
    last_reply(page).get_by_role("button", name="确认登记").click()
    expect(last_reply(page)).to_contain_text(re.compile(r"WZ\d{12}"))
    last_reply(page).get_by_role("button", name="查进度").click()
    expect(last_reply(page)).to_contain_text("已登记")


def test_a_lost_message_can_be_sent_again_and_arrives_once(open_page, services):
    page = open_page(*PHONE)
    page.goto("/chat")
    turns = services.records.counts()["turns"]

    def arrives_but_the_reply_is_lost(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/chat", arrives_but_the_reply_is_lost, times=1)
    say(page, "食品经营许可证延续要什么材料")
    page.get_by_role("button", name="未送达，点此重发").click()
    expect(last_reply(page)).to_contain_text("原许可证正副本")
    expect(page.locator(".retry")).to_have_count(0)
    assert services.records.counts()["turns"] == turns + 1


def test_a_refusal_is_told(open_page):
    page = open_page(*PHONE)
    page.goto("/chat")
    refusal = '{"ok":false,"error":"发送过于频繁。","errors":[],"status":429,"fix":"请在 20 秒后再发。"}'
    page.route("**/api/chat", lambda route: route.fulfill(status=429, body=refusal, content_type="application/json"), times=1)
    say(page, "你好")
    expect(page.locator(".note")).to_have_text("发送过于频繁。请在 20 秒后再发。")
    expect(page.get_by_role("button", name="未送达，点此重发")).to_be_visible()


def test_too_long_is_said_before_sending(open_page):
    page = open_page(*PHONE)
    page.goto("/chat")
    page.get_by_label("您的问题").fill("政" * 2001)
    expect(page.locator("#hint")).to_contain_text("请缩短到 2000 字以内")
    expect(page.get_by_role("button", name="发送", exact=True)).to_be_disabled()


def test_markup_is_shown_as_typed(open_page):
    page = open_page(*PHONE)
    page.goto("/chat")
    say(page, "<img src=x onerror=alert(1)>")
    expect(page.locator(".turn.user .bubble")).to_have_text("<img src=x onerror=alert(1)>")
