"""kill -9 of the gateway under an agent's open page: it comes back by itself, nothing typed is lost, nothing is said twice."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from database.engine import Database
from staff.accounts import COMMAND_LINE, StaffAccounts
from tests.fixtures.chromium import running_chromium
from tests.sidecar.instance import Instance

pytestmark = pytest.mark.browser

PASSWORD = "三只麻雀 42 号窗口"
BACK_MS = 120_000  # a gateway starts in seconds, on a busy machine in many
CITIZEN = "断线里的市民"


@pytest.fixture(scope="module")
def agent(instance: Instance) -> str:
    database = Database(instance.settings.database_url)
    StaffAccounts(database).add("wang", PASSWORD, "agent", COMMAND_LINE, display_name="王敏")
    database.dispose()
    return "wang"


@pytest.fixture
def desk(instance: Instance, agent: str) -> Iterator[Page]:
    instance.wait_until_ready(60)
    with running_chromium() as browser:
        page = browser.new_page(base_url=instance.base_url, viewport={"width": 1366, "height": 768}, locale="zh-CN")
        page.goto("/panel/desk")
        page.locator("input[name=name]").fill(agent)
        page.locator("input[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/panel/desk")
        yield page


def live(desk: Page) -> Locator:
    return desk.get_by_role("status").filter(has_text="实时")


def told(instance: Instance, conversation_id: str, words: str) -> int:
    """How often the citizen has been told these words by a human."""
    said = httpx.get(f"{instance.base_url}/api/conversations/{conversation_id}/messages", timeout=60, trust_env=False).json()
    return sum(message["role"] == "agent" and words in message["text"] for message in said["messages"])


def test_an_agent_goes_on_where_the_gateway_was_killed(instance: Instance, desk: Page) -> None:
    conversation_id = instance.chat("转人工", CITIZEN)["conversation_id"]
    row = desk.locator(f"#row-{conversation_id}")
    row.click()
    desk.keyboard.press("t")
    expect(desk.get_by_text("我在接待")).to_be_visible()
    log, field = desk.get_by_role("log"), desk.get_by_label("对市民说的话")

    instance.chat("身份证丢了怎么补办", CITIZEN)
    expect(log).to_contain_text("身份证丢了怎么补办")
    field.fill("您好，正在为您")
    instance.kill("gateway")
    expect(desk.get_by_role("status").filter(has_text=re.compile("连接断开"))).to_be_visible()
    field.press("End")
    field.press_sequentially("核实。")  # the agent types on
    asked = httpx.post(  # nobody listens yet, nobody is turned away
        f"{instance.base_url}/api/chat",
        json={"sender_id": CITIZEN, "text": "要带照片吗"},
        timeout=BACK_MS / 1000,
        trust_env=False,
    )
    assert asked.status_code == 200
    expect(live(desk)).to_be_visible(timeout=BACK_MS)
    expect(log).to_contain_text("要带照片吗")
    expect(field).to_have_value("您好，正在为您核实。")
    field.press("Control+Enter")
    expect(field).to_have_value("")
    expect(desk.locator(".said.agent").filter(has_text="正在为您核实")).to_have_count(1)
    assert told(instance, conversation_id, "正在为您核实") == 1


def test_words_sent_into_a_dead_gateway_arrive_once(instance: Instance, desk: Page) -> None:
    conversation_id = instance.chat("转人工", f"{CITIZEN}二")["conversation_id"]
    desk.locator(f"#row-{conversation_id}").click()
    desk.keyboard.press("t")
    expect(desk.get_by_text("我在接待")).to_be_visible()
    field = desk.get_by_label("对市民说的话")
    field.fill("补办要带户口簿。")
    instance.kill("gateway")
    field.press("Control+Enter")  # it waits for the gateway that is to come, or is told that it did not get through
    expect(live(desk)).to_be_visible(timeout=BACK_MS)
    gone = desk.locator(".said.agent").filter(has_text="补办要带户口簿")
    failed = desk.get_by_role("alert").filter(has_text="没有完成")
    expect(gone.or_(failed).first).to_be_visible(timeout=30_000)
    if gone.count() == 0:
        expect(field).to_have_value("补办要带户口簿。")
        field.press("Control+Enter")
    expect(gone).to_have_count(1)
    expect(field).to_have_value("")
    assert told(instance, conversation_id, "补办要带户口簿") == 1
