"""The rules that the convention is held to, and the files that follow from it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generate import main, render
from registry import ModelError, load

SEMCONV = Path(__file__).parents[2] / "semconv"

GOOD = """
file_format: definition/2
attributes:
  - key: loopwatch.step.count
    type: int
    stability: development
    brief: How many steps.
    examples: [3]
    annotations: {unit: "{step}"}
  - key: loopwatch.mood
    stability: development
    brief: How it feels.
    type:
      members:
        - {id: fine, value: "fine", stability: development, brief: All is well.}
attribute_groups:
  - id: attributes.loopwatch.common
    visibility: internal
    attributes:
      - {ref: gen_ai.agent.name, requirement_level: recommended}
events:
  - name: loopwatch.step.done
    requirement_level: recommended
    stability: development
    brief: A step is done.
    attributes:
      - ref_group: attributes.loopwatch.common
      - {ref: loopwatch.step.count, requirement_level: required}
spans:
  - type: loopwatch.stepping
    kind: internal
    name: {note: "`step`"}
    requirement_level: recommended
    stability: development
    brief: A step.
    attributes:
      - {ref: loopwatch.step.count, requirement_level: {recommended: If it is known.}}
metrics:
  - name: loopwatch.steps.done
    instrument: counter
    unit: "{step}"
    requirement_level: recommended
    stability: development
    brief: Steps done.
"""

OFFICIAL = """
schema_url: https://opentelemetry.io/schemas/1.41.0
generations: {"1.41": emitted, "1.36": read}
attributes:
  - {key: gen_ai.agent.name, generation: "1.41", type: string, brief: The agent.}
  - {key: gen_ai.system, generation: "1.36", type: string, brief: The provider.}
aliases: []
"""

BAD = {
    "no file format": (
        "file_format: definition/2",
        "file_format: definition/1",
        "write `file_format: definition/2`",
    ),
    "unknown list": ("metrics:", "measures:", "measures: not a list of items we know"),
    "no name": (
        "- key: loopwatch.mood",
        "- name: loopwatch.mood",
        "attributes[1]: has no `key`; give it one",
    ),
    "missing key": ("    brief: How many steps.\n", "", "loopwatch.step.count: `brief` is missing; add it"),
    "unknown key": (
        "brief: How many steps.",
        "brief: Steps.\n    nota: x",
        "`nota` is not a key here; use one of",
    ),
    "brief without a period": ("How many steps.", "How many steps", "`brief` does not end with a period"),
    "made-up stability": (
        "stability: development\n    brief: How m",
        "stability: soon\n    brief: How m",
        "'soon'",
    ),
    "made-up type": ("type: int", "type: integer", "`type` is 'integer'; use string, int"),
    "no examples": ("    examples: [3]\n", "", "`examples` is missing; give a list of values"),
    "examples of another type": ("[3]", '["three"]', "`examples` do not fit the type int"),
    "a boolean as an int": ("[3]", "[true]", "`examples` do not fit the type int"),
    "bare off as a value": (
        'value: "fine"',
        "value: off",
        "member fine: `value` is False, not a string; put it in",
    ),
    "bare no as an id": ("id: fine", "id: no", "member False: `id` is not a lower-case name; write one"),
    "no members": (
        '        - {id: fine, value: "fine", stability: development, brief: All is well.}\n',
        "",
        "members",
    ),
    "member without a brief": (", brief: All is well.", "", "member fine: `brief` is missing"),
    "key twice in a map": ("    type: int\n", "    type: int\n    type: int\n", "'type' is written twice"),
    "attribute twice": (
        "key: loopwatch.mood",
        "key: loopwatch.step.count",
        "already defined in model/case.yaml",
    ),
    "attribute squatting": ("loopwatch.mood", "gen_ai.mood", "not under `loopwatch.`"),
    "capital letters": ("loopwatch.mood", "loopwatch.Mood", "not a name of lower-case words"),
    "name that is a namespace": (
        "loopwatch.mood",
        "loopwatch.step",
        "is also the namespace of loopwatch.step.count",
    ),
    "dots against underscores": (
        "loopwatch.mood",
        "loopwatch.step_count",
        "when dots become underscores; rename one",
    ),
    "metric that is a namespace": (
        "loopwatch.mood",
        "loopwatch.steps.done.late",
        "is also the namespace of loopwatch.steps.done.late",
    ),
    "metric named by its unit": (
        "loopwatch.steps.done",
        "loopwatch.steps.seconds",
        "`name` ends with seconds, which Prometheus names alone do",
    ),
    "metric named as a total": ("loopwatch.steps.done", "loopwatch.steps_total", "`name` ends with total"),
    "template of another type": (
        "type: int\n",
        "type: template[string]\n",
        "`examples` do not fit the type template[string]",
    ),
    "signal named as an attribute": ("loopwatch.step.done", "loopwatch.mood", "is an attribute too"),
    "unknown ref": (
        "ref: gen_ai.agent.name",
        "ref: gen_ai.agent.mood",
        "ref gen_ai.agent.mood is not ours and not",
    ),
    "ref to a name we only read": (
        "ref: gen_ai.agent.name",
        "ref: gen_ai.system",
        "ref gen_ai.system is not ours",
    ),
    "unknown group": (
        "ref_group: attributes.loopwatch.common",
        "ref_group: attributes.x",
        "attributes.x is not defined",
    ),
    "group in a circle": (
        "- {ref: gen_ai.agent.name, requirement_level: recommended}",
        "- ref_group: attributes.loopwatch.common",
        "ref_group attributes.loopwatch.common leads back here",
    ),
    "same ref twice": (
        "{ref: gen_ai.agent.name,",
        "{ref: loopwatch.step.count,",
        "loopwatch.step.done: has loopwatch.step.count twice",
    ),
    "ref without a level": (
        ", requirement_level: required}",
        "}",
        "attributes[1]: `requirement_level` is missing",
    ),
    "made-up level": (
        "requirement_level: required",
        "requirement_level: must",
        "`requirement_level` is 'must'",
    ),
    "level with a made-up condition": (
        "{recommended: If it is known.}",
        "{required: Now.}",
        "with the condition",
    ),
    "neither ref nor group": (
        "- ref_group: attributes.loopwatch.common",
        "- gen_ai.agent.name",
        "write `ref:` or",
    ),
    "not YAML": ("brief: Steps done.", "brief: S.\n    note: [", "cannot be read"),
    "required signal": (
        "requirement_level: recommended\n    stability",
        "requirement_level: required\n    stability",
        "of a signal is 'required'",
    ),
    "made-up unit of an attribute": (
        'annotations: {unit: "{step}"}',
        "annotations: {unit: steps}",
        "with a UCUM unit",
    ),
    "made-up kind": ("kind: internal", "kind: inner", "`kind` is 'inner'; use one of internal, client"),
    "nameless span": ('{note: "`step`"}', "step", "`name` says nothing"),
    "made-up instrument": ("instrument: counter", "instrument: meter", "`instrument` is 'meter'"),
    "made-up unit": ('unit: "{step}"\n', "unit: steps\n", "`unit` is 'steps'; use UCUM"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A convention of its own, with the manifest of ours."""
    (tmp_path / "model").mkdir()
    (tmp_path / "official.yaml").write_text(OFFICIAL)
    shutil.copy(SEMCONV / "model" / "manifest.yaml", tmp_path / "model")
    (tmp_path / "model" / "case.yaml").write_text(GOOD)
    return tmp_path


def problems_of(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load(folder)
    return str(caught.value)


def test_generated_files_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    """What is committed is what the model says; the message names the stale file and the command."""
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_command_runs_from_anywhere(tmp_path: Path) -> None:
    """The script needs neither the repository as working directory nor an installed package."""
    script = [sys.executable, str(SEMCONV / "generate.py"), "--check"]
    done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("stale", ["loopwatch/attributes.py", "docs/attributes.md"])
def test_stale_output_is_named_and_then_mended(tmp_path: Path, stale: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--check names exactly the file that differs and leaves it; a plain run restores it."""
    copy = tmp_path / "semconv"
    shutil.copytree(SEMCONV, copy)
    text = (copy / stale).read_text()
    (copy / stale).write_text(text.replace("loopwatch.stop.reason", "loopwatch.halt.reason"))
    assert main(["--check", "--folder", str(copy)]) == 1
    assert capsys.readouterr().err == f"{stale} is stale: run `python semconv/generate.py`\n"
    assert main(["--folder", str(copy)]) == 0
    assert (copy / stale).read_text() == text


def test_missing_output_is_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that was never written is named as one that is old."""
    copy = tmp_path / "semconv"
    shutil.copytree(SEMCONV, copy)
    (copy / "loopwatch" / "attributes.py").unlink()
    assert main(["--check", "--folder", str(copy)]) == 1
    assert "loopwatch/attributes.py is stale" in capsys.readouterr().err


def test_prose_between_tables_is_kept(folder: Path) -> None:
    """Only what stands between the markers is rewritten."""
    (folder / "docs").mkdir()
    page = folder / "docs" / "page.md"
    page.write_text("Before.\n<!-- generated: case -->\nold\n<!-- end generated -->\nAfter.\n")
    text = render(folder)[page]
    assert text.startswith("Before.\n<!-- generated: case -->\n")
    assert text.endswith("<!-- end generated -->\nAfter.\n")
    assert "`loopwatch.step.count`" in text
    assert "old" not in text


def test_unknown_table_is_named(folder: Path) -> None:
    """A marker that asks for a table nobody makes is an error that lists the tables."""
    (folder / "docs").mkdir()
    (folder / "docs" / "page.md").write_text("<!-- generated: cases -->\n<!-- end generated -->\n")
    with pytest.raises(ModelError, match=r"docs/page\.md: no table is called cases; use one of case, spans"):
        render(folder)


def test_good_model_loads(folder: Path) -> None:
    """The model that every bad case is made from is itself without a problem."""
    assert set(load(folder).attributes) == {"loopwatch.step.count", "loopwatch.mood"}


@pytest.mark.parametrize(("old", "new", "message"), BAD.values(), ids=BAD.keys())
def test_bad_model_is_told_what_to_do(folder: Path, old: str, new: str, message: str) -> None:
    """Each mistake gives its own message, with the file it is in."""
    assert GOOD.count(old) >= 1
    (folder / "model" / "case.yaml").write_text(GOOD.replace(old, new, 1))
    problems = problems_of(folder)
    assert message in problems
    assert "case.yaml" in problems


def test_template_stands_for_attributes_of_its_type(folder: Path) -> None:
    """A key that a word follows is declared with the type of its values."""
    text = GOOD.replace("type: int\n", "type: template[int]\n", 1)
    (folder / "model" / "case.yaml").write_text(text)
    assert load(folder).attributes["loopwatch.step.count"]["type"] == "template[int]"


def test_excluded_attributes_have_no_constant(folder: Path) -> None:
    """What code generation leaves out is in the model and the docs only."""
    module = folder / "loopwatch" / "attributes.py"
    assert "LOOPWATCH_MOOD" in render(folder)[module]
    text = GOOD.replace(
        "brief: How it feels.", "brief: How it feels.\n    annotations: {code_generation: {exclude: true}}"
    )
    (folder / "model" / "case.yaml").write_text(text)
    assert "mood" not in render(folder)[module].lower()


def test_all_problems_are_told_at_once(folder: Path) -> None:
    """Two mistakes in two items are two lines."""
    bad = GOOD.replace("How many steps.", "How many").replace("kind: internal", "kind: inner")
    (folder / "model" / "case.yaml").write_text(bad)
    assert len(problems_of(folder).splitlines()) == 2


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({"schema_url": "https://x.example/schemas"}, "write https://host/path/<version>"),
        (
            {"schema_url": "https://x.example/schemas/1.0.0"},
            "does not depend on the schema_url of official.yaml",
        ),
    ],
)
def test_bad_manifest_is_told_what_to_do(folder: Path, manifest: dict[str, str], message: str) -> None:
    """The manifest carries a version and depends on the registry whose names we use."""
    (folder / "model" / "manifest.yaml").write_text(yaml.safe_dump(manifest))
    assert message in problems_of(folder)


def test_alias_of_an_unknown_name_is_an_error(folder: Path) -> None:
    """A foreign name can only be read as an attribute that we have."""
    alias = "aliases: [{name: gen_ai.x, read_as: loopwatch.x, source: nobody}]"
    (folder / "official.yaml").write_text(OFFICIAL.replace("aliases: []", alias))
    assert "gen_ai.x: read_as loopwatch.x is not ours" in problems_of(folder)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a YAML tree."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.sampled_from(list(places(yaml.safe_load(GOOD)))), value=ANYTHING)
def test_any_value_anywhere_is_data(folder: Path, place: tuple[Any, ...], value: Any) -> None:
    """Whatever stands in a place of the model, it loads or says what is wrong; it never fails otherwise."""
    content = yaml.safe_load(GOOD)
    parent = content
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    (folder / "model" / "case.yaml").write_text(yaml.safe_dump(content))
    with suppress(ModelError):
        assert render(folder)
