"""The dense featurizer inside Rasa's own graph machinery."""

import json
from pathlib import Path

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from dialogue import sentence_featurizer
from dialogue.sentence_featurizer import SentenceFeaturizer
from retrieval.encoder import EncoderManifest


class FakeEncoder:
    """Reads the manifest like the real one; a text's vectors hold its length."""

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        self.hash = EncoderManifest.read(folder).hash
        self.loaded = False

    def load(self) -> None:
        self.loaded = True

    def encode_layers(self, texts: list[str]) -> list[np.ndarray]:
        return [np.array([[len(t), 1.0] for t in texts], dtype=np.float32), np.array([[0.5, len(t)] for t in texts])]


@pytest.fixture
def encoder_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "encoder"
    folder.mkdir()
    EncoderManifest("m", "aaaa", 2, "", "", "mean", "int8", "x.onnx").write(folder)
    monkeypatch.setattr(sentence_featurizer, "OnnxEncoder", FakeEncoder)
    monkeypatch.delenv("WENZHENG_ENCODER_DIR", raising=False)
    return folder


@pytest.fixture
def storage(tmp_path: Path) -> LocalModelStorage:
    (tmp_path / "storage").mkdir()
    return LocalModelStorage(tmp_path / "storage")


RESOURCE = Resource("featurizer")
CONTEXT = ExecutionContext(GraphSchema({}), "featurizer")


def config(folder: Path | None) -> dict:
    named = {"encoder_dir": str(folder)} if folder else {}
    return {**SentenceFeaturizer.get_default_config(), **named, "alias": "dense"}


def create(folder: Path, storage: LocalModelStorage) -> SentenceFeaturizer:
    return SentenceFeaturizer.create(config(folder), storage, RESOURCE, CONTEXT)


def test_a_message_gets_a_sentence_vector_of_each_layer(encoder_dir: Path, storage: LocalModelStorage) -> None:
    message, empty = Message({TEXT: "你好"}), Message({TEXT: ""})
    assert create(encoder_dir, storage).process([message, empty]) == [message, empty]
    sequence, sentence = message.get_dense_features(TEXT)
    assert sequence is None
    assert sentence is not None
    assert sentence.features.tolist() == [[2.0, 1.0, 0.5, 2.0]]
    assert empty.get_dense_features(TEXT) == (None, None)


def test_training_data_is_featurized_in_batches_and_in_order(encoder_dir: Path, storage: LocalModelStorage) -> None:
    messages = [Message({TEXT: "字" * (n + 1), "intent": "greet"}) for n in range(70)]
    create(encoder_dir, storage).process_training_data(TrainingData(messages))
    assert [m.get_dense_features(TEXT)[1].features[0][0] for m in messages] == list(range(1, 71))


def test_a_trained_model_accepts_only_its_encoder(encoder_dir: Path, storage: LocalModelStorage) -> None:
    create(encoder_dir, storage).train(TrainingData())
    loaded = SentenceFeaturizer.load(config(encoder_dir), storage, RESOURCE, CONTEXT)
    assert loaded._encoder.loaded
    manifest = json.loads((encoder_dir / "manifest.json").read_text())
    (encoder_dir / "manifest.json").write_text(json.dumps({**manifest, "hash": "bbbb"}))
    with pytest.raises(InvalidConfigException, match="wenzheng prepare"):
        SentenceFeaturizer.load(config(encoder_dir), storage, RESOURCE, CONTEXT)


def test_the_training_cache_knows_the_encoder(encoder_dir: Path) -> None:
    assert SentenceFeaturizer.fingerprint_addon(config(encoder_dir)) == "aaaa"


def test_the_folder_comes_from_the_environment_or_is_missed(encoder_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidConfigException, match="WENZHENG_ENCODER_DIR"):
        SentenceFeaturizer.validate_config(config(None))
    monkeypatch.setenv("WENZHENG_ENCODER_DIR", str(encoder_dir))
    SentenceFeaturizer.validate_config(config(None))
