"""Published means found, withdrawn means gone, within a second and without a restart."""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from answering.answerer import CaseView
from answering.errors import IndexNotReadyError
from answering.following import asks_a_detail_of_nothing, situation_alone
from database.backup import backup
from database.restore import restore
from knowledge_base.errors import KnowledgeError
from tests.unit.answering.conftest import ADMIN, Town

QUESTION = "食品经营许可证要什么材料"


def within_a_second(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def test_an_entrys_life_is_followed_within_a_second_each_time(town: Town) -> None:
    town.index.start()
    new = {"kind": "qa", "title": "犬只登记去哪里办理？", "answer": "到社区养犬登记点。"}

    def told() -> str:
        answer = town.ask("犬只登记去哪里办理")
        return answer.text if answer.outcome == "answer" else ""

    assert "养犬登记点" not in told()
    entry_id = town.publish(**new)
    assert within_a_second(lambda: "养犬登记点" in told())
    town.store.edit(entry_id, {"answer": "到派出所。"}, ADMIN)
    assert within_a_second(lambda: "到派出所" in told() and "养犬登记点" not in told())
    town.store.edit(entry_id, {"title": "捕鱼许可怎么申请？", "answer": "到渔政站。"}, ADMIN)
    assert within_a_second(lambda: "渔政站" in town.ask("捕鱼许可怎么申请").text)
    assert "渔政站" not in told()
    town.store.withdraw(entry_id, ADMIN)
    assert within_a_second(lambda: entry_id not in town.index.searcher.document_ids())
    assert town.ask("捕鱼许可怎么申请").entry_id != entry_id


def test_a_draft_is_never_found(town: Town) -> None:
    town.store.edit(town.ids["QA-2"], {"answer": "草稿"}, type(ADMIN)("小编", "editor"))
    town.index.follow()
    assert "九十日" in town.ask("机动车驾驶证到期怎么换证").text


def test_following_embeds_nothing_because_the_writer_did(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.publish(kind="qa", title="犬只登记", answer="到社区。")
    monkeypatch.setattr(town.encoder, "encode_passages", lambda *_a, **_k: pytest.fail("embedded while following"))
    assert town.index.follow() is True
    assert town.index.follow() is False


def test_a_restart_loses_nothing(town: Town) -> None:
    town.store.withdraw(town.ids["SX-2"], ADMIN)
    town.index.follow()
    again = town.new_index()
    again.load()
    assert again.searcher.document_ids() == town.index.searcher.document_ids()
    assert again.revision == town.index.revision == town.feed.revision()
    first, second = (i.searcher.search(QUESTION) for i in (town.index, again))
    assert [h.doc_id for h in first.hits] == [h.doc_id for h in second.hits]
    assert first.probability == pytest.approx(second.probability, abs=1e-5)


def test_vectors_missing_from_the_store_are_made_while_loading(town: Town) -> None:
    town.vectors.forget_others("another encoder")
    again = town.new_index()
    again.load()
    assert again.searcher.search(QUESTION, 1).hits[0].doc_id == town.ids["SX-1"]


def test_following_survives_a_database_that_is_away_for_a_while(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = town.feed.revision, []

    def away() -> int:
        if len(failures) < 1:
            failures.append(1)
            raise OSError("database is away")
        return real()

    monkeypatch.setattr(town.feed, "revision", away)
    entry_id = town.publish(kind="qa", title="犬只登记", answer="到社区。")
    town.index.start()
    deadline = time.monotonic() + 10
    while entry_id not in town.index.searcher.document_ids() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert entry_id in town.index.searcher.document_ids()
    assert failures
    assert town.index.trouble is None


def test_the_trouble_is_told_while_it_lasts(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> int:
        raise OSError("database is away")

    monkeypatch.setattr(town.feed, "revision", away)
    town.index.start()
    assert within_a_second(lambda: town.index.trouble == "database is away")
    assert town.ask(QUESTION).outcome == "answer"  # from what it has


def test_nothing_is_answered_before_the_index_is_loaded(empty_town: Town) -> None:
    with pytest.raises(IndexNotReadyError):
        empty_town.ask("退税")
    assert not empty_town.index.ready
    empty_town.index.load()
    answer = empty_town.ask("退税")
    assert (answer.outcome, answer.citations, answer.case.options) == ("fallback", [], [])


def test_what_the_index_still_shows_but_the_store_no_longer_holds_is_not_answered(town: Town) -> None:
    assert town.ask(QUESTION).entry_id == town.ids["SX-1"]
    town.store.withdraw(town.ids["SX-1"], ADMIN)  # nobody follows
    answer = town.ask(QUESTION)
    assert answer.entry_id != town.ids["SX-1"]
    assert town.ids["SX-1"] not in [c.entry_id for c in answer.citations] + answer.case.options
    assert "平面图" not in answer.text


def test_an_edit_that_the_index_has_not_seen_is_told_as_it_is_now(town: Town) -> None:
    town.store.edit(town.ids["SX-1"], {"facets": {"materials": ["只要身份证"]}}, ADMIN)
    answer = town.ask(QUESTION)
    assert "只要身份证" in answer.text
    assert "平面图" not in answer.text
    assert answer.version == answer.citations[0].version == 2


@pytest.mark.parametrize(("day", "answered"), [(date(2024, 12, 31), False), (date(2025, 1, 1), True), (date(2027, 12, 31), True), (date(2028, 1, 1), False)])  # fmt: skip
def test_an_entry_is_answered_from_its_first_to_its_last_day(town: Town, day: date, answered: bool) -> None:
    town.today = day
    answer = town.ask("租房能取公积金吗")
    assert answer.entry_id == town.ids["QA-1"]
    assert ("到期" not in answer.text and "还没有执行" not in answer.text) is answered
    assert ("每月可以提取一次" in answer.text) is (day <= date(2027, 12, 31))
    found = town.answerer.search("租房能取公积金吗", 10, day)
    assert (town.ids["QA-1"] in [row.entry_id for row in found.results]) is answered


def test_an_entry_that_expired_while_under_discussion_is_not_told_again(town: Town) -> None:
    town.today = date(2028, 1, 1)
    answer = town.ask("依据是什么文件", CaseView(entry_id=town.ids["QA-1"]))
    assert answer.outcome == "clarify"
    assert "公积金" not in answer.text


def test_a_failing_encoder_stops_publishing_not_answering(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_a: object, **_k: object) -> None:
        raise KnowledgeError("编码器坏了。", fix="修理。")

    before = town.feed.revision()
    monkeypatch.setattr(town.encoder, "encode_passages", broken)
    with pytest.raises(KnowledgeError):
        town.publish(kind="qa", title="从来没有见过的事项", answer="答复。")
    assert town.feed.revision() == before
    assert town.ask(QUESTION).outcome == "answer"


def test_an_earlier_backup_restored_under_a_running_index_is_followed(town: Town, tmp_path: Path) -> None:
    saved = backup(town.database, tmp_path / "saved.zip").file
    later = town.publish(kind="qa", title="犬只登记去哪里办理？", answer="到社区养犬登记点。")
    town.store.withdraw(town.ids["QA-1"], ADMIN)
    town.index.follow()
    assert town.index.searcher.document_ids() == {*town.ids.values(), later} - {town.ids["QA-1"]}
    restore(town.database, saved, force=True)
    town.index.follow()
    assert town.index.searcher.document_ids() == set(town.ids.values())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("租房的", "租房"), ("那买房的呢", "买房"), ("一般注销的呢", "一般注销"), ("好的", None), ("可以的", None), ("没用的", None),
        ("骗人的", None), ("要什么材料的", None),
    ],
)  # fmt: skip
def test_a_situation_named_alone(text: str, name: str | None) -> None:
    assert situation_alone(text) == name


def test_a_detail_of_nothing_is_asked_back_and_an_applicant_alone_is_not() -> None:
    assert asks_a_detail_of_nothing("我在外地能办吗")
    assert not asks_a_detail_of_nothing("个体户")
