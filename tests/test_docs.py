"""The pages of documentation: paths, links, commands and options in them exist, programs run, sizes are as they say."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from handsign.capture.practice import PracticeSigner
from handsign.cli import collect, enrol, options, preprocess, realtime, train
from handsign.cli.main import COMMANDS

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELL = {"sh", "bash", "bat", "console"}

PATH = re.compile(
    r"(?:[\w.-]+/)*[\w.-]+\.(?:py|js|mjs|ts|html|css|md|json|toml|lock|sh|txt|png|npz|h5|onnx)|(?:[\w.-]+/)+"
)
"""What is taken for the path of a file, or with a slash at its end of a folder, if it stands alone in backticks."""
BASES = (ROOT, ROOT / "handsign", ROOT / "handsign/web/static")
"""What paths in backticks are relative to."""
ELSEWHERE = {
    *("MP_Data/dataset.npz", "metrics.json", "report/index.html", "1_animate.png", "15_animate.png", "strikes/"),
    *("asl_words.npz", "mouse_data.txt", "conv_lstm.py", "handsign/web/static/tasks/NAME.js"),
}
"""What programs write, what others have written, and a placeholder."""

PARSERS: dict[str, Callable[[], object]] = {
    "collect.py": collect.recording,
    "collect.py import": collect.importing,
    "preprocess.py": preprocess.parser,
    "train.py": train.parser,
    "realtime.py": realtime.parser,
    "realtime.py doctor": realtime.parser,
    "realtime.py enrol": lambda: enrol.parser(options.parser("")),
    "realtime.py verify": lambda: enrol.parser(options.parser("")),
}
SCRIPTS = tuple(name for name in PARSERS if " " not in name)

MAX_MODULE, MAX_FUNCTION = 300, 40
"""Lines, except for what docs/DESIGN.md names."""


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", text(page), flags=re.M | re.S)


def blocks(page: Path, languages: set[str]) -> Iterator[str]:
    for language, code in re.findall(r"^```(\w*)\n(.*?)^```", text(page), flags=re.M | re.S):
        if language in languages:
            yield code


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """(parser, arguments) of every call of a script, or of the command `handsign`, in the blocks of a page."""
    for block in blocks(page, SHELL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.replace("\\", "/"), comments=True)
            script = next((i for i, word in enumerate(words) if word in SCRIPTS), None)
            if script is not None:
                yield named(words[script], words[script + 1 :])
            elif words[:1] == ["handsign"] and len(words) > 1:
                module, takes_name, _ = COMMANDS[words[1]]
                yield named(f"{module}.py", words[1 if takes_name else 2 :])


def named(script: str, arguments: list[str]) -> tuple[str, list[str]]:
    sub = f"{script} {arguments[0]}" if arguments else script
    return (sub, arguments[1:]) if sub in PARSERS else (script, arguments)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_in_backticks_exists(page):
    for name in re.findall(r"`([^`]+)`", prose(page)):
        if PATH.fullmatch(name) and not name.startswith("..") and name not in ELSEWHERE:
            assert any((base / name).exists() for base in BASES), name


def test_the_map_names_what_is_in_its_files():
    page = ROOT / "docs/MAP.md"
    named = re.findall(r"\]\(([^)\s]+\.py)\), `([\w.]+)`", text(page))
    assert len(named) > 15
    for path, name in named:
        source = text((page.parent / path).resolve())
        for part in name.split("."):
            assert re.search(rf"^ *(?:class |def )?{part}\b", source, flags=re.M), (path, name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_understood(page, capsys):
    for script, arguments in commands(page):
        parser = PARSERS[script]()
        try:
            parser.parse_args(arguments)
        except SystemExit:
            pytest.fail(f"{script} {shlex.join(arguments)}: {capsys.readouterr().err}")


def test_commands_are_found():
    found = {script for page in PAGES for script, _ in commands(page)}
    assert found == set(PARSERS)


def test_the_options_in_the_tables_of_a_script_are_its_own():
    sections = re.findall(r"^### (\w+\.py)\n(.*?)(?=^##)", text(ROOT / "README.md"), flags=re.M | re.S)
    assert {name for name, _ in sections} == set(SCRIPTS)
    for script, section in sections:
        own = set(PARSERS[script]()._option_string_actions)
        rows = re.findall(r"^\| (`--.*?) \|", section, flags=re.M)
        assert rows
        assert set(re.findall(r"--[a-z][a-z-]+", " ".join(rows))) <= own


def test_every_option_in_prose_belongs_to_a_script():
    known = {option for parser in PARSERS.values() for option in parser()._option_string_actions}
    known |= {"--demo", "--help"}  # of benchmarks/signer.py; of all
    for page in PAGES:
        named = re.findall(r"`(?:\w+\.py )?(--[a-z][a-z-]+)", prose(page))
        assert set(named) <= known, page.name


def test_the_old_spellings_of_options_work():
    arguments = realtime.parser().parse_args(["--hold", "3", "--rearm", "1.5", "--every", "0.2"])
    assert (arguments.min_consecutive, arguments.refractory, arguments.min_interval) == (3, 1.5, 0.2)


def test_every_target_of_make_exists():
    targets = set(re.findall(r"^([\w-]+):", text(ROOT / "Makefile"), flags=re.M))
    for page in PAGES:
        assert set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text(page), flags=re.M)) <= targets, page.name


@pytest.mark.slow
def test_the_programs_of_the_readme_run(monkeypatch, capsys):
    """With the practice signer in place of the camera, which gives the landmarks of a person as well."""
    monkeypatch.setattr("handsign.capture.camera.Camera", lambda *camera: PracticeSigner(1, 2))
    monkeypatch.chdir(ROOT)
    programs = list(blocks(ROOT / "README.md", {"python"}))
    assert programs
    for program in programs:
        exec(compile(program, "README.md", "exec"), {})


def too_long() -> Iterator[tuple[str, str, int]]:
    """(path, function or nothing, lines) of what is longer than the rules say."""
    for path in sorted((ROOT / "handsign").rglob("*")):
        if path.suffix not in {".py", ".js", ".css", ".html"} or "vendor" in path.parts:
            continue
        source, name = text(path), path.relative_to(ROOT).as_posix()
        if (count := len(source.splitlines())) > MAX_MODULE:
            yield name, "", count
        for node in ast.walk(ast.parse(source)) if path.suffix == ".py" else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                lines = node.end_lineno - node.lineno + 1
                if lines > MAX_FUNCTION:
                    yield name, node.name, lines


def test_what_is_longer_than_the_rules_say_is_named_in_the_design():
    design = text(ROOT / "docs/DESIGN.md")
    for path, function, lines in too_long():
        row = f"`{path}`, `{function}`" if function else f"`{path}`"
        assert f"| {row} |" in design, f"{row} has {lines} lines"
