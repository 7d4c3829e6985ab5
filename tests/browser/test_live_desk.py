"""Citizens and agents at once, each in a browser of their own: asked, taken, answered with a key, closed."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from staff.accounts import COMMAND_LINE
from tests.browser.conftest import DESK, PASSWORD, PHONE, TABLET, UPRIGHT
from tests.browser.test_chat_page import say

pytestmark = pytest.mark.browser

QUESTION = "食品经营许可证快到期了怎么延续"
HOSTILE = "<img src=x onerror=\"document.title='bad'\"><script>document.title='bad'</script>"


def rows(page: Page):
    return page.get_by_role("listbox", name="会话", exact=True).get_by_role("option")


def test_answer_a_waiting_citizen(open_page, at_the_desk):
    desk = at_the_desk("wang")
    expect(desk.get_by_role("status").filter(has_text="实时")).to_be_visible()
    expect(desk.get_by_text("现在没有人在等")).to_be_visible()
    citizen = open_page(*PHONE)
    citizen.goto("/chat")
    say(citizen, QUESTION)
    expect(citizen.locator(".turn.bot").last).to_contain_text("可以")
    say(citizen, "转人工")
    expect(rows(desk)).to_have_count(1, timeout=2000)
    expect(desk).to_have_title(re.compile(r"^\(1\)"))
    desk.keyboard.press("ArrowDown")
    expect(desk.get_by_role("log")).to_contain_text(QUESTION)
    first = desk.get_by_role("article", name=re.compile("推荐 1"))
    expect(first).to_contain_text("食品经营许可证延续")
    expect(first).to_contain_text("现行有效")
    expect(first.locator("mark").first).to_be_visible()
    desk.keyboard.press("t")
    expect(desk.get_by_text("我在接待")).to_be_visible()
    expect(citizen.get_by_text("工作人员已接入")).to_be_visible()
    say(citizen, "要什么材料")
    expect(desk.locator(".about")).to_contain_text("要什么材料", timeout=1500)
    expect(first.locator(".full .text")).to_contain_text("原许可证正副本")
    desk.keyboard.press("1")
    expect(desk.get_by_text("即将发送")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.get_by_text("即将发送")).to_have_count(0)
    desk.keyboard.press("1")
    desk.keyboard.press("1")
    expect(citizen.locator(".turn.agent").last).to_contain_text("原许可证正副本")
    expect(desk.locator(".said.agent").last).to_contain_text("推荐原文")
    desk.keyboard.press("e")
    field = desk.get_by_label("对市民说的话")
    expect(field).to_be_focused()
    field.fill("材料就这两样，带齐就行。")
    field.press("Control+Enter")
    expect(citizen.locator(".turn.agent").last).to_contain_text("带齐就行")
    expect(desk.locator(".said.agent").last).to_contain_text("推荐（改过）")
    desk.locator(".said.agent").last.get_by_role("button", name="提议入库").click()
    expect(desk.locator(".said.agent").last).to_contain_text("已提议入库")
    desk.keyboard.press("Escape")
    desk.keyboard.press("x")
    desk.get_by_role("dialog").get_by_role("button", name="结束").click()
    expect(citizen.get_by_text("人工服务已结束")).to_be_visible()
    say(citizen, "要多久")
    expect(citizen.locator(".turn.bot").last).to_contain_text("食品经营许可证延续")


@pytest.mark.parametrize("size", [DESK, TABLET, UPRIGHT])
def test_a_strangers_markup_is_text_everywhere_at_the_desk(at_the_desk, address, size):
    desk = at_the_desk("wang", size)
    expect(desk.get_by_role("status").filter(has_text="实时")).to_be_visible()
    sender = f"坏人{size[0]}"
    with httpx.Client(base_url=address) as client:
        for text in (HOSTILE, "转人工"):
            client.post("/api/chat", json={"sender_id": sender, "text": text})
        client.post("/api/chat", json={"sender_id": sender, "text": HOSTILE})
    row = rows(desk).filter(has_text="<img src=x").first
    expect(row).to_be_visible()
    row.click()
    expect(desk.get_by_role("log")).to_contain_text(HOSTILE)
    expect(desk.locator(".about")).to_contain_text("<img")
    desk.keyboard.press("n")
    note = desk.get_by_label("备注")
    note.fill(HOSTILE)
    note.press("Enter")
    expect(desk.locator(".block").filter(has_text="备注")).to_contain_text(HOSTILE)
    assert desk.locator("img[src=x]").count() == 0
    assert "bad" not in desk.title()
    assert desk.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out sideways"
    for column in (".list", ".talk", ".side"):
        expect(desk.locator(f".d-col{column}")).to_be_in_viewport(ratio=0.99)
        assert (desk.locator(f".d-col{column}").bounding_box() or {"width": 0})["width"] > 200


def test_two_desks_see_who_has_it_and_a_transfer_arrives_at_once(at_the_desk, address):
    wang, li = at_the_desk("wang"), at_the_desk("li")
    with httpx.Client(base_url=address) as client:
        client.post("/api/chat", json={"sender_id": "转交", "text": "小饭馆要办什么证"})
        asked = client.post("/api/chat", json={"sender_id": "转交", "text": "转人工"}).json()["conversation_id"]
    for desk in (wang, li):
        desk.locator(f"#row-{asked}").click()
        expect(desk.get_by_role("button", name="接入")).to_be_visible()
    wang.keyboard.press("t")
    expect(wang.get_by_text("我在接待")).to_be_visible()
    expect(li.get_by_text("王敏 在接待")).to_be_visible()
    expect(li.get_by_role("button", name="接入")).to_have_count(0)
    wang.get_by_role("button", name="转交").click()
    dialog = wang.get_by_role("dialog")
    dialog.get_by_label("转给").select_option("li")
    dialog.get_by_label("说明").fill("问餐饮证的，您熟")
    dialog.get_by_role("button", name="转交").click()
    expect(li.get_by_text("我在接待")).to_be_visible()
    expect(li.get_by_text("王敏 转来：问餐饮证的，您熟")).to_be_visible()


def test_a_call_by_telephone(at_the_desk, services):
    before = services.records.counts()["conversations"]
    phone = at_the_desk("wang", path="/panel/phone")
    said = phone.get_by_label("来电人说的话")
    said.press_sequentially("小饭馆要办什么证", delay=20)
    first = phone.get_by_role("article", name=re.compile("推荐 1"))
    expect(first).to_contain_text("小餐饮登记证办理")
    said.press("Control+Enter")
    expect(phone.get_by_text("已告知：小餐饮登记证办理")).to_be_visible()
    phone.get_by_label("备注").fill("来电人姓李")
    phone.get_by_role("button", name="保存电话咨询").click()
    expect(phone.get_by_text("电话咨询已保存")).to_be_visible()
    assert services.records.counts()["conversations"] == before + 1
    phone.get_by_label("备注").fill("幸福路8号烧烤店半夜很吵，李女士 13800138000")
    phone.get_by_role("button", name="建诉求工单").click()
    expect(phone.get_by_label("联系方式")).to_have_value("13800138000")
    phone.get_by_role("button", name="保存通话并登记").click()
    expect(phone.get_by_text(re.compile(r"已登记诉求，编号 WZ\d+"))).to_be_visible()


def test_suggestions_in_another_systems_window(open_page, address, services, agents):
    token = services.accounts.tokens.add("wang", "呼叫中心", COMMAND_LINE).token
    with httpx.Client(base_url=address) as client:
        asked = client.post("/api/chat", json={"sender_id": "窗口", "text": QUESTION}).json()["conversation_id"]
        link = client.post(
            "/api/desk/assist-links", json={"conversation_id": asked}, headers={"Authorization": f"Bearer {token}"}
        ).json()["url"]
        page = open_page(420, 760)
        page.goto(link.replace("https://zw.example.gov.cn", address))
        expect(page.get_by_role("article", name=re.compile("推荐 1"))).to_contain_text("食品经营许可证延续")
        assert page.context.cookies() == []
        client.post("/api/chat", json={"sender_id": "窗口", "text": "豆腐坊要办什么证"})
        expect(page.get_by_role("article", name=re.compile("推荐 1"))).to_contain_text("食品小作坊登记证办理", timeout=2500)
        page.reload()
        expect(page.get_by_text("这个链接已经用过")).to_be_visible()


def test_the_window_works_in_a_call_centres_page_and_tells_it_what_was_picked(browser, address, services, agents, call_centre):
    token = services.accounts.tokens.add("wang", "呼叫中心", COMMAND_LINE).token
    context = browser.new_context(viewport={"width": 900, "height": 760}, locale="zh-CN")

    def framed(origin: str) -> Page:
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}) as client:
            asked = client.post("/api/chat", json={"sender_id": "框架", "text": QUESTION}).json()["conversation_id"]
            link = client.post("/api/desk/assist-links", json={"conversation_id": asked}).json()["url"]
        call_centre.page = (
            "<script>addEventListener('message', (event) => { document.title = event.data.title; });</script>"
            f"<iframe width=420 height=700 src='{link.replace('https://zw.example.gov.cn', address)}'></iframe>"
        )
        page = context.new_page()
        page.goto(origin)
        return page

    page = framed(call_centre.origin)
    first = page.frame_locator("iframe").get_by_role("article", name=re.compile("推荐 1"))
    expect(first).to_contain_text("食品经营许可证延续")
    first.get_by_role("button", name="采用").click()
    expect(page).to_have_title("食品经营许可证延续")
    stranger = framed(f"http://127.0.0.1:{call_centre.port}")  # no origin of the list
    stranger.wait_for_timeout(1000)
    assert stranger.frames[1].locator("article").count() == 0
    context.close()


@pytest.mark.parametrize("path", ["/panel/desk", "/panel/phone"])
def test_a_deactivated_account_is_led_to_the_login(at_the_desk, services, address, path):
    name = f"left-{path.rsplit('/', 1)[1]}"
    services.accounts.add(name, PASSWORD, "agent", COMMAND_LINE)
    page = at_the_desk(name, path=path)
    if path.endswith("desk"):
        expect(page.get_by_role("status").filter(has_text="实时")).to_be_visible()
        services.accounts.deactivate(name, COMMAND_LINE)  # nothing is done here: the stream tells
    else:
        said = page.get_by_label("来电人说的话")
        expect(said).to_be_focused()
        services.accounts.deactivate(name, COMMAND_LINE)
        said.fill("小饭馆要办什么证")
    page.wait_for_url("**/panel/login?**", timeout=8000)
    expect(page.get_by_role("status")).to_contain_text("登录已结束")
    expect(page.get_by_role("status")).to_contain_text("联系管理员")
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()


def test_what_was_typed_outlives_a_reload_and_stays_with_its_conversation(at_the_desk, address):
    desk = at_the_desk("wang")
    with httpx.Client(base_url=address) as client:
        first, second = (
            client.post("/api/chat", json={"sender_id": f"草稿{n}", "text": "转人工"}).json()["conversation_id"] for n in "12"
        )
    desk.locator(f"#row-{first}").click()
    desk.keyboard.press("t")
    field = desk.get_by_label("对市民说的话")
    field.fill("我帮您查一下")
    field.press("Escape")
    desk.keyboard.press("n")
    desk.get_by_label("备注").fill("来过两次")
    desk.reload()
    expect(field).to_have_value("我帮您查一下")
    desk.get_by_role("tab", name="来访人").click()
    expect(desk.get_by_label("备注")).to_have_value("来过两次")
    desk.get_by_role("tab", name="等候").click()
    desk.locator(f"#row-{second}").click()
    desk.get_by_role("tab", name="来访人").click()
    expect(desk.get_by_label("备注")).to_have_value("")
