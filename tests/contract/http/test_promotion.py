"""Promoting and rolling back over HTTP: who may, what is refused, and that every process answers by it."""

import json
import sqlite3

import pytest

from tests.contract.http.conftest import ADMIN, ask, publish
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.fixtures.made_runs import make_run

NEVER_SURE = 0.9999999
PASSED = {"passed": True, "against": None, "reasons": []}
QUESTION = "食品经营许可证延续"


@pytest.fixture
def shy(services):
    """A run whose threshold nothing reaches, let through by the gate: what it answers differs."""
    return make_run(services.settings.root, "shy", BigramHashEncoder(), threshold=NEVER_SURE, gate=PASSED)


async def post(client, path, **body):
    return await client.post(f"/api/training/{path}", json=body, headers=ADMIN)


class TestPromoting:
    async def test_answers_change_and_change_back(self, client, services, shy) -> None:
        await publish(client)
        services.index.follow()
        assert (await ask(client, QUESTION, "甲"))["outcome"] == "answer"
        promoted = await post(client, "runs/shy/promote")
        assert (promoted.status_code, promoted.json()["run_id"]) == (200, "shy")
        await services.follower.step()
        assert (await ask(client, QUESTION, "乙"))["outcome"] != "answer"
        back = await post(client, "rollback", reason="答得太少")
        assert (back.json()["run_id"], back.json()["can_roll_back"]) == (None, False)
        await services.follower.step()
        assert (await ask(client, QUESTION, "丙"))["outcome"] == "answer"
        history = (await client.get("/api/training/served", headers=ADMIN)).json()["history"]
        assert [(row["action"], row["run_id"], row["reason"]) for row in history] == [
            ("rollback", None, "答得太少"), ("promote", "shy", ""),
        ]  # fmt: skip

    async def test_suggestions_that_were_kept_follow(self, client, services, shy) -> None:
        await publish(client)
        services.index.follow()
        asked = (await ask(client, QUESTION, "甲"))["conversation_id"]

        async def is_sure() -> bool:
            found = await client.get(f"/api/desk/conversations/{asked}/suggestions", headers=ADMIN)
            return bool(found.json()["suggestions"][0]["sure"])

        assert await is_sure()
        await post(client, "runs/shy/promote")
        await services.follower.step()
        assert not await is_sure()

    async def test_every_answer_records_what_it_was_made_with(self, client, services, shy) -> None:
        await publish(client)
        services.index.follow()
        await ask(client, QUESTION, "甲")
        await post(client, "runs/shy/promote")
        await services.follower.step()
        await ask(client, QUESTION, "乙")
        with sqlite3.connect(services.settings.root / "wenzheng.db") as connection:
            rows = [json.loads(row[0]) for row in connection.execute("SELECT model_ids FROM answers ORDER BY id")]
        connection.close()
        assert [(row["run"], row["generation"]) for row in rows] == [("built-in", "0"), ("shy", "1")]
        assert rows[0]["fusion"] != rows[1]["fusion"]

    async def test_two_gateways_on_one_database_both_follow(self, build, open_client) -> None:
        first, second = build(), build()
        make_run(first.settings.root, "shy", BigramHashEncoder(), threshold=NEVER_SURE, gate=PASSED)
        one, two = open_client(first), open_client(second)
        await publish(one)
        for services in (first, second):
            services.index.follow()
        await post(one, "runs/shy/promote")
        assert (await ask(two, QUESTION, "尚未跟上"))["outcome"] == "answer"
        await first.follower.step()
        await second.follower.step()
        assert (await ask(one, QUESTION, "甲"))["outcome"] != "answer"
        assert (await ask(two, QUESTION, "乙"))["outcome"] != "answer"
        await post(two, "rollback")
        await first.follower.step()
        assert (await ask(one, QUESTION, "丙"))["outcome"] == "answer"

    async def test_a_process_that_starts_later_begins_with_what_is_served(self, build, open_client) -> None:
        first = build()
        make_run(first.settings.root, "shy", BigramHashEncoder(), threshold=NEVER_SURE, gate=PASSED)
        await publish(open_client(first))
        await post(open_client(first), "runs/shy/promote")
        late = build()
        assert late.follower.generation == 1
        assert (await ask(open_client(late), QUESTION, "甲"))["outcome"] != "answer"


class TestRefusing:
    @pytest.mark.parametrize(
        ("gate", "says"),
        [
            (None, "还没有和现用模型比较过"),
            ({"passed": True, "against": "older"}, "现用模型已经换了"),
            ({"passed": False, "against": None, "reasons": ["首位命中率下降 3.0 个百分点"]}, "下降 3.0 个百分点"),
        ],
    )
    async def test_what_the_gate_has_not_let_through(self, client, services, gate, says) -> None:
        make_run(services.settings.root, "run", BigramHashEncoder(), gate=gate)
        refused = await post(client, "runs/run/promote")
        assert refused.status_code == 409
        assert says in refused.json()["error"]
        assert (await client.get("/api/training/served", headers=ADMIN)).json()["generation"] == 0

    async def test_by_force_only_with_a_reason_which_is_kept(self, client, services) -> None:
        make_run(services.settings.root, "run", BigramHashEncoder())
        assert (await post(client, "runs/run/promote", force=True)).status_code == 409
        assert (await post(client, "runs/run/promote", force=True, reason="旧模型出错，先换上")).status_code == 200
        newest = (await client.get("/api/training/served", headers=ADMIN)).json()["history"][0]
        assert (newest["forced"], newest["reason"]) == (True, "旧模型出错，先换上")

    async def test_a_damaged_bundle_changes_nothing(self, client, services, shy) -> None:
        (shy / "bundle" / "weights.json").write_text("{}", encoding="utf-8")
        refused = await post(client, "runs/shy/promote")
        assert refused.status_code == 503
        assert "weights.json" in refused.json()["error"]
        assert services.promotions.pointer.current().generation == 0

    async def test_a_bundle_that_goes_bad_afterwards_leaves_the_old_set_and_is_told(self, client, services, shy) -> None:
        await publish(client)
        services.index.follow()
        await post(client, "runs/shy/promote")
        (shy / "bundle" / "query_adapter.npz").write_bytes(b"")
        with pytest.raises(Exception, match="query_adapter"):
            await services.follower.step()
        assert (await ask(client, QUESTION, "甲"))["outcome"] == "answer"
        assert services.index.model_ids["run"] == "built-in"

    async def test_nothing_to_go_back_to(self, client) -> None:
        assert (await post(client, "rollback")).status_code == 409

    async def test_unknown_runs_and_strangers(self, client) -> None:
        assert (await post(client, "runs/nothing/promote")).status_code == 404
        assert (await post(client, "runs/..%2Fx/promote")).status_code in {404, 422}
        assert (await client.post("/api/training/rollback", json={})).status_code == 401
        assert (await client.get("/api/training/runs")).status_code == 401


async def test_a_new_encoder_is_embedded_beside_and_comes_with_its_adapter(client, services, monkeypatch) -> None:
    await publish(client)
    services.index.follow()
    other = BigramHashEncoder(96)
    make_run(services.settings.root, "deep", other, gate=PASSED, threshold=NEVER_SURE)
    monkeypatch.setattr("serving.loading.OnnxEncoder", lambda _folder: other)
    monkeypatch.setattr("retrieval.bundle.Bundle.encoder_folder", property(lambda self: self.folder))
    await post(client, "runs/deep/promote")
    await services.follower.step()
    assert services.index.model_ids["encoder"] == other.hash
    assert services.index.size == 1
    await publish(client, title="食品经营许可证注销", external_id="SP-02", similar_questions=[])
    services.index.follow()
    assert services.index.searcher.search("食品经营许可证注销", 1).hits[0].probability > 0
    await post(client, "rollback")
    await services.follower.step()
    assert services.index.model_ids["encoder"] == BigramHashEncoder().hash
    assert (await ask(client, "食品经营许可证注销", "甲"))["outcome"] == "answer"
