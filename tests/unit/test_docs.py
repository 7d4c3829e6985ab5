"""Documents against code: what is promised to people is there, and what is there is told to people."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from bot.app import create_app
from bot.cli import build_app
from bot.services import build_services
from settings import PROJECT_ROOT, Settings, load_settings
from tests.fixtures.bigram_encoder import BigramHashEncoder

READMES = ("README.md", "README.zh-CN.md")
MOST_LINES = 400
PAGES = ("/chat", "/e/{entry_id}", "/e/{entry_id}/qr.png", "/api/docs", "/api/openapi.json")
INTERNAL = {"WENZHENG_ENCODER_DIR", "WENZHENG_RASA_RUN_DIR"}  # set by the app for Rasa's process
CODE = {".py", ".js", ".css", ".html", ".md", ".toml"}

# written with character classes, so that this file does not contain what it looks for
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:roo[t]|hom[e]/\w+|wor[k]|op[t](?!/homebrew)|Use[r]s/\w+)/")
REGISTRY = re.compile(
    r"--(?:extra-)?index-ur[l]|https?://[^\s\"'<>)]*/simpl[e]\b|\b(?:pypi|files)\.python[h]osted\.org|://pyp[i]\.[\w.]+/"
    r"|://(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d+\.\d+"
)
TOOL = re.compile(r"\bissue[s] show\b|\bshared/(?:desig[n]|corpor[a]|seed[s])\b|\bbefore-sto[p]\b")


def tracked(*suffixes: str) -> list[Path]:
    """Files in git, and new ones that are not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    result = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, check=False)
    if result.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [PROJECT_ROOT / name for name in result.stdout.decode().split("\0") if name]
    return sorted(p for p in paths if p.is_file() and (not suffixes or p.suffix in suffixes))


def read(name: str) -> str:
    return (PROJECT_ROOT / name).read_text(encoding="utf-8")


def documents() -> dict[str, str]:
    files = [PROJECT_ROOT / name for name in READMES] + sorted((PROJECT_ROOT / "docs").glob("*.md"))
    return {str(f.relative_to(PROJECT_ROOT)): f.read_text(encoding="utf-8") for f in files}


def variables() -> set[str]:
    return {str(field.validation_alias) for field in Settings.model_fields.values()}


def commands() -> Iterator[str]:
    def below(command: object, path: list[str]) -> Iterator[str]:
        for name, child in getattr(command, "commands", {}).items():
            if getattr(child, "commands", None):
                yield from below(child, [*path, name])
            else:
                yield " ".join([*path, name])

    return below(typer.main.get_command(build_app()), ["wenzheng"])


def make_targets() -> list[str]:
    return re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE)


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """`METHOD /path` of everything in the gateway's OpenAPI document."""
    folder = tmp_path_factory.mktemp("docs")
    settings = load_settings(WENZHENG_DATA_DIR=folder, DATABASE_URL=f"sqlite:///{folder / 'docs.db'}")
    services = build_services(settings, encoder=BigramHashEncoder())
    try:
        schema = create_app(services).openapi()
    finally:
        services.stop()
    return [f"{method.upper()} {path}" for path, methods in schema["paths"].items() for method in methods]


class TestDocsAreComplete:
    @pytest.mark.parametrize("variable", sorted(variables()))
    def test_setting(self, variable: str) -> None:
        assert any(f"`{variable}`" in text for text in documents().values()), f"{variable} is in no document"

    def test_routes(self, operations: list[str]) -> None:
        text = read("docs/interfaces.md")
        assert [o for o in operations if f"`{o}`" not in text] == []
        assert [page for page in PAGES if f"`{page}`" not in text] == []

    @pytest.mark.parametrize("command", list(commands()))
    def test_command(self, command: str) -> None:
        pattern = re.compile(rf"`{re.escape(command)}[ `\[]")
        assert pattern.search(read("docs/interfaces.md")), f"{command} is not in docs/interfaces.md"

    @pytest.mark.parametrize("target", make_targets())
    def test_make_target(self, target: str) -> None:
        assert f"`make {target}`" in read("docs/interfaces.md")

    def test_every_document_is_in_the_index(self) -> None:
        index = read("docs/README.md")
        assert [
            n for n in documents() if n != "docs/README.md" and f"({Path(n).name})" not in index and f"(../{n})" not in index
        ] == []

    def test_direct_dependencies(self) -> None:
        text = read("docs/dependencies.md")
        files = [PROJECT_ROOT / "requirements" / n for n in ("app.in", "dev.in", "rasa.in", "rasa-dev.in", "train.txt")]
        lines = [line.strip() for f in files for line in f.read_text(encoding="utf-8").splitlines()]
        names = {re.split(r"[<>=\[;]", line)[0] for line in lines if line and line[0] not in "#-"}
        assert sorted(n for n in names if not re.search(rf"^\| .*\b{re.escape(n)}\b", text, re.MULTILINE)) == []


class TestDocsPromiseNothingElse:
    def test_settings(self) -> None:
        named = {v for text in documents().values() for v in re.findall(r"\b(?:WENZHENG|WECHAT)_[A-Z_]+[A-Z]\b", text)}
        assert named - variables() - INTERNAL == set()

    def test_commands(self) -> None:
        known = {" ".join(c.split()[: n + 1]) for c in commands() for n in range(1, len(c.split()))}
        for name, text in documents().items():
            for first in re.findall(r"(?:^|`|\$ )wenzheng (?!-)([a-z]+)\b", text, re.MULTILINE):
                assert f"wenzheng {first}" in known, f"{name} names `wenzheng {first}`"

    def test_make_targets(self) -> None:
        named = {t for text in documents().values() for t in re.findall(r"(?:^|`)make ([a-z-]+)\b", text, re.MULTILINE)}
        assert named - set(make_targets()) == set()

    def test_links_lead_somewhere(self) -> None:
        for name, text in documents().items():
            for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)", text):
                if "://" not in target:
                    assert (PROJECT_ROOT / name).parent.joinpath(target).exists(), f"{name} → {target}"

    def test_pictures_are_made_by_the_script(self) -> None:
        script = read("docs/screenshots.py")
        pictures = {p for name in READMES for p in re.findall(r"!\[[^\]]*\]\(docs/images/([^)]+)\)", read(name))}
        assert pictures
        assert [p for p in pictures if p not in script] == []


class TestReadmesAreEqual:
    def test_headings(self) -> None:
        first, second = ([len(h) for h in re.findall(r"^(#+) ", _prose(read(name)), re.MULTILINE)] for name in READMES)
        assert first == second

    def test_code_blocks(self) -> None:
        first, second = ([_without_comments(block) for block in _blocks(read(name))] for name in READMES)
        assert first
        assert first == second

    def test_tables_lists_links(self) -> None:
        for pattern in (r"^\s*\|(?= `)[^|]*\|", r"^(?:-|\d+\.) ", r"\]\((?!README)[^)]+\)"):
            first, second = (len(re.findall(pattern, _prose(read(name)), re.MULTILINE)) for name in READMES)
            assert first == second, pattern

    def test_same_variables(self) -> None:
        first, second = (set(re.findall(r"`([A-Z][A-Z_]+)`", read(name))) for name in READMES)
        assert first == second


class TestTrackedFilesForDocs:
    @pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY, TOOL], ids=["machine path", "registry", "workplace tool"])
    def test_name_nothing_of_the_workplace(self, pattern: re.Pattern[str]) -> None:
        found = []
        for file in tracked():
            try:
                text = file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            found += [f"{file.relative_to(PROJECT_ROOT)}: {match.group()}" for match in pattern.finditer(text)]
        assert found == []

    def test_are_short(self) -> None:
        lengths = {str(f.relative_to(PROJECT_ROOT)): len(f.read_text(encoding="utf-8").splitlines()) for f in tracked(*CODE)}
        assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}

    def test_modules_have_docstrings(self) -> None:
        sources = {f: f.read_text(encoding="utf-8") for f in tracked(".py")}
        missing = [f for f, text in sources.items() if text.strip() and not ast.get_docstring(ast.parse(text))]
        assert [str(f.relative_to(PROJECT_ROOT)) for f in missing] == []


def _blocks(text: str) -> list[str]:
    return re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)


def _prose(text: str) -> str:
    return re.sub(r"^ *```\w*\n.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)


def _without_comments(block: str) -> str:
    return re.sub(r"[ \t]+# .*", "", block)
