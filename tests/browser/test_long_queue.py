"""More people wait than one page of the list has: everybody is reached, the numbers are right, and what is searched for stays private."""

import re

import httpx
import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.test_live_desk import rows

pytestmark = pytest.mark.browser

PAGE, WAITING = 50, 53


@pytest.fixture(scope="module")
def queue(address: str) -> list[str]:
    """Conversations in the order in which their citizens began to wait."""
    with httpx.Client(base_url=address) as client:
        return [wait(client, number) for number in range(WAITING)]


def wait(client: httpx.Client, number: int) -> str:
    client.post("/api/chat", json={"sender_id": f"排队{number}", "text": f"我是{number}号市民"})
    return str(client.post("/api/chat", json={"sender_id": f"排队{number}", "text": "转人工"}).json()["conversation_id"])


def shown(desk: Page) -> list[str]:
    return [str(row.get_attribute("id")).removeprefix("row-") for row in rows(desk).all()]


def test_a_queue_longer_than_a_page(at_the_desk, address, queue):
    desk = at_the_desk("wang")
    waiting = desk.get_by_role("tab", name=re.compile("等候"))
    expect(rows(desk)).to_have_count(PAGE)
    expect(desk.get_by_role("button", name="再看一些（还有 3 个）")).to_be_visible()
    with httpx.Client(base_url=address) as client:
        queue.append(wait(client, WAITING))  # comes last: behind what is not loaded yet
    expect(waiting).to_contain_text(str(len(queue)))
    expect(desk.get_by_role("button", name="再看一些（还有 4 个）")).to_be_visible()
    assert shown(desk) == queue[:PAGE]
    desk.locator(f"#row-{queue[PAGE - 1]}").click()
    desk.keyboard.press("ArrowDown")  # beyond the page
    expect(rows(desk)).to_have_count(len(queue))
    expect(desk.locator(f"#row-{queue[PAGE]}")).to_have_attribute("aria-selected", "true")
    assert shown(desk) == queue
    expect(desk.get_by_role("button", name=re.compile("再看一些"))).to_have_count(0)
    expect(rows(desk).last).to_contain_text(f"第 {len(queue)} 位")
    desk.locator(f"#row-{queue[0]}").click()
    desk.keyboard.press("t")
    expect(desk.get_by_text("我在接待")).to_be_visible()
    expect(waiting).to_contain_text(str(len(queue) - 1))
    waiting.click()
    expect(desk.get_by_role("button", name="再看一些（还有 3 个）")).to_be_visible()
    assert shown(desk) == queue[1 : PAGE + 1]


def test_what_is_searched_for_stands_in_no_address(at_the_desk, queue):
    desk = at_the_desk("li")
    expect(rows(desk)).to_have_count(PAGE)
    asked: list[Request] = []
    desk.on("request", lambda request: asked.append(request))
    desk.get_by_role("tab", name="全部").click()
    desk.get_by_label("搜索会话").fill("我是52号市民")
    expect(rows(desk)).to_have_count(1)
    assert shown(desk) == [queue[52]]
    searches = [request for request in asked if request.url.endswith("/api/desk/conversations/search")]
    assert searches[-1].post_data_json["q"] == "我是52号市民"
    assert not [request.url for request in asked if "q=" in request.url]
