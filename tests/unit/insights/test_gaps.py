"""The assistant misses questions; staff see them by meaning and close the gap."""

import pytest

from database.engine import Database
from insights.errors import GapActionError, UnknownGapError
from insights.gap_collector import GapCollector
from insights.gaps import GapDesk
from insights.labels import QuestionLabels
from knowledge_base.content import parse_content
from knowledge_base.entries import EntryStore
from knowledge_base.errors import NotAllowedError
from knowledge_base.workflow import Actor
from staff.audit import AuditFilter, AuditLog
from tests.unit.conversations.conftest import SettableClock
from tests.unit.insights.conftest import BOSS, EDITOR, REVIEWER, Say

ACTOR = Actor("boss", "admin")
HEATING = ("集中供暖的缴费标准是多少", "集中供暖缴费标准是多少", "集中供暖的缴费标准是多少钱")


def missed(say: Say, collector: GapCollector) -> None:
    for number, text in enumerate(HEATING):
        say(text, sender=f"住户{number}")
    say("流浪狗咬人归哪里管", sender="行人")
    collector.run()


def test_questions_of_one_meaning_are_one_group(say: Say, collector: GapCollector, desk: GapDesk, clock: SettableClock) -> None:
    missed(say, collector)
    clock.advance(days=3)
    say(HEATING[0], sender="住户0")
    collector.run()

    found = desk.listed()
    assert found["total"] == 2
    first, second = found["gaps"]
    assert (first["title"], first["count"], first["askers"], first["this_week"]) == (HEATING[0], 4, 3, 4)
    assert (second["title"], second["count"]) == ("流浪狗咬人归哪里管", 1)
    assert first["sources"] == {"not_found": 4}
    assert first["first_at"] < first["last_at"]
    assert second["department"] == "公安局"
    assert [line["count"] for line in desk.read(first["id"])["questions"]] == [2, 1, 1]
    assert found["counts"] == {"open": 2, "in_progress": 0, "closed": 0}

    clock.advance(days=6)
    assert (desk.listed()["gaps"][0]["this_week"], desk.listed()["gaps"][0]["last_week"]) == (1, 3)


def test_personal_data_is_masked(say: Say, collector: GapCollector, desk: GapDesk) -> None:
    say("我的手机13800138000收不到供暖缴费的通知")
    collector.run()
    assert desk.listed()["gaps"][0]["title"] == "我的手机[电话号码]收不到供暖缴费的通知"


def test_a_bad_rating_shows_with_its_reason(say: Say, collector: GapCollector, desk: GapDesk) -> None:
    say("岗位补贴怎么领")
    say("👎", None)
    collector.run()
    say("电话是空号，打不通", "inform")  # the reason comes after the rating was collected
    (group,) = desk.listed()["gaps"]
    assert group["sources"] == {"negative_feedback": 1}
    assert "电话是空号，打不通" in desk.read(group["id"])["questions"][0]["details"][0]


def test_a_list_that_nobody_picked_from_is_a_miss(say: Say, collector: GapCollector, desk: GapDesk, clock: SettableClock) -> None:
    say("办证哪个窗口", sender="挑了")
    say("社会保险补贴", sender="挑了")
    say("取号哪个机器", sender="没挑")
    collector.run()
    assert desk.listed()["total"] == 0  # they may still pick
    clock.advance(minutes=31)
    collector.run()
    assert [(group["title"], group["sources"]) for group in desk.listed()["gaps"]] == [("取号哪个机器", {"not_picked": 1})]


def test_an_administrator_attaches_and_the_gap_is_closed_at_once(
    say: Say, collector: GapCollector, desk: GapDesk, entries: EntryStore, database: Database, clock: SettableClock
) -> None:
    entry = entries.create(parse_content({"kind": "qa", "title": "供暖收费", "answer": "每平方米 22 元。"}), ACTOR)
    entries.publish(entry.entry_id, ACTOR)
    missed(say, collector)
    group = desk.listed()["gaps"][0]
    done = desk.attach(group["id"], entry.entry_id, BOSS)
    assert (done["state"], done["resolution"], done["entry_id"]) == ("closed", "attached", entry.entry_id)
    live = entries.published([entry.entry_id])[entry.entry_id]
    assert set(live.content.similar_questions) == set(HEATING)
    assert {label.entry_id for label in QuestionLabels(database).listed("entry")} == {entry.entry_id}
    assert AuditLog(database).page(AuditFilter(object_kind="gap"))[1][0]["action"] == "gap_attached"

    with pytest.raises(GapActionError, match="已补"):
        desk.attach(group["id"], entry.entry_id, BOSS)
    clock.advance(hours=1)
    say(HEATING[1], sender="又来一位")
    collector.run()
    again = desk.read(group["id"])
    assert (again["state"], again["count"]) == ("open", 4)


def test_an_editors_entry_closes_the_gap_when_it_is_published(
    say: Say, collector: GapCollector, desk: GapDesk, entries: EntryStore
) -> None:
    missed(say, collector)
    group = desk.listed()["gaps"][0]
    draft = desk.draft(group["id"])
    assert (draft["title"], draft["answer"]) == (HEATING[0], "")
    assert set(draft["similar_questions"]) == set(HEATING[1:])
    with pytest.raises(NotAllowedError):
        desk.write(group["id"], {**draft, "answer": "每平方米 22 元。"}, EDITOR, publish=True)
    assert entries.count() == 0

    done = desk.write(group["id"], {**draft, "answer": "每平方米 22 元。"}, EDITOR)
    assert done["state"] == "in_progress"
    assert entries.get(done["entry_id"]).state == "in_review"
    collector.run()
    assert desk.read(group["id"])["state"] == "in_progress"
    entries.publish(done["entry_id"], Actor(REVIEWER.name, "reviewer"))
    collector.run()
    assert desk.read(group["id"])["state"] == "closed"


def test_a_withdrawn_entry_opens_the_gap_again(say: Say, collector: GapCollector, desk: GapDesk, entries: EntryStore) -> None:
    missed(say, collector)
    group = desk.listed()["gaps"][0]
    done = desk.write(group["id"], {**desk.draft(group["id"]), "answer": "22 元。"}, EDITOR)
    entries.withdraw(done["entry_id"], ACTOR)
    collector.run()
    assert desk.read(group["id"])["state"] == "open"


def test_only_chosen_questions_are_acted_on(say: Say, collector: GapCollector, desk: GapDesk, database: Database) -> None:
    missed(say, collector)
    group = desk.read(desk.listed()["gaps"][0]["id"])
    chosen = [line["id"] for line in group["questions"] if line["question"] in HEATING[:2]]
    desk.mark_out_of_scope(group["id"], BOSS, chosen)
    assert {label.question for label in QuestionLabels(database).listed("out_of_scope")} == set(HEATING[:2])
    left = desk.listed(text="多少钱")["gaps"]
    assert [(line["title"], line["count"]) for line in left] == [(HEATING[2], 1)]
    with pytest.raises(GapActionError, match="没有选中"):
        desk.mark_out_of_scope(left[0]["id"], BOSS, [10**6])


def test_declining_what_is_out_of_scope_is_no_new_miss(
    say: Say, collector: GapCollector, desk: GapDesk, clock: SettableClock
) -> None:
    missed(say, collector)
    group = desk.listed()["gaps"][0]
    desk.mark_out_of_scope(group["id"], EDITOR)
    clock.advance(hours=1)
    say(HEATING[0], sender="又问")
    collector.run()
    assert (desk.read(group["id"])["state"], desk.read(group["id"])["count"]) == ("closed", 4)


def test_an_intent_is_recorded_for_training(say: Say, collector: GapCollector, desk: GapDesk, database: Database) -> None:
    missed(say, collector)
    group = desk.listed()["gaps"][1]
    with pytest.raises(GapActionError, match="没有“狗”"):
        desk.label_intent(group["id"], "狗", EDITOR)
    done = desk.label_intent(group["id"], "complaint", EDITOR)
    assert (done["state"], done["intent"]) == ("closed", "complaint")
    (label,) = QuestionLabels(database).listed("intent")
    assert (label.question, label.intent, label.source, label.labelled_by) == (
        "流浪狗咬人归哪里管",
        "complaint",
        "gap",
        "xiaolin",
    )
    assert desk.reopen(group["id"], EDITOR)["state"] == "open"
    with pytest.raises(GapActionError):
        desk.reopen(group["id"], EDITOR)


def test_what_means_something_else_is_split_off_and_stays_apart(say: Say, collector: GapCollector, desk: GapDesk) -> None:
    missed(say, collector)
    group = desk.read(desk.listed()["gaps"][0]["id"])
    with pytest.raises(GapActionError, match="全部"):
        desk.split(group["id"], [line["id"] for line in group["questions"]], EDITOR)
    odd = next(line for line in group["questions"] if line["question"] == HEATING[0])
    new = desk.split(group["id"], [odd["id"]], EDITOR)
    assert [line["question"] for line in new["questions"]] == [HEATING[0]]
    assert desk.read(group["id"])["title"] == HEATING[1]
    say(HEATING[0], sender="后来的人")
    collector.run()
    assert desk.read(new["id"])["count"] == 2


def test_unknown_gaps_are_named(desk: GapDesk) -> None:
    for step in (desk.read, desk.draft):
        with pytest.raises(UnknownGapError, match="77"):
            step(77)
