"""What is served together is written, checked and read as one."""

from pathlib import Path

import pytest

from retrieval.bundle import Bundle
from retrieval.errors import BundleError, RetrievalError
from retrieval.fusion import BUILTIN_WEIGHTS, Fusion
from retrieval.ranking import Ranking
from training.bundle import Run, environment, new_run_id, seal, write_bundle
from training.errors import RunFolderError


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    ranking = Ranking.untrained(Fusion.load(), 8)
    return write_bundle(tmp_path / "bundle", ranking, BUILTIN_WEIGHTS.read_text(encoding="utf-8"), "space")


def test_a_bundle_gives_back_what_was_put_in(bundle: Bundle) -> None:
    bundle.check()
    ranking = Bundle.read(bundle.folder).ranking("space")
    assert ranking.fusion.hash == Fusion.load().hash
    assert ranking.named.is_identity
    assert (bundle.encoder_folder, bundle.rasa_model) == (None, None)


def test_a_bundle_may_hold_encoder_and_dialogue_model(bundle: Bundle, tmp_path: Path) -> None:
    encoder, model = tmp_path / "made", tmp_path / "model.tar.gz"
    encoder.mkdir()
    (encoder / "manifest.json").write_text("{}")
    model.write_bytes(b"model")
    ranking = bundle.ranking("space")
    full = write_bundle(tmp_path / "full", ranking, BUILTIN_WEIGHTS.read_text(), "space", encoder=encoder, rasa_model=model)
    full.check()
    assert full.encoder_folder == full.folder / "encoder"
    assert full.rasa_model is not None
    assert full.rasa_model.read_bytes() == b"model"
    assert full.hash != bundle.hash


def test_a_changed_file_is_noticed_and_a_later_one_may_be_sealed_in(bundle: Bundle) -> None:
    (bundle.folder / "rasa.tar.gz").write_bytes(b"model")
    assert seal(bundle.folder, "space").rasa_model is not None
    (bundle.folder / "weights.json").write_text("{}")
    with pytest.raises(BundleError, match=r"weights\.json"):
        Bundle.read(bundle.folder).check()


@pytest.mark.parametrize("content", ["", "[]", '{"format": 1}', '{"format": 9, "encoder": "x", "files": {}}'])
def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "bundle.json").write_text(content)
    with pytest.raises(BundleError):
        Bundle.read(tmp_path)


def test_a_bundle_of_another_encoder_is_refused(bundle: Bundle) -> None:
    with pytest.raises(RetrievalError, match="elsewhere"):
        bundle.ranking("elsewhere")


def test_a_run_is_read_back(tmp_path: Path) -> None:
    run = Run(new_run_id("light"), "light", "2026-03-02T08:00:00+00:00", parameters={"rank": 8}, environment=environment())
    run.write(tmp_path)
    assert Run.read(tmp_path) == run
    with pytest.raises(RunFolderError):
        Run.read(tmp_path / "elsewhere")
