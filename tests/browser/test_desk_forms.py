"""What an agent types belongs to one conversation: a ticket's form, words that are typed while others are on their way."""

import httpx
import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import TABLET

pytestmark = pytest.mark.browser


def asks_for_a_human(address: str, sender: str, *said: str) -> str:
    with httpx.Client(base_url=address, timeout=30) as client:
        for text in (*said, "转人工"):
            reply = client.post("/api/chat", json={"sender_id": sender, "text": text})
    return str(reply.json()["conversation_id"])


def test_a_tickets_form_is_filled_in_from_its_own_conversation_and_no_other(at_the_desk, address):
    first = asks_for_a_human(address, "烧烤", "幸福路8号的烧烤店能不能管，昨晚又很吵，我电话13800138000")
    second = asks_for_a_human(address, "路灯", "和平路的路灯不亮归谁管")
    desk = at_the_desk("wang", TABLET)
    form = desk.get_by_role("dialog", name="建诉求工单")
    desk.locator(f"#row-{first}").click()
    desk.get_by_role("tab", name="来访人").click()
    desk.get_by_role("button", name="替他建诉求工单").click()
    expect(form.get_by_label("类型")).to_be_focused()
    expect(form.get_by_label("在哪里")).to_have_value("幸福路8号")
    expect(form.get_by_label("什么时候")).to_have_value("昨晚")
    expect(form.get_by_label("联系方式")).to_have_value("13800138000")
    expect(form.get_by_label("什么事（必填）")).not_to_have_value("转人工")
    desk.evaluate("document.activeElement.blur()")
    desk.keyboard.press("Escape")
    expect(form).to_have_count(0)
    desk.locator(f"#row-{second}").click()
    desk.get_by_role("tab", name="来访人").click()
    desk.get_by_role("button", name="替他建诉求工单").click()
    expect(form.get_by_label("什么事（必填）")).to_have_value("和平路的路灯不亮归谁管")
    expect(form.get_by_label("联系方式")).to_have_value("")


def test_words_typed_while_others_are_on_their_way_stay(at_the_desk, address):
    asked = asks_for_a_human(address, "慢网", "小饭馆要办什么证")
    desk = at_the_desk("wang")
    desk.locator(f"#row-{asked}").click()
    desk.keyboard.press("t")
    expect(desk.get_by_text("我在接待")).to_be_visible()
    under_way: list[Route] = []
    desk.route("**/send", lambda route: under_way.append(route))
    field = desk.get_by_label("对市民说的话")
    field.fill("您好，请稍等。")
    field.press("Control+Enter")
    expect(desk.get_by_role("button", name="发送中…")).to_be_visible()
    field.fill("您的店有多大？")
    under_way[0].continue_()
    expect(desk.locator(".said.agent").last).to_contain_text("请稍等")
    expect(desk.get_by_role("button", name="发送", exact=True).last).to_be_enabled()
    expect(field).to_have_value("您的店有多大？")
