"""Python literals are read without Python's own parser, and mean what it says they do."""

from __future__ import annotations

import ast
import warnings
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from loopwatch_processor.dialects.literals import literal

_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.binary(max_size=3)
_trees = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(_leaves, inner, max_size=3),
    max_leaves=12,
)
_signs = st.text(alphabet=list("{}[](),:'\"\\ \n\t\r019.eE+-_xubTrueFalseNone#"), max_size=20)


def evaluated(content: str) -> Any:
    """What Python's own parser makes of *content*; the text itself where that is no literal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.literal_eval(content)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return content


@settings(deadline=None)
@given(_trees)
@example({"it's": 'a "quote"', "path": "C:\\new", "odd": "\x00\x7f\u2028", "none": None, "large": 10**16, "-0": -0.0})
def test_what_python_writes_is_read_as_python_reads_it(value: Any) -> None:
    """Any value that has a literal, in a list or by itself."""
    for content in (repr([value]), repr(value)):
        assert repr(literal(content)) == repr(evaluated(content))


@settings(max_examples=300, deadline=None)
@given(_signs)
@example("'a' 'b'")
@example("1, -0, 0x1, 1_0, 1e5, 1., .1, +1, 1+2j")
@example("'\\u0041\\x41\\n\\'\\/\\0'")
@example("true, null, NaN")
def test_any_text_is_read_as_python_reads_it(signs: str) -> None:
    """Also JSON that is no literal, and text that is neither."""
    for content in (f"[{signs}]", f"{{{signs}}}", f'["{signs}"]', f"['{signs}']", signs):
        assert repr(literal(content)) == repr(evaluated(content))
