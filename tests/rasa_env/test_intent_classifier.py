"""The classifier's own part: weights, centring, messages without features, saving and loading."""

from pathlib import Path

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix

from dialogue.intent_classifier import WeightedLogisticRegression

RESOURCE = Resource("classifier")
CONTEXT = ExecutionContext(GraphSchema({}), "classifier")


def message(dense: list, sparse: list, intent: str | None = None) -> Message:
    made = Message({TEXT: "文", **({"intent": intent} if intent else {})})
    made.add_features(Features(np.array([dense]), "sentence", TEXT, "dense"))
    made.add_features(Features(csr_matrix([sparse]), "sentence", TEXT, "sparse"))
    return made


def examples() -> TrainingData:
    made = []
    for n in range(10):
        made.append(message([0.9, 0.1 + n / 100], [1, 0], "greet"))
        made.append(message([0.9, 0.5 + n / 100], [0, 1], "thanks"))
    return TrainingData(made)


@pytest.fixture
def storage(tmp_path: Path) -> LocalModelStorage:
    return LocalModelStorage(tmp_path)


def config(**values: float) -> dict:
    return {**WeightedLogisticRegression.get_default_config(), "C": 10.0, "dense_weight": 5.0, **values}


def test_a_loaded_classifier_predicts_what_the_trained_one_did(storage: LocalModelStorage) -> None:
    trained = WeightedLogisticRegression.create(config(), storage, RESOURCE, CONTEXT)
    trained.train(examples())
    loaded = WeightedLogisticRegression.load(config(), storage, RESOURCE, CONTEXT)
    for classifier in (trained, loaded):
        asked = message([0.9, 0.55], [0, 1])
        classifier.process([asked])
        assert asked.get("intent")["name"] == "thanks"
        assert asked.get("intent")["confidence"] > 0.8
    assert np.allclose(trained.clf.dense_mean_, loaded.clf.dense_mean_)
    assert loaded.clf.C == 10.0


def test_a_message_without_features_gets_a_weak_guess_and_no_error(storage: LocalModelStorage) -> None:
    classifier = WeightedLogisticRegression.create(config(), storage, RESOURCE, CONTEXT)
    classifier.train(examples())
    bare = Message({TEXT: "　"})
    classifier.process([bare])
    assert bare.get("intent")["confidence"] < 0.8


def test_weights_scale_the_parts_of_a_row(storage: LocalModelStorage) -> None:
    classifier = WeightedLogisticRegression.create(config(dense_weight=2.0, sparse_weight=3.0), storage, RESOURCE, CONTEXT)
    row = classifier._create_X([message([0.5, 0.5], [3, 4])]).toarray()[0]
    assert np.allclose(row, [1.8, 2.4, 1.0, 1.0])
