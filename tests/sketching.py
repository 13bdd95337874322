"""Steps of the tests' own making, as a processor knows them where their content became hash and sketch."""

from __future__ import annotations

from dataclasses import replace

from loopwatch.redact import Redactor
from loopwatch.sketch import Sketcher
from loopwatch_processor.dialects.stand_ins import text_of, tool_call
from loopwatch_processor.step import Conversation, ErrorInfo, Step, ToolCall

_SKETCHER = Sketcher(b"tests")
_REDACTOR = Redactor(_SKETCHER)


def sketched_step(step: Step) -> Step:
    """*step* as it is read from a span that left through `loopwatch.SketchingExporter`."""
    error = replace(step.error, message="") if step.error is not None else None
    tool = _tool(step.tool, step.error) if step.tool is not None else None
    model = step.model
    if model is not None and model.conversation is not None:
        model = replace(model, conversation=_conversation(model.conversation))
    return replace(step, tool=tool, model=model, error=error)


def _tool(tool: ToolCall, error: ErrorInfo | None) -> ToolCall:
    said = None if tool.arguments is None else _REDACTOR.arguments(tool.arguments)
    found = replace(tool_call(tool.name, tool.call_id, said), side_effect=tool.side_effect, polling=tool.polling)
    if tool.result is not None:
        answer = _SKETCHER.result(tool.result)
    elif error is not None:
        answer = _SKETCHER.error(error.message)
    else:
        return found
    kind = answer.result_class.value if answer.result_class is not None else ""
    return replace(found, result_hash=answer.hash, result_sketch=answer.sketch, result_class=kind)


def _conversation(said: Conversation) -> Conversation:
    user, output = (text_of(_REDACTOR.text(text)) for text in (said.user_text, said.output_text))
    return replace(said, user_text=user, output_text=output)
