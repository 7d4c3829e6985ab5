"""The API client, against the stand-in over HTTP."""

import asyncio

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from bot.channels.wechat import api as api_module
from bot.channels.wechat import api_errors as errors
from bot.channels.wechat.account_record import AccountRecord
from bot.channels.wechat.api import WeChatApi, build_wechat_api
from settings import load_settings
from tests.unit.wechat.conftest import APP_ID, SECRET


class TestMessages:
    async def test_text_goes_out_as_it_is(self, api, wechat):
        text = '您好，材料：①申请书 "原件" \\u4e2d 😀\n<a href="https://example.org/?a=1&b=2">链接</a>'
        await api.send_text("o1", text.replace("\\u4e2d", "中"))
        assert wechat.texts("o1") == [text.replace("\\u4e2d", "中")]
        assert "\\u" not in wechat.requests("message/custom/send")[0].raw

    async def test_half_a_surrogate_does_not_break_the_request(self, api, wechat):
        await api.send_text("o1", "坏\ud83d字")
        assert wechat.texts("o1") == ["坏?字"]

    async def test_typing(self, api, wechat):
        await api.send_typing("o1")
        assert wechat.requests("message/custom/typing")[0].body == {"touser": "o1", "command": "Typing"}

    async def test_template_returns_the_message_id(self, api, wechat):
        message_id = await api.send_template("o1", "T1", {"first": "已受理"}, "https://example.org/e/1")
        assert message_id.isdecimal()
        assert wechat.requests("message/template/send")[0].body == {
            "touser": "o1", "template_id": "T1", "url": "https://example.org/e/1", "data": {"first": {"value": "已受理"}},
        }  # fmt: skip

    async def test_subscription_notice(self, api, wechat):
        await api.send_subscription_notice("o1", "T2", {"thing1": "诉求"}, page="https://example.org/p")
        received = wechat.requests("message/subscribe/bizsend")[0]
        assert (received.body["page"], received.body["data"]) == ("https://example.org/p", {"thing1": {"value": "诉求"}})


class TestErrors:
    @pytest.mark.parametrize(
        ("errcode", "kind"),
        [
            (-1, errors.WeChatBusyError), (45002, errors.ContentTooLongError), (45009, errors.DailyQuotaError),
            (45011, errors.DailyQuotaError), (45015, errors.WindowClosedError), (45047, errors.TooManyMessagesError),
            (43101, errors.UserRefusedError), (43004, errors.UserRefusedError), (48001, errors.NotGrantedError),
            (48004, errors.NotGrantedError), (40013, errors.AccountConfigurationError),
            (40003, errors.WeChatRefusedError), (87009, errors.WeChatRefusedError),
        ],
    )  # fmt: skip
    async def test_one_class_for_what_to_do_and_no_retry(self, api, wechat, errcode, kind):
        wechat.fail("message/custom/send", errcode=errcode)
        with pytest.raises(errors.WeChatApiError) as caught:
            await api.send_text("o1", "好")
        assert type(caught.value) is kind
        assert caught.value.errcode == errcode
        assert str(errcode) in caught.value.problem
        assert len(wechat.requests("message/custom/send")) == 1

    async def test_too_long(self, api):
        await api.send_text("o1", "字" * 682)
        with pytest.raises(errors.ContentTooLongError):
            await api.send_text("o1", "字" * 683)

    @pytest.mark.parametrize("status", [500, 502, 503])
    async def test_server_errors_are_busy(self, api, wechat, status):
        wechat.fail("message/custom/send", http_status=status)
        with pytest.raises(errors.WeChatBusyError, match=str(status)):
            await api.send_text("o1", "好")

    @pytest.mark.parametrize(
        ("how", "delivered"),
        [
            ({"drop_connection": "before"}, []), ({"drop_connection": "after"}, ["好"]), ({"delay_s": 1.5}, ["好"]),
            ({"body": "<html>ok</html>"}, []), ({"body": "[]"}, []),
        ],
    )  # fmt: skip
    async def test_no_answer_is_uncertain_and_not_repeated(self, api, wechat, how, delivered):
        wechat.fail("message/custom/send", **how)
        with pytest.raises(errors.WeChatUncertainError):
            await api.send_text("o1", "好")
        await asyncio.sleep(how.get("delay_s", 0.0))
        assert wechat.texts("o1") == delivered

    async def test_an_answer_that_trickles_is_given_up(self, account, make_tokens, wechat, monkeypatch):
        monkeypatch.setattr("bot.channels.wechat.exchange.TOTAL_S", 0.3)
        async with httpx.AsyncClient(timeout=30, trust_env=False) as patient:
            api = WeChatApi(account, make_tokens(), patient, wechat.url)
            await api.tokens.token()
            wechat.fail("message/custom/send", delay_s=1.0)
            with pytest.raises(errors.WeChatUncertainError):
                await api.send_text("o1", "好")

    async def test_no_connection_is_busy(self, account, make_tokens, http, wechat):
        tokens = make_tokens()
        await tokens.token()
        with pytest.raises(errors.WeChatBusyError, match="连接不上"):
            await WeChatApi(account, tokens, http, "http://127.0.0.1:9").send_text("o1", "好")

    async def test_what_wechat_says_is_quoted_without_secrets(self, api, wechat):
        token = await api.tokens.token()
        wechat.fail("message/custom/send", errcode=87009, errmsg=f"invalid\nsign {token}")
        with pytest.raises(errors.WeChatRefusedError, match="invalid sign …") as caught:
            await api.send_text("o1", "好")
        assert token[:30] not in str(caught.value)

    async def test_nothing_secret_is_logged(self, api, wechat, capsys):
        wechat.fail("message/custom/send", errcode=40001, times=None)
        for failure in ({}, {"http_status": 502}, {"drop_connection": "before"}):
            if failure:
                wechat.fail("menu/get", **failure, times=None)
            with pytest.raises(errors.WeChatApiError) as caught:
                await (api.get_menu() if failure else api.send_text("o1", "好"))
            shown = f"{caught.value!r} {caught.value.__cause__!r}"
            assert not any(token in shown for token in wechat.account.tokens)
        shown = capsys.readouterr()
        assert not any(word in shown.out + shown.err for word in (SECRET, *wechat.account.tokens))


class TestTokenRejected:
    @pytest.mark.parametrize("errcode", [40001, 40014, 42001])
    async def test_one_refresh_one_resend(self, api, wechat, errcode):
        wechat.fail("message/custom/send", errcode=errcode)
        await api.send_text("o1", "好")
        assert wechat.texts("o1") == ["好"]
        assert len(wechat.requests("message/custom/send")) == 2

    @pytest.mark.parametrize("errcode", [40001, 40014, 42001])
    async def test_then_given_up(self, api, wechat, errcode):
        wechat.fail("message/custom/send", errcode=errcode, times=None)
        with pytest.raises(errors.TokenRejectedError):
            await api.send_text("o1", "好")
        assert len(wechat.requests("message/custom/send")) == 2
        assert len(wechat.requests("stable_token")) == 3, "first, unforced, forced"

    async def test_the_resends_own_error_counts(self, api, wechat):
        wechat.fail("message/custom/send", errcode=40001)
        wechat.fail("message/custom/send", errcode=45015)
        with pytest.raises(errors.WindowClosedError):
            await api.send_text("o1", "好")

    async def test_somebody_elses_refresh_is_survived(self, api, wechat):
        await api.send_text("o1", "一")
        wechat.void_tokens()
        await asyncio.gather(*(api.send_text("o1", f"{n}") for n in range(5)))
        assert len(wechat.texts("o1")) == 6
        assert len(wechat.requests("stable_token")) == 2

    async def test_no_message_leaves_without_a_token(self, api, wechat):
        wechat.fail("stable_token", drop_connection="after")
        with pytest.raises(errors.WeChatBusyError):
            await api.send_text("o1", "好")
        assert wechat.requests("message/custom/send") == []


class TestRepeatedCalls:
    @pytest.fixture(autouse=True)
    def _short_pauses(self, monkeypatch):
        monkeypatch.setattr(api_module, "REPEAT_PAUSES_S", (0.01, 0.01))

    @pytest.mark.parametrize("how", [{"errcode": -1}, {"http_status": 503}, {"drop_connection": "after"}])
    async def test_are_tried_three_times(self, api, wechat, how):
        wechat.fail("getcallbackip", times=2, **how)
        assert await api.callback_ips() == ["101.226.62.77", "101.226.103.0/25"]
        wechat.fail("getcallbackip", times=3, **how)
        with pytest.raises(errors.WeChatApiError):
            await api.callback_ips()

    async def test_refusals_are_not(self, api, wechat):
        wechat.account.verified = False
        with pytest.raises(errors.NotGrantedError):
            await api.create_menu({"button": []})
        assert len(wechat.requests("menu/create")) == 1

    async def test_menu(self, api, wechat):
        menu = {"button": [{"type": "click", "name": "转人工", "key": "say:转人工"}]}
        assert await api.get_menu() is None
        await api.create_menu(menu)
        assert await api.get_menu() == menu
        assert "转人工" in wechat.requests("menu/create")[0].raw
        await api.delete_menu()
        assert await api.get_menu() is None

    async def test_server_ips(self, api):
        assert await api.server_ips() == ["101.226.212.27", "109.244.145.152"]

    async def test_entry_code(self, api, wechat):
        image = await api.create_entry_code(12)
        assert image.startswith(b"\x89PNG")
        body = wechat.requests("qrcode/create")[0].body
        assert body == {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "entry_12"}}}
        assert image == api_module._drawn(wechat.account.scenes["entry_12"])
        assert image != api_module._drawn(wechat.account.scenes["entry_12"] + "x"), "the picture depends on the address"

    async def test_customer_service(self, api, wechat):
        await api.check_customer_service()
        wechat.account.verified = False
        with pytest.raises(errors.NotGrantedError, match="微信认证"):
            await api.check_customer_service()


class TestSendingState:
    async def test_follows_wechats_answers(self, api, wechat):
        assert await api.sending_state() == "unknown"
        await api.send_text("o1", "好")
        assert await api.sending_state() == "granted"
        wechat.account.verified = False
        with pytest.raises(errors.NotGrantedError):
            await api.send_text("o1", "好")
        assert await api.sending_state() == "refused"

    async def test_other_errors_say_nothing_about_it(self, api, wechat):
        wechat.fail("message/custom/send", errcode=45015)
        with pytest.raises(errors.WindowClosedError):
            await api.send_text("o1", "好")
        assert await api.sending_state() == "unknown"

    async def test_a_refusal_counts_for_six_hours(self, api, clock):
        await api.note_sending("refused")
        clock.advance(hours=5, minutes=59)
        assert await api.sending_state() == "refused"
        clock.advance(minutes=2)
        assert await api.sending_state() == "unknown"

    async def test_a_database_that_fails_does_not_make_a_sent_message_look_unsent(self, api, wechat, monkeypatch):
        def broken(*_: object) -> None:
            raise OperationalError("UPDATE", {}, Exception("disk full"))

        monkeypatch.setattr(AccountRecord, "note_sending", broken)
        await api.send_text("o1", "好")
        assert wechat.texts("o1") == ["好"]


class TestWindows:
    async def test_five_messages_after_a_message_three_after_an_action(self, api, wechat):
        wechat.account.enforce_windows = True
        with pytest.raises(errors.WindowClosedError):
            await api.send_text("o1", "零")
        for kind, most in (("message", 5), ("action", 3)):
            wechat.opened("o1", kind)
            for n in range(most):
                await api.send_text("o1", f"{n}")
            with pytest.raises(errors.TooManyMessagesError):
                await api.send_text("o1", "多")


class TestBuild:
    async def test_needs_app_id_and_secret(self, database, wechat):
        def settings(**values):
            return load_settings(WECHAT_API_BASE=wechat.url, **values)

        assert build_wechat_api(settings(WECHAT_APP_ID=APP_ID), database) is None
        assert build_wechat_api(settings(WECHAT_APP_SECRET=SECRET), database) is None
        api = build_wechat_api(settings(WECHAT_APP_ID=APP_ID, WECHAT_APP_SECRET=SECRET), database)
        await api.send_text("o1", "好")
        await api.aclose()
        assert wechat.texts("o1") == ["好"]


class TestStandIn:
    async def test_other_processes_drive_it_by_http(self, api, wechat):
        async with httpx.AsyncClient(base_url=wechat.url, trust_env=False) as control:
            await control.post("/_control/fail", json={"path": "message/custom/send", "errcode": 45047})
            with pytest.raises(errors.TooManyMessagesError):
                await api.send_text("o1", "一")
            await api.send_text("o1", "二")
            log = (await control.get("/_control/log", params={"path": "message/custom/send"})).json()
            assert [(r["errcode"], r["delivered"], r["body"]["text"]["content"]) for r in log] == [
                (45047, False, "一"), (0, True, "二")
            ]  # fmt: skip
            await control.post("/_control/void_tokens")
            assert wechat.account.tokens == {}
            await control.post("/_control/reset")
        assert wechat.requests() == []

    async def test_escapes_would_be_seen_by_users(self, api, wechat, http):
        token = await api.tokens.token()
        raw = b'{"touser":"o1","msgtype":"text","text":{"content":"\\u4e2d"}}'
        await http.post(f"{wechat.url}/cgi-bin/message/custom/send", params={"access_token": token}, content=raw)
        assert wechat.texts("o1") == ["\\u4e2d"]
