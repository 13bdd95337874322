"""What an incident is called, everywhere the same."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.incident import DEDUP_KEY_CHARACTERS, Identity
from loopwatch_processor.incidents import Incidents
from tests.incident_cases import found, raised


def test_ids_are_the_same_on_every_replica() -> None:
    """They hang on the identity and the span that opened it, not on the clock of whoever saw it."""
    one, other = Incidents(), Incidents()
    (here,), (there,) = found(one, raised("s", at_ns=7), now=1.0), found(other, raised("s", at_ns=7), now=2.5)

    assert here.incident.id == there.incident.id
    assert here.incident.identity == there.incident.identity == Identity("production", "svc", "researcher", "loop")


TRICKY_NAMES = st.one_of(
    st.sampled_from(["", "-", "--", "%2D", "/", "%", "a/b", "\0", "\ud800", "x" * 300]), st.text(max_size=4)
)


NAMES = st.tuples(TRICKY_NAMES, TRICKY_NAMES, TRICKY_NAMES)


Names = tuple[str, str, str]


@given(NAMES, NAMES)
def test_a_key_means_one_identity_whatever_agents_are_called(one: Names, other: Names) -> None:
    """Two agents never close each other's page; and the key is text that any receiver takes."""
    keys = [Identity(*names, "loop").dedup_key for names in (one, other)]

    assert (keys[0] == keys[1]) == (one == other)
    for key in keys:
        assert len(key.encode()) >= len(key) <= DEDUP_KEY_CHARACTERS
        assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in key)
