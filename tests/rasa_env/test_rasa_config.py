"""Rasa ignores configuration keys it does not know: every key of config.yml must be one that its component has."""

import importlib
from pathlib import Path

import pytest
import yaml
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa.shared.nlu.training_data.loading import load_data

# Rasa warns of a change of version 3.0 whenever a domain has slots
pytestmark = pytest.mark.filterwarnings("ignore:Slot auto-fill has been removed:UserWarning")

ROOT = Path(__file__).resolve().parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
MAIN_INTENTS = {
    "greet", "goodbye", "thanks", "eligibility", "filing_steps", "policy_lookup", "complaint", "progress_query",
    "human_handoff", "feedback_positive", "feedback_negative", "policy_match", "out_of_scope",
}  # fmt: skip
ACTS = {"affirm", "deny", "stop", "pick_option", "inform"}


def component_class(name: str):
    import rasa.engine.recipes.default_components  # noqa: F401 - registers Rasa's own

    if "." in name:
        module, _, attribute = name.rpartition(".")
        return getattr(importlib.import_module(module), attribute)
    return DefaultV1Recipe._from_registry(name).clazz


@pytest.mark.parametrize("entry", CONFIG["pipeline"] + CONFIG["policies"], ids=lambda e: e["name"])
def test_every_key_is_known_to_its_component(entry: dict) -> None:
    known = set(component_class(entry["name"]).get_default_config())
    assert set(entry) - {"name"} <= known


def test_the_assistant_has_an_id_of_its_own() -> None:
    assert CONFIG["assistant_id"] == "wenzheng"
    assert CONFIG["language"] == "zh"


@pytest.fixture
def domain() -> Domain:
    return Domain.load(str(ROOT / "domain"))


def test_the_intents_are_the_promised_ones(domain: Domain) -> None:
    assert set(domain.intents) >= MAIN_INTENTS | ACTS
    assert set(domain.intents) - MAIN_INTENTS - ACTS <= {"back", "nlu_fallback", "out_of_scope", "restart", "session_start"}


def test_every_intent_has_exactly_one_rule(domain: Domain) -> None:
    rules = []
    for file in sorted((ROOT / "data" / "rules").glob("*.yml")):
        rules += [step.as_story_string() for step in YAMLStoryReader(domain).read_from_file(file)]
    starts = [line.split()[1] for rule in rules for line in rule.splitlines() if line.startswith("* ")]
    assert sorted(starts) == sorted(MAIN_INTENTS | ACTS | {"nlu_fallback"})


def test_every_main_intent_has_at_least_sixty_different_messages() -> None:
    examples = load_data(str(ROOT / "data" / "nlu")).intent_examples
    for intent in MAIN_INTENTS:
        texts = {e.get("text") for e in examples if e.get("intent") == intent}
        assert len(texts) >= 60, intent
    assert {e.get("intent") for e in examples} == MAIN_INTENTS | ACTS
