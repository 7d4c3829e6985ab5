"""Parts die, hang and come back; the conversation goes on and nothing false is said."""

import signal
import time

import httpx

from tests.sidecar.instance import Instance

QUESTION, ANSWER = "个体户执照怎么办", "SS-0102"


def cited(reply: dict) -> list[str]:
    return [c["external_id"] for message in reply["messages"] for c in message.get("citations") or []]


def test_rasa_answers_at_first(instance: Instance) -> None:
    reply = instance.chat(QUESTION, "r1")
    assert (reply["outcome"], reply["intent"]["name"]) == ("answer", "filing_steps")
    assert cited(reply)[0] == ANSWER


def test_a_hanging_rasa_costs_its_timeout_once_and_no_answer(instance: Instance) -> None:
    rasa = instance.part("rasa")
    rasa.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        first = instance.chat(QUESTION, "r2")
        waited = time.monotonic() - started
        started = time.monotonic()
        second = instance.chat(QUESTION, "r3")
        after = time.monotonic() - started
    finally:
        rasa.send_signal(signal.SIGCONT)
    assert cited(first)[0] == cited(second)[0] == ANSWER
    assert waited < 8
    assert after < waited
    instance.wait_for_rasa()


def test_a_killed_rasa_is_not_missed_and_comes_back(instance: Instance) -> None:
    before = instance.chat(QUESTION, "r4")
    killed = instance.kill("rasa")
    reply = instance.chat(QUESTION, "r4")
    assert cited(reply)[0] == ANSWER
    assert reply["conversation_id"] == before["conversation_id"]
    instance.wait_for_rasa()
    assert instance.part("rasa").pid != killed
    again = instance.chat(QUESTION, "r4")
    assert again["intent"]["name"] == "filing_steps"
    assert cited(again)[0] == ANSWER


def test_a_killed_gateway_comes_back_and_knows_the_conversation(instance: Instance) -> None:
    before = instance.chat("我要投诉", "r5")
    instance.kill("gateway")
    instance.wait_until_ready(120)
    instance.wait_for_rasa()
    reply = instance.chat("楼下饭店油烟直接排到居民楼里，已经三个月了", "r5")
    assert reply["conversation_id"] == before["conversation_id"]
    assert (reply["outcome"], reply["intent"]["name"]) == ("ticket", "complaint")
    assert "发生在哪里" in reply["messages"][0]["text"], "the form goes on where it stood"
    assert "还没有登记" not in reply["messages"][0]["text"], "a step of the form is no interruption"


def test_callers_wait_through_a_restart_of_the_gateway(instance: Instance) -> None:
    instance.wait_until_ready(60)
    instance.kill("gateway")
    reply = httpx.get(
        f"{instance.base_url}/healthz", timeout=60, trust_env=False
    )  # at once: nobody listens yet, nobody is turned away
    assert reply.status_code == 200
