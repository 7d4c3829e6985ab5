"""After labelling, the next run says what the labels bought: it is trained once more without them."""

from pathlib import Path
from unittest.mock import patch

import pytest

from bot.services import Services, build_services
from insights.labels import QuestionLabels
from knowledge_base.content import parse_content
from knowledge_base.workflow import Actor
from settings import load_settings
from tests.fixtures.bigram_encoder import BigramHashEncoder
from training import labels_worth, store_run
from training.labels_worth import worth_of_labels
from training.progress import Steps
from training.rows import TEST, part_of
from training.store_run import train_store

ADMIN = Actor("管理员", "admin")
THINGS = ("烟花", "取水", "采矿", "幼儿园", "养老院", "出租车", "律师", "医师", "商标", "公积金", "户口", "施工")
WAYS = ("想搞{0}的批文找谁", "{0}那个本子丢了咋整", "咱家{0}的事找哪个窗口", "{0}的手续麻不麻烦")


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WENZHENG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    encoder = BigramHashEncoder()
    made = build_services(load_settings(), encoder=encoder)
    for number, thing in enumerate(THINGS):
        content = parse_content(
            {"kind": "qa", "title": f"{thing}行政许可", "answer": "到市民中心。", "external_id": f"SX-{number}"}
        )
        made.entries.publish(made.entries.create(content, ADMIN).entry_id, ADMIN)
    made.index.load()
    with (
        patch.object(store_run, "OnnxEncoder", lambda _folder: encoder),
        patch.object(labels_worth, "OnnxEncoder", lambda _folder: encoder),
        patch.object(store_run, "prepare_encoder", lambda *_: tmp_path),
        patch.object(labels_worth, "prepare_encoder", lambda *_: tmp_path),
        patch.object(store_run, "BASE_QUESTIONS", {}),
        patch.object(store_run, "_base_unanswerable", list),
    ):
        yield made
    made.stop()


def label(services: Services, source: str, ways: tuple[str, ...]) -> int:
    labels, given = QuestionLabels(services.database), 0
    for number, thing in enumerate(THINGS):
        entry = services.entries.by_external_id(f"SX-{number}")
        for way in ways:
            made = labels.add(way.format(thing), "entry", "王", source, entry_id=entry.entry_id)
            given += part_of(f"label:{made.label_id}") != TEST
    return given


def trained(services: Services) -> str:
    with Steps() as steps:
        return train_store(services.settings, steps, dialogue=False)[0].id


def test_the_labels_since_the_run_before_are_weighed_and_only_they(services: Services) -> None:
    label(services, "gap", WAYS[:2])
    given = label(services, "active_learning", WAYS[2:])
    run_id = trained(services)
    worth = worth_of_labels(services.settings, run_id)
    assert worth.labels == given
    assert worth.first.questions > 0
    assert worth.intents is None
    assert f"标注的 {given} 个问题带来的变化" in worth.row()["text"]
    assert sorted(p.name for p in services.runs.folder.iterdir()) == [run_id]  # the second training leaves nothing


def test_labelled_intents_are_weighed_by_a_second_dialogue_model(services: Services, tmp_path: Path) -> None:
    """A stand-in for Rasa names what its training file taught it."""
    labels = QuestionLabels(services.database)
    earlier, later = ("我要找真人", "给我转个活人", "叫你们的人来"), ("帮我接人工坐席", "让客服接", "喊个人出来", "接人工")
    taught = {text: labels.add(text, "intent", "王", "gap", intent="human_handoff") for text in earlier}
    new = {text: labels.add(text, "intent", "王", "active_learning", intent="human_handoff") for text in later}
    used = [text for text, made in new.items() if part_of(f"label:{made.label_id}") != TEST]
    assert used

    def fake_training(_settings: object, bank: Path, target: Path, _say: object) -> Path:
        target.write_text(bank.read_text(encoding="utf-8"), encoding="utf-8")
        return target

    def named(model: Path, texts: list[str]) -> list[str]:
        known = model.read_text(encoding="utf-8")
        return ["human_handoff" if text in known else "greet" for text in texts]

    asked = [(text, "human_handoff") for text in used] + [("您好", "greet")]
    with (
        patch.object(store_run, "train_with_bank", fake_training),
        patch.object(store_run, "fingerprint", lambda _settings: "sources"),  # of an encoder that this test has not
        patch.object(labels_worth, "train_with_bank", fake_training),
        patch.object(labels_worth, "named_intents", named),
        patch.object(labels_worth, "frozen_intents", lambda _own: ((), asked)),
        patch.object(labels_worth, "_asked", side_effect=AssertionError),  # intents teach the retrieval nothing
        Steps() as steps,
    ):
        run_id = train_store(services.settings, steps)[0].id
        worth = worth_of_labels(services.settings, run_id)
    assert taught
    assert (worth.labels, worth.first) == (len(used), None)
    assert worth.intents.mean == pytest.approx(len(used) / len(asked))
    assert "意图识别正确率 +" in worth.row()["text"]


def test_without_such_labels_nothing_is_trained_again(services: Services) -> None:
    label(services, "gap", WAYS)
    run_id = trained(services)
    with patch.object(labels_worth, "train_store", side_effect=AssertionError):
        assert worth_of_labels(services.settings, run_id) is None
