"""Makes the README's screenshots from a running instance: `python docs/screenshots.py [address] [folder]`.

The panel's picture is made when STAFF_NAME and STAFF_PASSWORD name an agent's account. Needs Chromium and a CJK font (Debian: `apt-get install chromium fonts-noto-cjk`) and the sample knowledge.
"""

import os
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
QUESTION = "招应届生有没有补贴？"
GAP, EDGE = 24, 32  # between and around the two phones, in pixels


def take(address: str, folder: Path) -> list[Path]:
    """The conversation and the page of the entry that it cites, each as a phone shows it, and both side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(
            base_url=address, viewport={"width": 390, "height": 844}, device_scale_factor=2, locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )  # fmt: skip
        page = context.new_page()
        page.goto("/chat")
        _ask(page, QUESTION)
        if not page.locator(".card").count():  # asked back: take the first of the list
            page.locator(".option button").first.click()
        page.locator(".tag").last.wait_for()
        page.wait_for_timeout(500)
        chat, entry = folder / "chat.png", folder / "entry.png"
        page.screenshot(path=chat)
        page.locator(".card").last.click()
        page.locator(".page").wait_for()
        page.screenshot(path=entry)
        both = _side_by_side(page, [chat, entry], folder / "phones.png")
        browser.close()
    return [chat, entry, both]


def take_desk(address: str, folder: Path, name: str, password: str) -> list[Path]:
    """The live desk while an agent takes care of somebody who asked for a human."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        citizen = browser.new_context(base_url=address, locale="zh-CN", timezone_id="Asia/Shanghai").new_page()
        citizen.goto("/chat")
        for words in (QUESTION, "转人工", "小规模纳税人也能领吗？"):
            _ask(citizen, words)
        desk = browser.new_context(
            base_url=address, viewport={"width": 1366, "height": 768}, locale="zh-CN", timezone_id="Asia/Shanghai"
        ).new_page()
        desk.goto("/panel/login?next=/panel/desk")
        desk.fill("input[name=name]", name)
        desk.fill("input[name=password]", password)
        desk.press("input[name=password]", "Enter")
        desk.get_by_text("小规模纳税人也能领吗？").first.click()
        desk.wait_for_timeout(2500)
        target = folder / "desk.png"
        desk.screenshot(path=target)
        browser.close()
    return [target]


def _ask(page: Page, question: str) -> None:
    page.get_by_label("您的问题").fill(question)
    page.get_by_role("button", name="发送", exact=True).click()
    page.locator(".typing").wait_for(state="detached")


def _side_by_side(page: Page, images: list[Path], target: Path) -> Path:
    width = len(images) * 390 + (len(images) - 1) * GAP + 2 * EDGE
    page.set_viewport_size({"width": width, "height": 844 + 2 * EDGE})
    tags = "".join(f'<img src="{image.resolve().as_uri()}">' for image in images)
    style = (
        f"body{{margin:0;padding:{EDGE}px;display:flex;gap:{GAP}px;background:#dfe3e8}}"
        "img{width:390px;height:844px;border-radius:18px;box-shadow:0 8px 30px rgb(16 24 40/18%)}"
    )
    frame = target.with_suffix(".html")
    frame.write_text(f"<!doctype html><style>{style}</style>{tags}", encoding="utf-8")
    page.goto(frame.resolve().as_uri())
    page.screenshot(path=target)
    frame.unlink()
    return target


if __name__ == "__main__":
    address = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else Path(__file__).parent / "images")
    made = take(address, folder)
    if "STAFF_NAME" in os.environ:
        made += take_desk(address, folder, os.environ["STAFF_NAME"], os.environ["STAFF_PASSWORD"])
    sys.stdout.write("\n".join(map(str, made)) + "\n")
