"""The panel in the gateway: several in one process, each let go; its files last, nothing of NiceGUI's own pages is there."""

import gc
import weakref

from nicegui.version import __version__

from bot.app import create_app


async def test_a_gateway_and_its_pages_are_let_go(services):
    gone = [weakref.ref(create_app(services)) for _ in range(2)]
    gc.collect()
    assert [app() for app in gone] == [None, None]


async def test_files_last_and_nothing_else_of_nicegui_is_served(client):
    file = await client.get(f"/panel/_nicegui/{__version__}/static/nicegui.css")
    assert (file.status_code, "immutable" in file.headers["cache-control"]) == (200, True)
    missing = await client.get("/panel/nope", headers={"Accept": "text/html"})
    assert missing.status_code == 404
    assert "没有这个地址" in missing.text
