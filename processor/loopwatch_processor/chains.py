"""Root-less model calls, tied into sessions by their message history and tool call ids."""

from __future__ import annotations

from collections import OrderedDict

from loopwatch_processor.bounds import Counts
from loopwatch_processor.session import UNSCORABLE
from loopwatch_processor.step import Step


class Chains:
    """The session of each history that was heard lately."""

    def __init__(self, limit: int, counts: Counts) -> None:
        self._limit = limit
        self._counts = counts
        self._sessions: OrderedDict[str, str] = OrderedDict()

    def learn(self, step: Step, session_key: str) -> None:
        """The root-less call *step* belongs to *session_key*, and so does what goes on from it."""
        conversation = step.model.conversation if step.model is not None else None
        for key in conversation.leaves if conversation is not None else ():
            self._sessions[key] = session_key

    def session_key(self, step: Step) -> str:
        """The session of the root-less call *step*: the one whose history it continues, else its own trace's.

        A retry has the same history, so it goes to the same session. Ids tell more than words: two sessions that
        began with the same words are told apart by the tool calls since.
        """
        conversation = step.model.conversation if step.model is not None else None
        if conversation is None:
            return UNSCORABLE + step.service
        keys = sorted(conversation.continues, key=lambda item: not item.startswith("id:"))
        session_key = next((self._sessions[key] for key in keys if key in self._sessions), step.trace_id)
        for key in conversation.leaves:
            self._sessions[key] = session_key
            self._sessions.move_to_end(key)
        while len(self._sessions) > self._limit:
            self._sessions.popitem(last=False)
            self._counts.forgotten["chains"] += 1
        return session_key
