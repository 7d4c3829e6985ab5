"""Fine-tuning: learns, is reproducible, goes on after an interruption, and writes what the ONNX graph is built with."""

import json
import math
import random
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoder import EncoderManifest, OnnxEncoder
from retrieval.encoder_build.adapter import Adapter, adapted
from retrieval.encoder_build.build import FP32_FILE, write_fp32
from tests.fixtures.tiny_e5 import tiny_e5

pytestmark = pytest.mark.train

MATTERS = {"A": ("企业设立登记", ["注册公司", "怎么办营业执照"]), "B": ("社保补贴申请", ["社保的补贴可以申请吗"]),
           "C": ("公积金办理", ["公积金在哪里办", "我的公积金"]), "D": ("电话地址", ["电话", "在哪里"]), "E": ("医保材料", ["医保需要材料吗"])}  # fmt: skip


@pytest.fixture
def files(tmp_path) -> tuple[Path, Path]:
    """(questions, entries)"""
    questions, entries = tmp_path / "questions.jsonl", tmp_path / "entries.jsonl"
    asked = [{"question": q, "gold": [name]} for name, (_title, texts) in MATTERS.items() for q in texts]
    stored = [{"external_id": name, "kind": "qa", "title": title, "answer": "可以", "authority": "办理地址", "similar_questions": [title[:3]]}
              for name, (title, _texts) in MATTERS.items()]  # fmt: skip
    for file, rows in ((questions, asked), (entries, stored)):
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return questions, entries


def plan(**changes):
    from training.finetune_encoder import Plan

    return Plan(**{"epochs": 2, "rank": 4, "learning_rate": 0.02, "batch_size": 4, **changes})


def trainer(files, start=None, again=(), **changes):
    from training.finetune_encoder import Trainer
    from training.question_pairs import read_entries, read_pairs

    entries, similar = read_entries([files[1]])
    asked = [*read_pairs([files[0]], entries), *similar]
    return Trainer(tiny_e5(), plan(**changes), entries, asked, start=start, again=read_pairs(again, entries))


def test_it_learns_the_questions(files, tmp_path):
    training = trainer(files, epochs=12)
    before = training.recall(training.asked)
    training.train(tmp_path / "checkpoint")
    after = training.recall(training.asked)
    assert after["mrr"] > before["mrr"]
    assert after["recall@1"] >= 0.8


def test_an_untrained_change_leaves_the_model_as_it_was(files):
    import torch

    from training.contrastive import embed_all
    from training.e5_model import sentence_transformer

    torch.manual_seed(0)
    texts = [title for title, _ in MATTERS.values()]
    ours = embed_all(trainer(files).embedder.questions, texts)
    theirs = sentence_transformer(tiny_e5()).encode(texts, prompt_name="query")
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_the_adapter_gives_the_onnx_graph_the_trained_vectors(files, tmp_path):
    from training.contrastive import embed_all

    training = trainer(files, epochs=10)
    training.train(tmp_path / "checkpoint")
    weights = adapted(tiny_e5(), training.write(tmp_path / "adapter.npz"))
    write_fp32(weights, tmp_path)
    EncoderManifest("e5", "0", weights.hidden, "query: ", "", "mean", "fp32", FP32_FILE, weights.positions).write(tmp_path)
    texts = [title for title, _ in MATTERS.values()]
    ours = OnnxEncoder(tmp_path).encode_queries(texts)
    assert np.sum(ours * embed_all(training.embedder.questions, texts), axis=1).min() >= 0.9999
    assert np.sum(ours * embed_all(trainer(files).embedder.questions, texts), axis=1).max() < 0.995


@pytest.mark.parametrize(("epoch", "step"), [(0, 1), (1, 1), (1, 2)])
def test_an_interrupted_training_ends_like_an_uninterrupted_one(files, tmp_path, epoch, step):
    whole = trainer(files)
    whole.train(tmp_path / "whole")

    class InterruptedTrainingError(Exception):
        pass

    def stop(*reported):
        if reported[:2] == (epoch, step):
            raise InterruptedTrainingError

    broken = trainer(files)
    broken.report, broken.checkpoint_every_s = stop, 0.0
    with pytest.raises(InterruptedTrainingError):
        broken.train(tmp_path / "checkpoint")
    rest = trainer(files)
    assert rest.resume(tmp_path / "checkpoint")
    assert (rest.epoch, rest.step) == (epoch, step)
    rest.train(tmp_path / "checkpoint")
    assert rest.write(tmp_path / "rest.npz").version == whole.write(tmp_path / "whole.npz").version


def test_timing_what_is_left_changes_nothing(files, tmp_path):
    whole, timed = trainer(files), trainer(files)
    assert timed.seconds_left() > 0
    for one in (whole, timed):
        one.train(tmp_path / "checkpoint")
    assert timed.write(tmp_path / "timed.npz").version == whole.write(tmp_path / "whole.npz").version
    assert timed.seconds_left() == pytest.approx(0, abs=1e-9)


def test_what_people_called_wrong_is_the_hard_negative(files):
    from dataclasses import replace

    from training.contrastive import mine

    training = trainer(files)
    pairs = [replace(training.asked[0], wrong=(4,)), *training.asked[1:]]
    hard = mine(training.embedder, pairs, training.entries)
    assert hard[0] == [4]
    assert len(hard[1]) > 1


def test_the_checkpoint_of_another_training_is_refused(files, tmp_path):
    from training.errors import TrainingError

    trainer(files).train(tmp_path / "checkpoint")
    with pytest.raises(TrainingError, match="另一次训练"):
        trainer(files, seed=1).resume(tmp_path / "checkpoint")


def test_a_training_begins_where_the_adapter_it_starts_from_ended(files, tmp_path):
    first = trainer(files, epochs=10)
    first.train(tmp_path / "checkpoint")
    adapter = first.write(tmp_path / "adapter.npz")
    going_on = trainer(files, start=adapter)
    assert going_on.recall(going_on.asked)["mrr"] == pytest.approx(first.recall(first.asked)["mrr"], abs=0.01)
    assert going_on.recall(going_on.asked)["mrr"] > trainer(files).recall(first.asked)["mrr"]
    assert going_on.write(tmp_path / "again.npz").version == adapter.version


def test_an_adapter_of_another_rank_is_no_start(files, tmp_path):
    from training.errors import TrainingError

    adapter = trainer(files).write(tmp_path / "adapter.npz")
    with pytest.raises(TrainingError, match="--rank"):
        trainer(files, start=adapter, rank=2)


def test_of_questions_seen_before_a_share_is_asked_again(files, tmp_path):
    alone, joined = trainer(files, batch_size=1), trainer(files, again=[files[0]], again_share=0.5, batch_size=1)
    assert joined.steps == alone.steps + len(joined.again) // 2


def test_a_checkpoint_belongs_to_one_start(files, tmp_path):
    from training.errors import TrainingError

    first = trainer(files)
    first.train(tmp_path / "checkpoint")
    with pytest.raises(TrainingError, match="另一次训练"):
        trainer(files, start=first.write(tmp_path / "adapter.npz")).resume(tmp_path / "checkpoint")


def test_questions_that_nothing_answers_move_away_from_the_entries(files, tmp_path):
    from training.contrastive import similarities
    from training.question_pairs import read_unanswerable

    foreign = tmp_path / "unanswerable.jsonl"
    foreign.write_text('{"question": "材料地址电话", "gold": []}\n{"question": "可以注册吗", "gold": []}\n', encoding="utf-8")

    def nearest(share: float) -> float:
        training = trainer(files, epochs=10, unanswerable_share=share, misspelt_share=0.0)
        training.unanswerable = read_unanswerable([foreign])
        training.train(tmp_path / f"checkpoint-{share}")
        asked = [pair.question for pair in read_unanswerable([foreign])]
        return float(similarities(training.embedder, asked, training.entries).max(axis=1).mean())

    assert nearest(1.0) < nearest(0.0) - 0.1


def test_misspelt_questions_differ_in_a_few_characters():
    from training.misspelling import Misspeller

    misspeller = Misspeller(["企业设立登记", "起夜社离等级机"])
    made = {misspeller.misspell("企业设立登记", random.Random(seed)) for seed in range(30)}
    assert len(made) > 10
    assert all(5 <= len(text) <= 7 for text in made)
    assert misspeller.misspell("CPA 2020", random.Random(0)) == "CPA 2020"


def test_the_command_writes_an_adapter_and_clears_its_checkpoint(files, tmp_path, monkeypatch, capsys):
    from training import finetune_encoder

    monkeypatch.setattr(finetune_encoder, "bundled_weights", tiny_e5)
    out = tmp_path / "out.npz"
    options = ["--epochs", "1", "--rank", "2", "--batch-size", "4", "--extra", "--threads", "1"]
    assert (
        finetune_encoder.main([str(files[0]), "--entries", str(files[1]), "--dev", str(files[0]), "--out", str(out), *options])
        == 0
    )
    assert Adapter.read(out).pairs["l1.fo.w"][0].shape == (2, 128)
    assert list(tmp_path.glob("*.checkpoint")) == []
    printed = capsys.readouterr().out
    assert "训练前" in printed
    assert "训练后" in printed


def test_questions_of_other_entries_are_refused(files, tmp_path, capsys, monkeypatch):
    from training import finetune_encoder

    monkeypatch.setattr(finetune_encoder, "bundled_weights", tiny_e5)
    (tmp_path / "foreign.jsonl").write_text('{"question": "电话", "gold": ["Z"]}\n', encoding="utf-8")
    out = tmp_path / "out.npz"
    assert finetune_encoder.main([str(tmp_path / "foreign.jsonl"), "--entries", str(files[1]), "--out", str(out)]) == 1
    assert "foreign.jsonl" in capsys.readouterr().err
    assert not out.exists()


class TestLoss:
    def embedder(self, questions, passages):
        import torch

        class Fixed:
            def questions(self, _texts):
                return torch.tensor(questions)

            def passages(self, _texts):
                return torch.tensor(passages)

        return Fixed()

    def test_it_is_the_cross_entropy_of_the_own_passage(self):
        import torch

        from training.contrastive import WITHDRAWN_WEIGHT, Batch, info_nce

        batch = Batch(["q", "r"], ["p", "s"], [0, 1], [frozenset({0}), frozenset({1})])
        embedder = self.embedder([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]])
        loss = info_nce(embedder, batch, temperature=0.5, nothing=torch.zeros(1))
        # "nothing answers it" is as far from each question as the other passage, and right once the own one is withdrawn
        withdrawn = math.log(2)
        assert float(loss) == pytest.approx(math.log(1 + 2 * math.exp(-2)) + WITHDRAWN_WEIGHT * withdrawn)

    def test_a_question_that_nothing_answers_is_to_be_further_from_every_passage_than_nothing(self):
        import torch

        from training.contrastive import Batch, info_nce

        batch = Batch(["q", "unanswerable"], ["p", "near"], [0, 1], [frozenset({0}), frozenset()])
        near, far = (
            float(info_nce(self.embedder([[1.0, 0.0], [0.0, y]], [[1.0, 0.0], [0.0, 1.0]]), batch, 0.05, torch.full((1,), 0.5)))
            for y in (0.9, 0.1)
        )
        assert near > far + 1

    def test_another_right_passage_is_no_negative(self):
        import torch

        from training.contrastive import Batch, info_nce

        batch = Batch(["q"], ["p", "also right"], [0, 1], [frozenset({0, 1})])
        embedder = self.embedder([[1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]])
        assert float(info_nce(embedder, batch, temperature=0.05, nothing=torch.zeros(1))) < 1e-6

    def test_hard_negatives_are_never_right_nor_named_alike(self, files):
        from dataclasses import replace

        from training.contrastive import mine

        training = trainer(files)
        entries = [*training.entries, replace(training.entries[0], external_id="A2")]
        hard = mine(training.embedder, training.pairs, entries)
        for pair, wrong in zip(training.pairs, hard, strict=True):
            assert not {entries[j].title for j in wrong} & {entries[j].title for j in pair.right}
            assert bool(wrong) == pair.mined

    def test_every_question_of_an_epoch_comes_once(self, files):
        from training.contrastive import batches

        training = trainer(files)
        made = list(batches(training.asked, [[] for _ in training.asked], training.entries, 4, 0, random.Random(0)))
        asked = [question for batch in made for question in batch.questions]
        assert len(asked) == len(set(asked)) == 8
        assert all(shown in right for batch in made for shown, right in zip(batch.shown, batch.right, strict=True))
