"""The classifier's own part: the kernel, parts of features, messages without features, saving and loading."""

import json
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

from dialogue.intent_classifier import KernelIntentClassifier

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
    return {**KernelIntentClassifier.get_default_config(), "noise": 0.01, "dense_weight": 2.0, **values}


def test_a_loaded_classifier_predicts_what_the_trained_one_did(storage: LocalModelStorage) -> None:
    trained = KernelIntentClassifier.create(config(), storage, RESOURCE, CONTEXT)
    trained.train(examples())
    loaded = KernelIntentClassifier.load(config(), storage, RESOURCE, CONTEXT)
    for classifier in (trained, loaded):
        asked = message([0.9, 0.55], [0, 1])
        classifier.process([asked])
        assert asked.get("intent")["name"] == "thanks"
        assert asked.get("intent")["confidence"] > 0.8
        assert json.loads(json.dumps(asked.get("intent"))), "as Rasa sends it"
    asked = [message([0.9, y], [1, 1]) for y in (0.1, 0.3, 0.5)]
    features = loaded._create_X(asked)
    assert np.allclose(trained.clf.predict_proba(features), loaded.clf.predict_proba(features))


def test_a_message_without_features_gets_a_weak_guess_and_no_error(storage: LocalModelStorage) -> None:
    classifier = KernelIntentClassifier.create(config(), storage, RESOURCE, CONTEXT)
    classifier.train(examples())
    bare = Message({TEXT: "　"})
    classifier.process([bare])
    assert bare.get("intent")["confidence"] < 0.8


def test_what_no_straight_line_parts_is_told_apart(storage: LocalModelStorage) -> None:
    corners = [([0.0, 0.0], "greet"), ([1.0, 1.0], "greet"), ([0.0, 1.0], "thanks"), ([1.0, 0.0], "thanks")]
    classifier = KernelIntentClassifier.create(config(), storage, RESOURCE, CONTEXT)
    made = [message([x + n / 100, y], [1, 1], intent) for (x, y), intent in corners for n in range(5)]
    classifier.train(TrainingData(made))
    for (x, y), intent in corners:
        asked = message([x, y + 0.01], [1, 1])
        classifier.process([asked])
        assert asked.get("intent")["name"] == intent


def test_a_part_of_small_numbers_counts_as_much_as_one_of_great_ones(storage: LocalModelStorage) -> None:
    classifier = KernelIntentClassifier.create(config(sparse_weight=0.0), storage, RESOURCE, CONTEXT)
    made = []
    for n in range(10):
        for small, intent in ((0.001, "greet"), (0.002, "thanks")):
            made.append(message([100.0 + n, 0.0], [1, 1], intent))
            made[-1].add_features(Features(np.array([[small]]), "sentence", TEXT, "middle"))
    classifier.train(TrainingData(made))
    asked = message([104.5, 0.0], [1, 1])
    asked.add_features(Features(np.array([[0.002]]), "sentence", TEXT, "middle"))
    classifier.process([asked])
    assert asked.get("intent")["name"] == "thanks"
    assert asked.get("intent")["confidence"] > 0.8
