"""Sentences and the names in them: in prose, and in code that only hands them on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch.sentences import names_in, quoted_sentences

TASK = "Please find the minutes of the Larkfield council of May 2019"


@pytest.mark.parametrize(
    "code",
    [
        f'task = "{TASK}"\nprint(ask(task))',
        f"ask('{TASK}')",
        f'ask("""{TASK}""")',
        f"ask('''{TASK}''')",
        f'ask(("{TASK[:20]}" "{TASK[20:]}"))',
    ],
)
def test_code_that_hands_on_sentences_is_read_by_them(code: str) -> None:
    """In the quotes of any common language, in one piece or several."""
    assert quoted_sentences([code]) == TASK


@pytest.mark.parametrize(
    "code",
    [
        "print('hello there you')",
        f'{"x = compute(x); " * 9} ask("{TASK}")',
        'run("python3 -c print(open(1).read()[:100]) | grep -n x")',
        "it's what the user's mother said to the baker's son",
        f"cat <<'EOF' > say.py\nprint('{TASK}')\nEOF",
        "no quotes at all, but words enough for a sentence",
        "",
    ],
)
def test_other_code_is_code(code: str) -> None:
    """Short texts, code around them, code inside them, a file that is written, and the apostrophes of words."""
    assert quoted_sentences([code]) == ""


def test_names_are_what_stands_for_a_particular_thing() -> None:
    """Capitalised words within a sentence and numbers, in lower case; no word that only begins a sentence."""
    assert names_in(f"{TASK}. Report back to Room 7b, whoever moved it.") == {"larkfield", "may", "2019.", "room", "7b"}
    assert names_in("Find the annual report. Then read it.") == frozenset()


@given(st.text(max_size=200))
def test_any_text_has_names_and_sentences(text: str) -> None:
    """No text makes reading fail, and what is quoted stands in it."""
    assert all(name == name.lower() for name in names_in(text))
    assert len(quoted_sentences([text])) <= len(text)
