"""The project's sentence encoder as a dense featurizer of Rasa."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from retrieval.encoder import EncoderManifest, OnnxEncoder

ENCODER_DIR_VARIABLE = "WENZHENG_ENCODER_DIR"  # set by bot.rasa_project; the only variable read in this environment
ENCODER_FILE = "encoder.json"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceFeaturizer(DenseFeaturizer, GraphComponent):
    """Adds the sentence vector of a message, and that of a middle layer when the encoder gives it out; a trained model accepts only the encoder it was trained with."""

    @classmethod
    def required_components(cls) -> list[type]:
        return [Tokenizer]

    @staticmethod
    def required_packages() -> list[str]:
        return ["onnxruntime", "tokenizers"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`encoder_dir`: folder of the encoder, default from WENZHENG_ENCODER_DIR. `threads`: of one inference."""
        return {**DenseFeaturizer.get_default_config(), "encoder_dir": None, "threads": 1, "batch_size": 32}

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Raises: InvalidConfigException when no encoder folder is named."""
        encoder_folder(config)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Rasa's training cache must not mix the vectors of two encoders."""
        return EncoderManifest.read(encoder_folder(config)).hash

    def __init__(
        self, config: dict[str, Any], name: str, model_storage: ModelStorage, resource: Resource, encoder: OnnxEncoder
    ) -> None:
        super().__init__(name, config)
        self._model_storage, self._resource, self._encoder = model_storage, resource, encoder

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> SentenceFeaturizer:
        folder = encoder_folder(config)
        encoder = shared_encoder(folder, EncoderManifest.read(folder).hash, config["threads"])
        return cls(config, execution_context.node_name, model_storage, resource, encoder)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,  # noqa: ARG003 - Rasa's signature
    ) -> SentenceFeaturizer:
        """Raises: InvalidConfigException when the model was trained with another encoder."""
        component = cls.create(config, model_storage, resource, execution_context)
        with model_storage.read_from(resource) as folder:
            trained_with = json.loads((folder / ENCODER_FILE).read_text(encoding="utf-8"))["hash"]
        if trained_with != component._encoder.hash:
            raise InvalidConfigException(
                f"对话模型由编码器 {trained_with} 训练，现在的编码器是 {component._encoder.hash}。"
                "处理办法：运行 `wenzheng prepare`。"
            )
        component._encoder.load()  # here, so that the first citizen does not wait for it
        return component

    def train(self, training_data: TrainingData) -> Resource:  # noqa: ARG002 - Rasa's name
        """Nothing is learnt; the encoder's hash is kept with the model."""
        with self._model_storage.write_to(self._resource) as folder:
            (folder / ENCODER_FILE).write_text(json.dumps({"hash": self._encoder.hash}), encoding="utf-8")
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self._add_vectors([m for m in training_data.training_examples if m.get(TEXT)])
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        self._add_vectors([m for m in messages if m.get(TEXT)])
        return messages

    def _add_vectors(self, messages: list[Message]) -> None:
        size = self._config["batch_size"]
        for start in range(0, len(messages), size):
            batch = messages[start : start + size]
            vectors = self._encoder.encode_layers([m.get(TEXT) for m in batch])
            for number, layer in enumerate(vectors):
                origin = f"{self._config[FEATURIZER_CLASS_ALIAS]}-{number}"
                for message, vector in zip(batch, layer, strict=True):
                    message.add_features(Features(np.array([vector]), FEATURE_TYPE_SENTENCE, TEXT, origin))


@lru_cache(maxsize=2)
def shared_encoder(folder: Path, _hash: str, threads: int) -> OnnxEncoder:
    """One encoder for all models of this process that use it."""
    return OnnxEncoder(folder, threads=threads)


def encoder_folder(config: dict[str, Any]) -> Path:
    """Raises: InvalidConfigException when neither config.yml nor the environment names the folder."""
    named = config.get("encoder_dir") or os.environ.get(ENCODER_DIR_VARIABLE)
    if not named:
        raise InvalidConfigException(f"没有指明编码器文件夹。处理办法：运行 `wenzheng prepare`，或设置 {ENCODER_DIR_VARIABLE}。")
    return Path(named)
