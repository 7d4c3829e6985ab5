"""Rasa's component around `KernelRegression`: features of messages in, intents out."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, vstack

from dialogue.kernel_regression import Features, KernelRegression

ARRAYS_FILE = "classifier.npz"
ARGUMENTS = ("width", "dense_weight", "sparse_weight", "most", "noise")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class KernelIntentClassifier(LogisticRegressionClassifier):
    """Unit-length vectors of e5 lie close together (cosines 0.7 to 1), and what an intent is shows in no single direction of them:
    a kernel over centred vectors tells apart what a linear model does not.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """As the arguments of `KernelRegression`."""
        own = {"width": 0.5, "dense_weight": 1.0, "sparse_weight": 1.0, "most": 14000, "noise": 0.3}
        return {**LogisticRegressionClassifier.get_default_config(), **own}

    def __init__(self, config: dict[str, Any], name: str, model_storage: ModelStorage, resource: Resource) -> None:
        super().__init__(config, name, model_storage, resource)
        self.clf = KernelRegression(*(self.config[name] for name in ARGUMENTS))

    def train(self, training_data: TrainingData) -> Resource:
        told = [m for m in training_data.intent_examples if m.get(TEXT) and features_of(m)]
        if told:
            self.clf.fit(self._create_X(told), [m.get(INTENT) for m in told])
            self.persist()
        return self._resource

    def _create_X(self, messages: list[Message]) -> Features:  # noqa: N802 - Rasa's name
        # a message without any token has no features at all: it then gets the average answer, with low confidence
        rows = [features_of(message) or self.clf.middle() for message in messages]
        return [np.vstack(part) for part in zip(*(parts for parts, _ in rows), strict=True)], vstack([grams for _, grams in rows])

    def persist(self) -> None:
        """Plain arrays: Rasa's own file needs skops, which takes seven seconds to import."""
        with self._model_storage.write_to(self._resource) as folder:
            np.savez_compressed(folder / ARRAYS_FILE, **self.clf.arrays())

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,  # noqa: ARG003 - Rasa's signature
    ) -> KernelIntentClassifier:
        component = cls(config, execution_context.node_name, model_storage, resource)
        with model_storage.read_from(resource) as folder, np.load(folder / ARRAYS_FILE, allow_pickle=False) as arrays:
            component.clf.from_arrays(dict(arrays))
        return component


def features_of(message: Message) -> Features | None:
    """Of one message; nothing when a featurizer found nothing in it."""
    grams = message.get_sparse_features(attribute=TEXT)[1]
    parts = [f.features for f in message.features if f.is_dense() and f.attribute == TEXT and f.type == FEATURE_TYPE_SENTENCE]
    return (parts, csr_matrix(grams.features)) if grams and parts else None
