"""What is known of objects that need no hash: providers that are data classes, such as Logfire's, have none."""

from typing import Generic, TypeVar
from weakref import ref

K = TypeVar("K")
V = TypeVar("V")


class ByIdentity(Generic[K, V]):
    """A value for each of some objects, as long as the object lives."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[ref[K], V]] = {}

    def get(self, key: K) -> V | None:
        """Return the value of *key*, None where it has none."""
        found = self._of.get(id(key))
        return None if found is None else found[1]

    def put(self, key: K, value: V) -> None:
        """Make *value* that of *key*."""
        number = id(key)
        self._of[number] = ref(key, lambda _: self._of.pop(number, None)), value
