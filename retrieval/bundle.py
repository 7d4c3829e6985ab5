"""A bundle: the files that are served together, as a folder with `bundle.json` naming each by its sha256.

`query_adapter.npz` and `weights.json` always; `associations.npz` where words of replies were learned; `encoder/` where the encoder was trained too; `rasa.tar.gz` where the dialogue was.
Written by `training.bundle`; here is what serving needs to read one.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from retrieval.associations import Associations
from retrieval.errors import BundleError
from retrieval.fusion import Fusion
from retrieval.ranking import Ranking, read_adapters

MANIFEST = "bundle.json"
FORMAT = 1
ADAPTER, WEIGHTS, ASSOCIATIONS = "query_adapter.npz", "weights.json", "associations.npz"
ENCODER, RASA_MODEL = "encoder", "rasa.tar.gz"
_AGAIN = "重新训练，或回退到上一次训练。"


@dataclass(frozen=True)
class Bundle:
    """Attributes: files: relative path → sha256. encoder_hash: of the encoder that the adapter was trained for."""

    folder: Path
    files: dict[str, str]
    encoder_hash: str

    @classmethod
    def read(cls, folder: Path) -> "Bundle":
        """Raises: BundleError when the manifest is missing or of another format. `check` looks at the files themselves."""
        try:
            values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            bundle = cls(folder, dict(values["files"]), str(values["encoder"]))
            known = values["format"] == FORMAT and {ADAPTER, WEIGHTS} <= set(bundle.files)
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise BundleError(f"模型包 {folder} 不完整。", fix=_AGAIN) from exc
        if not known:
            raise BundleError(f"模型包 {folder} 是其他版本的程序写的。", fix=_AGAIN)
        return bundle

    @property
    def hash(self) -> str:
        """Names everything in it."""
        listed = json.dumps([self.encoder_hash, sorted(self.files.items())])
        return hashlib.sha256(listed.encode()).hexdigest()[:16]

    @property
    def encoder_folder(self) -> Path | None:
        return self.folder / ENCODER if any(name.startswith(f"{ENCODER}/") for name in self.files) else None

    @property
    def rasa_model(self) -> Path | None:
        return self.folder / RASA_MODEL if RASA_MODEL in self.files else None

    def check(self) -> None:
        """Raises: BundleError naming a file that is missing or changed."""
        for name, expected in self.files.items():
            file = self.folder / name
            if not file.is_file() or sha256_of(file) != expected:
                raise BundleError(f"模型包里的 {name} 缺失或被改动过。", fix=_AGAIN)

    def ranking(self, encoder_hash: str) -> Ranking:
        """What `Searcher.use` takes. Raises: RetrievalError when damaged or made for another encoder."""
        named, bare = read_adapters(self.folder / ADAPTER, encoder_hash)
        associations = Associations.read(self.folder / ASSOCIATIONS) if ASSOCIATIONS in self.files else None
        return Ranking(Fusion.load(self.folder / WEIGHTS), named, bare, associations)


def sha256_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
