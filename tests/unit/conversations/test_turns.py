"""Dedupe, order, independence, fallback: what every channel relies on."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from conversations import wording
from conversations.consultation import Consultation
from conversations.errors import DialogueUnavailableError, RateLimitedError, SilentDialogueError
from conversations.live import MessageFeed
from conversations.models import Message, Turn
from conversations.rate_limit import RateLimiter
from conversations.records import ConversationRecords
from conversations.turns import TurnRequest, TurnService
from tests.unit.conversations.stand_ins import FOUND_TEXT, ScriptedDialogue

QUESTION = "社保补贴怎么领"


@pytest.fixture
def dialogue(consultation: Consultation) -> ScriptedDialogue:
    return ScriptedDialogue(consultation.perform, {"你好": "greet"})


@pytest.fixture
def seen() -> list[tuple]:
    return []


@pytest.fixture
def service(records, consultation, dialogue, seen) -> Iterator[TurnService]:
    service = TurnService(
        records, consultation, dialogue, RateLimiter(0), MessageFeed(), observe=lambda *turn: seen.append(turn[:3])
    )
    yield service
    service.close()


def ask(text: str = QUESTION, sender: str = "甲", key: str | None = None) -> TurnRequest:
    return TurnRequest("web", sender, text, key)


def roles(database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Message.role).order_by(Message.id)))


async def test_a_turn_goes_through_rasa(service, dialogue, seen):
    reply = await service.handle(ask())
    assert (reply.outcome, reply.intent["name"], reply.messages[0]["text"]) == ("answer", "policy_lookup", FOUND_TEXT)
    assert dialogue.asked == [QUESTION]
    assert seen == [("answer", "policy_lookup", "rasa")]


async def test_a_message_is_classified_as_it_is_mended_and_kept_as_it_was_written(service, dialogue, database):
    service.mend = lambda text: text.replace("补帖", "补贴")
    await service.handle(ask("补帖怎么领"))
    assert dialogue.asked == ["补贴怎么领"]
    with database.read() as session:
        assert list(session.scalars(select(Message.text).where(Message.role == "user"))) == ["补帖怎么领"]


@pytest.mark.parametrize("error", [DialogueUnavailableError, SilentDialogueError])
async def test_without_rasa_the_turn_is_answered_directly(service, dialogue, seen, error):
    dialogue.error = error("x", fix="y")
    reply = await service.handle(ask())
    assert (reply.outcome, reply.intent["name"]) == ("answer", None)
    assert seen == [("answer", None, "direct")]


async def test_an_action_that_finishes_after_its_turn_was_closed_changes_nothing(service, dialogue, database):
    late: list[asyncio.Task] = []

    async def slow_action(turn_text: str) -> None:
        turn_id = await asyncio.to_thread(_open_turn, database)

        async def run_on() -> dict:
            await asyncio.sleep(0.2)
            return await asyncio.to_thread(dialogue.perform, turn_id, intent="complaint", confidence=1.0, entities={})

        late.append(asyncio.create_task(run_on()))

    dialogue.before_action, dialogue.error = slow_action, DialogueUnavailableError("x", fix="y")
    reply = await service.handle(ask("窗口态度很差不给办理"))
    assert (await late[0])["text"] == reply.messages[0]["text"]
    assert roles(database) == ["user", "bot"]


def _open_turn(database) -> str:
    with database.read() as session:
        return session.scalars(select(Turn.id).where(Turn.state == "open")).one()


async def test_twenty_deliveries_of_one_message_get_one_reply(service, dialogue, database):
    replies = await asyncio.gather(*(service.handle(ask(key="m-1")) for _ in range(20)))
    assert all(reply == replies[0] for reply in replies)
    assert (await service.handle(ask(key="m-1"))) == replies[0], "also long after"
    assert len(dialogue.asked) == 1
    assert roles(database) == ["user", "bot"]


async def test_two_processes_share_one_delivery(service, records, consultation, dialogue, database):
    async def slowly(_text: str) -> None:
        await asyncio.sleep(0.2)

    dialogue.before_action = slowly
    other = TurnService(records, consultation, dialogue, RateLimiter(0), MessageFeed())
    first, second = await asyncio.gather(service.handle(ask(key="m-2")), other.handle(ask(key="m-2")))
    other.close()
    assert first == second
    assert len(dialogue.asked) == 1


async def test_a_delivery_whose_worker_died_is_taken_over(service, records, clock, dialogue):
    records.reserve("web", "甲", QUESTION, "m-3")  # … and then kill -9
    clock.advance(minutes=1)
    assert (await service.handle(ask(key="m-3"))).outcome == "answer"
    assert len(dialogue.asked) == 1


def test_a_dead_turn_is_taken_over_by_one(records: ConversationRecords, clock):
    turn = records.reserve("web", "甲", QUESTION, "m-4")
    assert not records.take_over(turn, timedelta(seconds=20))
    clock.advance(seconds=30)
    assert [records.take_over(turn, timedelta(seconds=20)) for _ in range(2)] == [True, False]


async def test_one_sender_in_order_others_do_not_wait(service, dialogue):
    gate = asyncio.Event()
    order: list[str] = []

    async def hold(text: str) -> None:
        if text.endswith("一"):
            await gate.wait()
        order.append(text)

    dialogue.before_action = hold
    mine = [asyncio.create_task(service.handle(ask(f"补贴{n}"))) for n in "一二三"]
    await asyncio.wait_for(service.handle(ask("补贴乙", sender="乙")), 5)
    gate.set()
    await asyncio.gather(*mine)
    assert order == ["补贴乙", "补贴一", "补贴二", "补贴三"]


async def test_a_client_that_goes_away_cancels_nothing(service, dialogue, database):
    async def slowly(_text: str) -> None:
        await asyncio.sleep(0.1)

    dialogue.before_action = slowly
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(service.handle(ask()), 0.02)
    await asyncio.sleep(0.3)
    assert roles(database) == ["user", "bot"]


@pytest.mark.parametrize("text", ["", "   ", "\x00\x1f\u200b"])
async def test_nothing_said_gets_a_polite_sentence(service, database, text):
    reply = await service.handle(ask(text))
    assert (reply.messages, reply.outcome) == ([{"text": wording.EMPTY_MESSAGE}], "fallback")
    assert roles(database) == []


async def test_too_much_said_gets_a_polite_sentence(service, dialogue):
    assert "2000" in (await service.handle(ask("长" * 2001))).messages[0]["text"]
    assert dialogue.asked == []
    assert (await service.handle(ask("补贴" * 1000))).outcome == "answer"


async def test_control_characters_are_dropped_before_anything_else(service, dialogue):
    await service.handle(ask("社保\x00补贴\u202e怎么\x1d领\r\n急"))
    assert dialogue.asked == ["社保补贴怎么领\n急"]


async def test_while_a_human_holds_the_conversation_the_assistant_is_silent(service, records, dialogue, database):
    conversation = (await service.handle(ask())).conversation_id
    records.give_to(conversation, "human")
    reply = await service.handle(ask("还在吗"))
    assert (reply.outcome, reply.messages) == ("handoff", [])
    assert roles(database) == ["user", "bot", "user"], "what was said is kept for the human"
    records.give_to(conversation, "bot")
    assert (await service.handle(ask())).outcome == "answer"


async def test_a_failure_inside_becomes_an_apology_with_a_human(service, answerer, dialogue, seen):
    answerer.error = RuntimeError("database password is hunter2")
    dialogue.error = DialogueUnavailableError("x", fix="y")
    reply = await service.handle(ask(key="m-5"))
    assert reply.messages == [{"text": wording.APOLOGY, "buttons": [wording.HUMAN_BUTTON]}]
    assert seen == [("fallback", None, "edge")]
    assert await service.handle(ask(key="m-5")) == reply


async def test_the_rate_limit_counts_each_sender_and_not_repeats(service, records, database):
    service.limiter = RateLimiter(2, clock=lambda: 0.0)
    await service.handle(ask(key="a"))
    await service.handle(ask(key="a"))
    await service.handle(ask(key="b"))
    with pytest.raises(RateLimitedError) as caught:
        await service.handle(ask(key="c"))
    assert caught.value.retry_after_s == 30
    assert (await service.handle(ask(sender="乙"))).outcome == "answer"
    assert roles(database) == ["user", "bot"] * 3


def test_the_bucket_refills():
    now = [0.0]
    limiter = RateLimiter(60, clock=lambda: now[0])
    for _ in range(60):
        limiter.check("甲")
    with pytest.raises(RateLimitedError):
        limiter.check("甲")
    now[0] = 1.0
    limiter.check("甲")


async def test_a_waiting_reader_is_woken_from_another_thread():
    feed = MessageFeed()
    waiting = asyncio.create_task(feed.wait("c1", 5))
    await asyncio.sleep(0.01)
    await asyncio.to_thread(feed.notify, "c1")
    assert await asyncio.wait_for(waiting, 1)
    assert not await feed.wait("c1", 0.01)
    assert feed._waiting == {}
