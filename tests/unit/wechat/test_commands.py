"""`wenzheng wechat …` as an operator types it: WeChat's API is a stand-in, the callback one made with wechatpy."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from bot import cli_wechat
from bot.channels.wechat.account_record import AccountRecord
from bot.channels.wechat.errors import WeChatNotConfiguredError
from bot.channels.wechat.menu import EXAMPLE, MenuFileError, read_menu
from database.engine import Database
from tests.contract.http.conftest import RunningGateway, free_port
from tests.fixtures.wechat_peer import APP_ID, KEY, TOKEN, PeerCallback
from tests.fixtures.wechat_stand_in import WeChatStandIn
from tests.unit.wechat.conftest import SECRET

Run = Callable[..., Result]


@pytest.fixture
def peer() -> PeerCallback:
    return PeerCallback()


@pytest.fixture
def gateway(peer: PeerCallback) -> Iterator[RunningGateway]:
    gateway = RunningGateway(peer.app(), free_port())
    asyncio.run(gateway.start())
    yield gateway
    gateway.stop()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wechat: WeChatStandIn) -> Run:
    for name in ("DATABASE_URL", "WENZHENG_PUBLIC_URL", "WECHAT_AES_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "WENZHENG_DATA_DIR": str(tmp_path / "var"), "WECHAT_TOKEN": TOKEN, "WECHAT_APP_ID": APP_ID, "WECHAT_APP_SECRET": SECRET,
        "WECHAT_API_BASE": wechat.url,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    app = typer.Typer()
    app.add_typer(cli_wechat.app, name="wechat")
    return lambda *words, **more: CliRunner().invoke(app, ["wechat", *map(str, words)], **more)


class TestMenu:
    def test_push_and_show(self, run, wechat):
        assert "还没有自定义菜单" in run("menu", "show").output
        pushed = run("menu", "push")
        assert (pushed.exit_code, "已上传" in pushed.output) == (0, True)
        assert wechat.account.menu == read_menu(EXAMPLE, None)
        assert "    查进度 → 说“查进度”" in run("menu", "show").output

    def test_a_faulty_file_is_not_uploaded(self, run, wechat, tmp_path):
        file = tmp_path / "mine.yaml"
        file.write_text("buttons: []\n")
        assert isinstance(run("menu", "push", file).exception, MenuFileError)
        assert wechat.requests() == []

    def test_addresses_take_the_public_one(self, run, wechat, tmp_path, monkeypatch):
        monkeypatch.setenv("WENZHENG_PUBLIC_URL", "https://zw.example.gov.cn/")
        file = tmp_path / "mine.yaml"
        file.write_text("buttons:\n  - {name: 网页版, url: '{public_url}/chat'}\n")
        run("menu", "push", file)
        assert wechat.account.menu["button"][0]["url"] == "https://zw.example.gov.cn/chat"

    def test_without_an_account(self, run, monkeypatch):
        monkeypatch.delenv("WECHAT_APP_SECRET")
        assert isinstance(run("menu", "show").exception, WeChatNotConfiguredError)


class TestCheck:
    @pytest.fixture(autouse=True)
    def _wide(self, monkeypatch):
        monkeypatch.setattr(cli_wechat.console, "width", 240)

    @pytest.fixture
    def checked(self, run, gateway, monkeypatch) -> Callable[..., Result]:
        monkeypatch.setenv("WENZHENG_PORT", gateway.url.rpartition(":")[2])
        return lambda: run("check")

    def test_all_is_well(self, checked, monkeypatch):
        monkeypatch.setenv("WECHAT_AES_KEY", KEY)
        result = checked()
        assert result.exit_code == 0, result.output
        for part in ("三种模式", "已取得 access_token", "有客服接口权限", "101.226.62.77", "通过了签名验证"):
            assert part in result.output
        assert "有问题" not in result.output
        assert "wechat.token" not in result.output, "no log lines between"

    def test_an_unlisted_ip_is_named_with_its_remedy(self, checked, wechat):
        wechat.account.whitelisted = False
        result = checked()
        assert result.exit_code == 1
        assert "203.0.113.9" in result.output
        assert "约 5 分钟后生效" in result.output
        assert len(wechat.requests()) == 1
        wechat.account.whitelisted = True
        assert checked().exit_code == 0, "the operator's next look is a fresh one"

    def test_an_unverified_account_is_nothing_to_mend(self, checked, wechat):
        wechat.account.verified = False
        result = checked()
        assert (result.exit_code, "公众号没有权限" in result.output) == (0, True)

    def test_after_verification_sending_is_tried_again(self, checked, run, tmp_path):
        run("menu", "show")
        database = Database(f"sqlite:///{tmp_path / 'var' / 'wenzheng.db'}")
        record = AccountRecord(database, APP_ID)
        record.note_sending("refused")
        assert checked().exit_code == 0
        assert record.read().sending == "unknown"
        database.dispose()

    @pytest.mark.parametrize(
        ("name", "value", "says"),
        [
            ("WECHAT_TOKEN", "a b", "WECHAT_TOKEN 的格式不对"),
            ("WECHAT_AES_KEY", "short", "43 位"),
            ("WECHAT_APP_SECRET", "wrong-secret", "AppSecret 不正确"),
            ("WECHAT_APP_ID", "wx1", "AppID 不正确"),
            ("WENZHENG_PUBLIC_URL", "http://127.0.0.1:9", "不是 80 或 443"),
        ],
    )
    def test_what_must_be_mended(self, checked, monkeypatch, name, value, says):
        monkeypatch.setenv(name, value)
        result = checked()
        assert (result.exit_code, says in result.output) == (1, True)
        assert "wrong-secret" not in result.output

    def test_without_anything(self, checked, monkeypatch):
        for name in ("WECHAT_TOKEN", "WECHAT_APP_ID", "WECHAT_APP_SECRET"):
            monkeypatch.delenv(name)
        result = checked()
        assert (result.exit_code, "没有配置 WECHAT_TOKEN" in result.output) == (1, True)
        assert "没有配置 WECHAT_APP_ID、WECHAT_APP_SECRET" in result.output

    @pytest.mark.parametrize(("change", "says"), [({"echo": '"{}"'}, "没有原样返回 echostr"), ({"statuses": [403]}, "HTTP 403")])
    def test_a_callback_that_answers_wrongly(self, checked, peer, change, says):
        vars(peer).update(change)
        result = checked()
        assert (result.exit_code, says in result.output) == (1, True)

    def test_a_callback_that_lets_everybody_in(self, checked, monkeypatch):
        monkeypatch.setattr("tests.fixtures.wechat_peer.check_signature", lambda *_: None)
        result = checked()
        assert (result.exit_code, "没有核对签名" in result.output) == (1, True)

    def test_nobody_there(self, run, monkeypatch):
        monkeypatch.setenv("WENZHENG_PORT", str(free_port()))
        result = run("check")
        assert (result.exit_code, "连接不上" in result.output) == (1, True)


class TestSimulate:
    @pytest.fixture
    def simulate(self, run, gateway) -> Run:
        return lambda *words, **more: run("simulate", "--url", f"{gateway.url}/wechat", *words, **more)

    @pytest.mark.parametrize("mode", ["plaintext", "compatible", "safe"])
    def test_say(self, simulate, peer, monkeypatch, mode):
        monkeypatch.setenv("WECHAT_AES_KEY", KEY)
        result = simulate("--mode", mode, "--say", "你好", "--say", "再见", "--openid", "oMe")
        assert result.exit_code == 0, result.output
        assert [line for line in result.output.splitlines() if "秒" not in line] == ["您说：你好", "您说：再见"]
        assert [message.source for message in peer.seen] == ["oMe", "oMe"]
        assert ("<Encrypt>" in peer.bodies[0]) == (mode != "plaintext")

    def test_no_reply_is_an_error_for_scripts(self, simulate, peer):
        peer.answer = lambda _openid: b"success"
        result = simulate("--say", "你好")
        assert (result.exit_code, "没有被动回复" in result.output) == (1, True)

    def test_a_fault_is_shown_as_users_see_it(self, simulate, peer):
        peer.answer = lambda _openid: b'"success"'
        result = simulate("--say", "你好")
        assert (result.exit_code, "该公众号提供的服务出现故障" in result.output) == (1, True)

    def test_conversation(self, simulate, peer):
        peer.reply = '<a href="weixin://bizmsgmenu?msgmenucontent=甲&msgmenuid=e7">甲事项</a>'
        lines = ["问", "/1", "/scan entry_12", "/click say:转人工", "/9", "/nonsense", "/quit"]
        result = simulate(input="\n".join(lines) + "\n")
        assert result.exit_code == 0, result.output
        assert "[1] 甲事项" in result.output
        assert [message.type for message in peer.seen] == ["text", "text", "event", "event"]
        assert "<Content><![CDATA[甲]]></Content>" in peer.bodies[1]
        assert "<bizmsgmenuid><![CDATA[e7]]></bizmsgmenuid>" in peer.bodies[1]
        assert [m.event for m in peer.seen[2:]] == ["scan", "click"]
        assert result.output.count("直接输入文字即为发送消息") == 3, "at the start, for /9 and /nonsense"

    def test_end_of_input_ends_it(self, simulate):
        assert simulate(input="").exit_code == 0

    def test_needs_what_signs(self, simulate, monkeypatch):
        assert isinstance(simulate("--mode", "safe", "--say", "你好").exception, WeChatNotConfiguredError)
        monkeypatch.delenv("WECHAT_TOKEN")
        assert isinstance(simulate("--say", "你好").exception, WeChatNotConfiguredError)
