"""One token for all processes, against the stand-in over HTTP."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.wechat import tokens as tokens_module
from bot.channels.wechat.api_errors import AccountConfigurationError, DailyQuotaError, WeChatBusyError


class TestFetching:
    async def test_is_fetched_once_and_kept(self, make_tokens, wechat):
        store = make_tokens()
        assert await store.token() == await store.token() == wechat.account.stable_token
        assert len(wechat.requests()) == 1

    async def test_two_stores_and_many_coroutines_fetch_once(self, make_tokens, wechat):
        wechat.fail("stable_token", delay_s=0.3)
        one, two = make_tokens(), make_tokens()
        got = await asyncio.gather(*(store.token() for store in [one, two] * 10))
        assert set(got) == {wechat.account.stable_token}
        assert len(wechat.requests("stable_token")) == 1

    async def test_processes_share_it(self, make_tokens, wechat, database):
        code = (
            "import asyncio, httpx, sys\n"
            "from bot.channels.wechat.tokens import TokenStore\n"
            "from database.engine import Database\n"
            "async def main():\n"
            "    async with httpx.AsyncClient(trust_env=False) as http:\n"
            "        print(await TokenStore(Database(sys.argv[1]), *sys.argv[2:5], http).token())\n"
            "asyncio.run(main())\n"
        )
        wechat.fail("stable_token", delay_s=0.3)
        command = [sys.executable, "-c", code, database.url, wechat.account.app_id, wechat.account.secret, wechat.url]
        running = [await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE) for _ in range(2)]
        said = [(await asyncio.wait_for(process.communicate(), 60))[0].decode().split()[-1] for process in running]
        assert said == [wechat.account.stable_token] * 2
        assert len(wechat.requests("stable_token")) == 1

    async def test_is_renewed_five_minutes_before_it_expires(self, make_tokens, wechat, clock):
        store = make_tokens()
        first = await store.token()
        clock.advance(seconds=7200 - 300 - 5)
        assert await store.token() == first
        assert len(wechat.requests()) == 1
        wechat.account.tokens[first] -= 7000  # WeChat's time passes, too: the last five minutes
        clock.advance(seconds=10)
        assert await store.token() != first
        assert len(wechat.requests()) == 2

    async def test_a_dead_holders_lease_expires(self, make_tokens, wechat, account, clock):
        assert account.take_lease("dead", unwanted=None, fresh=False)
        waiting = asyncio.create_task(make_tokens().token())
        await asyncio.sleep(0.3)
        assert (waiting.done(), wechat.requests()) == (False, [])
        clock.advance(seconds=10)
        assert await asyncio.wait_for(waiting, 2) == wechat.account.stable_token

    async def test_a_holder_that_lost_its_lease_stores_nothing(self, make_tokens, wechat, account, clock):
        wechat.fail("stable_token", delay_s=0.3)
        slow = asyncio.create_task(make_tokens().token())
        await asyncio.sleep(0.1)
        clock.advance(seconds=11)
        assert account.take_lease("other", unwanted=None, fresh=False)
        assert account.keep_token("other", "newer", datetime.now(UTC) + timedelta(hours=1), "token")
        assert await slow == "newer"
        assert account.read().token == "newer"

    async def test_without_stable_token_the_older_call_is_used(self, make_tokens, wechat, account):
        wechat.account.has_stable_token = False
        assert await make_tokens().token() == wechat.account.plain_token
        assert account.read().token_source == "token"

    @pytest.mark.parametrize("how", [{"http_status": 404}, {"errcode": 99999}, {"errcode": 40066}])
    async def test_also_when_stable_token_is_unknown(self, make_tokens, wechat, how):
        wechat.fail("stable_token", **how)
        assert await make_tokens().token() == wechat.account.plain_token


class TestRefreshing:
    async def test_another_stores_new_token_is_used_without_asking_wechat(self, make_tokens, wechat):
        one, two = make_tokens(), make_tokens()
        rejected = await one.token()
        wechat.void_tokens()
        fresh = await one.refresh(rejected)
        asked = len(wechat.requests())
        assert await two.refresh(rejected) == fresh != rejected
        assert len(wechat.requests()) == asked

    async def test_concurrent_refreshes_of_two_stores_fetch_once(self, make_tokens, wechat):
        one, two = make_tokens(), make_tokens()
        rejected = await one.token()
        wechat.void_tokens()
        assert len(set(await asyncio.gather(*(s.refresh(rejected) for s in [one, two] * 5)))) == 1
        assert len(wechat.requests("stable_token")) == 2

    async def test_is_forced_only_where_wechat_insists_on_the_rejected_one(self, make_tokens, wechat):
        store = make_tokens()
        first = await store.token()
        second = await store.refresh(first)
        assert second != first
        assert [r.body["force_refresh"] for r in wechat.requests("stable_token")] == [False, False, True]

    async def test_is_forced_at_most_once_in_thirty_seconds(self, make_tokens, wechat, monkeypatch):
        store = make_tokens()
        second = await store.refresh(await store.token())
        assert await store.refresh(second) == second, "WeChat insists, and we may not"
        assert sum(r.body["force_refresh"] for r in wechat.requests("stable_token")) == 1
        monkeypatch.setattr(tokens_module, "FORCE_EVERY_S", 0.0)
        wechat.account.stable_forced = 0.0
        assert await store.refresh(second) != second

    async def test_renew_asks_wechat_whatever_is_stored(self, make_tokens, wechat):
        store = make_tokens()
        assert await store.token() == await store.renew()
        assert [r.body["force_refresh"] for r in wechat.requests("stable_token")] == [False, False]


class TestTrouble:
    async def test_an_ip_that_is_not_listed_is_named_recorded_and_not_asked_again(self, make_tokens, wechat, account, clock):
        wechat.account.whitelisted = False
        store = make_tokens()
        with pytest.raises(AccountConfigurationError, match=r"203\.0\.113\.9.*IP白名单.*5 分钟"):
            await store.token()
        state = account.read()
        assert "203.0.113.9" in state.trouble
        assert abs((state.trouble_at - clock()).total_seconds()) < 5
        with pytest.raises(AccountConfigurationError, match=r"203\.0\.113\.9.*IP白名单.*5 分钟"):
            await make_tokens().token()
        assert len(wechat.requests()) == 1
        clock.advance(seconds=31)
        with pytest.raises(AccountConfigurationError):
            await store.token()
        assert len(wechat.requests()) == 2

    async def test_is_cleared_by_success_and_renew_does_not_wait(self, make_tokens, wechat, account):
        wechat.account.whitelisted = False
        store = make_tokens()
        with pytest.raises(AccountConfigurationError):
            await store.token()
        wechat.account.whitelisted = True
        assert await store.renew() == wechat.account.stable_token
        assert (account.read().trouble, account.read().trouble_at) == (None, None)

    @pytest.mark.parametrize(
        ("changes", "names"), [({"secret": "wrong-one"}, "WECHAT_APP_SECRET"), ({"app_id": "wx9"}, "WECHAT_APP_ID")]
    )
    async def test_wrong_credentials(self, make_tokens, wechat, changes, names):
        with pytest.raises(AccountConfigurationError, match=names) as caught:
            await make_tokens(**changes).token()
        assert "wrong-one" not in str(caught.value)
        assert len(wechat.requests()) == 1, "not tried with the other call"

    async def test_40001_of_the_token_call_means_the_secret(self, make_tokens, wechat):
        wechat.fail("stable_token", errcode=40001)
        with pytest.raises(AccountConfigurationError, match="WECHAT_APP_SECRET"):
            await make_tokens().token()

    @pytest.mark.parametrize(
        "how",
        [
            {"errcode": -1},
            {"http_status": 502},
            {"drop_connection": "after"},
            {"delay_s": 1.0},
            {"body": "<html>"},
            {"body": "{}"},
        ],
    )
    async def test_busy_or_silent_is_not_a_trouble_and_frees_the_lease(self, make_tokens, wechat, account, how):
        wechat.fail("stable_token", **how)
        with pytest.raises(WeChatBusyError):
            await make_tokens().token()
        assert account.read().trouble is None
        assert await asyncio.wait_for(make_tokens().token(), 2), "the lease is free at once"

    async def test_quota(self, make_tokens, wechat):
        wechat.fail("stable_token", errcode=45009)
        with pytest.raises(DailyQuotaError):
            await make_tokens().token()

    async def test_a_cancelled_fetch_frees_the_lease(self, make_tokens, wechat):
        wechat.fail("stable_token", delay_s=0.4)
        task = asyncio.create_task(make_tokens().token())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.wait_for(make_tokens().token(), 2)
