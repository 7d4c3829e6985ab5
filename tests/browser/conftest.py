"""A running gateway and a headless Chromium, on a phone and on a desk."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page

from bot.app import create_app
from bot.services import Services, build_services
from knowledge_base.content import parse_content
from knowledge_base.workflow import Actor
from settings import load_settings
from staff.accounts import COMMAND_LINE
from tests.contract.http.conftest import ENTRY
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.fixtures.chromium import running_chromium

ADMIN = Actor("管理员", "admin")
PASSWORD = "三只麻雀 42 号窗口"
DESK, TABLET, UPRIGHT, PHONE = (1366, 768), (1024, 768), (768, 1024), (390, 844)


class CallCentre:
    """Another system's page, on an origin of its own."""

    def __init__(self) -> None:
        self.page = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = outer.page.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_words: object) -> None:
                """Nothing is printed."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.origin = f"http://localhost:{self.port}"


@pytest.fixture(scope="module")
def call_centre() -> Iterator[CallCentre]:
    centre = CallCentre()
    threading.Thread(target=centre.server.serve_forever, daemon=True).start()
    yield centre
    centre.server.shutdown()
    centre.server.server_close()


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, call_centre: CallCentre) -> Services:
    folder = tmp_path_factory.mktemp("browser")
    settings = load_settings(
        WENZHENG_DATA_DIR=Path(folder), WENZHENG_RATE_LIMIT=0, RASA_URL="http://127.0.0.1:9", DATABASE_URL=None,
        WENZHENG_PUBLIC_URL="https://zw.example.gov.cn", WENZHENG_FRAME_ANCESTORS=call_centre.origin,
    )  # fmt: skip
    services = build_services(settings, encoder=BigramHashEncoder())
    for changes in (
        {},
        {"external_id": "SP-02", "title": "小餐饮登记证办理", "similar_questions": ["小饭馆要办什么证"]},
        {"external_id": "SP-03", "title": "食品小作坊登记证办理", "similar_questions": ["豆腐坊要办什么证"]},
    ):
        entry = services.entries.create(parse_content({**ENTRY, **changes}), ADMIN)
        services.entries.publish(entry.entry_id, ADMIN)
    services.index.load()
    return services


@pytest.fixture(scope="module")
def address(services: Services) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(create_app(services), host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


OpenPage = Callable[[int, int], Page]


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """Opens a page of a size; whatever its console complains about fails the test."""
    complaints: list[str] = []
    contexts = []

    def make(width: int, height: int) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai", base_url=address
        )
        contexts.append(context)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith((address, "data:")) else complaints.append(request.url))
        return page

    yield make
    for context in contexts:
        context.close()
    # a request that fails on purpose is reported by the browser as well
    assert [text for text in complaints if "Failed to load resource" not in text] == []


@pytest.fixture(scope="module")
def agents(services: Services) -> None:
    for name, shown in (("wang", "王敏"), ("li", "李强")):
        services.accounts.add(name, PASSWORD, "agent", COMMAND_LINE, display_name=shown)


@pytest.fixture
def at_the_desk(open_page, agents) -> Iterator:
    """Opens the desk as somebody, logged in through the form."""

    def make(name: str, size: tuple[int, int] = DESK, path: str = "/panel/desk") -> Page:
        page = open_page(*size)
        page.goto(path)
        page.locator("input[name=name]").fill(name)
        page.locator("input[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{path}")
        if path == "/panel/desk":
            page.locator(".live.on").wait_for()  # it hears what happens, and has read its list
            page.locator(".rows[aria-busy=false]").wait_for()
        return page

    return make
