"""The official names, and what the emitters of the family do that no recording holds."""

from __future__ import annotations

from itertools import permutations

import pytest

from loopwatch_processor import by_hand
from loopwatch_processor.dialects import messages, read
from loopwatch_processor.step import Limits, Step, StepKind, StreamTimings, Usage
from tests.dialects.sent import span

ASKED = '[{"role":"user","parts":[{"type":"text","content":"Find it."}]}]'


def of(attributes: dict[str, object], **about: object) -> Step:
    step = read(span(attributes, **about))  # type: ignore[arg-type]
    assert step is not None
    return step


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("chat", StepKind.MODEL_CALL),
        ("generate_content", StepKind.MODEL_CALL),
        ("text_completion", StepKind.MODEL_CALL),
        ("execute_tool", StepKind.TOOL_CALL),
        ("invoke_agent", StepKind.AGENT_TURN),
        ("create_agent", StepKind.OTHER),
        ("invoke_workflow", StepKind.OTHER),
        ("agent_step", StepKind.OTHER),
        ("a word of tomorrow", StepKind.OTHER),
    ],
)
def test_an_operation_has_its_kind(operation: str, kind: StepKind) -> None:
    """Only calls and turns count; enums are open on the wire."""
    assert of({"gen_ai.operation.name": operation}).kind is kind


def test_a_span_without_an_operation_is_nobodys() -> None:
    """It is forwarded and counted, never guessed."""
    assert read(span({"http.request.method": "POST"}, name="POST /ask")) is None
    assert read(span({"gen_ai.request.model": "gpt-4o-mini"})) is None


@pytest.mark.parametrize(
    ("names", "usage"),
    [
        (("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"), Usage(100, 10)),
        (("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"), Usage(100, 10)),
    ],
)
def test_tokens_of_every_generation_are_read(names: tuple[str, str], usage: Usage) -> None:
    """The names changed, the meaning did not."""
    assert of({"gen_ai.operation.name": "chat", names[0]: 100, names[1]: 10}).usage == usage


@pytest.mark.parametrize("name", ["gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens"])
def test_cache_writes_of_both_generations_are_read(name: str) -> None:
    """Generation C renamed them."""
    step = of({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 9, name: 3})
    assert step.usage == Usage(9, cache_write_tokens=3)


def test_a_call_without_tokens_has_no_usage() -> None:
    """Unknown is not zero."""
    assert of({"gen_ai.operation.name": "chat"}).usage is None


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (["tool_calls"], "tool_call"),
        ('["tool-calls"]', "tool_call"),
        ("tool_use", "tool_call"),
        (["end_turn"], "stop"),
        ("FinishReason.MAX_TOKENS", "length"),
        (["content_filter"], "content_filter"),
        (["error"], "error"),
        (["pause_turn"], "pause_turn"),
        ([], ""),
    ],
)
def test_a_finish_reason_is_one_word(given: object, word: str) -> None:
    """An array, an array in text or plain text; a new word stays as it is."""
    step = of({"gen_ai.operation.name": "chat", "gen_ai.response.finish_reasons": given})
    assert step.model is not None
    assert step.model.finish_reason == word


def test_a_cost_in_another_currency_is_no_cost() -> None:
    """All our money is in US dollars."""
    cost = {"gen_ai.operation.name": "chat", "gen_ai.usage.cost.amount": 2.0}
    assert of({**cost, "gen_ai.usage.cost.currency": "EUR"}).cost_usd is None
    assert of({**cost, "gen_ai.usage.cost.currency": "USD"}).cost_usd == 2.0


def test_limits_of_a_turn_are_read() -> None:
    """Ours, and the names proposed upstream."""
    turn = {"gen_ai.operation.name": "invoke_agent", "loopwatch.budget.max_usd": 2.5}
    assert of({**turn, "gen_ai.agent.iteration_budget.limit": 12}).limits == Limits(max_usd=2.5, max_steps=12)
    assert of({"gen_ai.operation.name": "invoke_agent"}).limits is None


def test_a_failed_root_that_is_no_step_keeps_its_error() -> None:
    """The run that it makes up ends with it."""
    failed = of({"gen_ai.operation.name": "invoke_workflow", "error.type": "TimeoutError"}, status_code=2)
    assert failed.error is not None
    assert failed.error.tool_class == "timeout"


def test_messages_that_were_cut_off_are_no_messages() -> None:
    """Half a JSON document would be taken for what the user said."""
    step = of({"gen_ai.operation.name": "chat", "gen_ai.input.messages": ASKED[:-4]})
    assert step.model is not None
    assert step.model.conversation is None


def test_a_requested_call_without_arguments_is_unknown_not_empty() -> None:
    """Where content is off the names stay and the arguments go."""
    asks = '[{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"search"}]}]'
    step = of({"gen_ai.operation.name": "chat", "gen_ai.output.messages": asks})
    assert step.model is not None
    assert step.model.conversation is not None
    assert step.model.conversation.requested[0].arguments is None


@pytest.mark.parametrize(
    ("block", "texts", "calls", "results"),
    [
        ({"type": "text", "functionCall": {"name": "search", "args": {"q": "x"}}}, "", ["search"], []),
        ({"type": "text", "text": "Hm.", "function_call": {"name": "search"}}, "Hm.", ["search"], []),
        ({"type": "text", "toolResult": {"toolUseId": "t1", "content": [{"text": "ok"}]}}, "", [], ["ok"]),
        ({"type": "text", "text": "Hm.", "functionCall": None}, "Hm.", [], []),
    ],
)
def test_a_text_may_hold_a_call_or_a_result(
    block: dict[str, object], texts: str, calls: list[str], results: list[str]
) -> None:
    """A type that was put beside Gemini's or Bedrock's field hides nothing."""
    (message,) = messages.from_json([{"role": "assistant", "content": [block]}])
    assert message.text == texts
    assert [call.name for call in message.calls] == calls
    assert [result.text for result in message.results] == results


def test_histories_without_text_are_not_tied_by_their_shape() -> None:
    """All conversations look alike once their texts are gone."""
    bare = '[{"role":"user","parts":[]},{"role":"assistant","parts":[]}]'
    step = of({"gen_ai.operation.name": "chat", "gen_ai.input.messages": bare, "gen_ai.output.messages": bare})
    assert step.model is not None
    assert step.model.conversation is None


def test_sketches_are_read_whoevers_span_they_are_on() -> None:
    """`SketchingExporter` swaps content for them on the spans of any instrumentation."""
    sketched = {"loopwatch.tool.arguments.hash": "abc", "loopwatch.tool.identity": ["query"]}
    official = of({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search", **sketched})
    other = of({"openinference.span.kind": "TOOL", "tool.name": "search", **sketched}, scope="openinference.x")
    for step in (official, other):
        assert step.tool is not None
        assert (step.tool.arguments_hash, step.tool.identity) == ("abc", ("query",))


def test_openlits_timings_of_an_unstreamed_call_say_nothing() -> None:
    """It writes the whole duration as the time to the first token."""
    call = {"gen_ai.operation.name": "chat", "gen_ai.server.time_to_first_token": 42.0}
    silent = of({**call, "gen_ai.request.stream": False}, scope="openlit.instrumentation.openai")
    timed = of({**call, "gen_ai.request.stream": True}, scope="openlit.instrumentation.openai")
    assert silent.model is not None
    assert silent.model.stream is None
    assert timed.model is not None
    assert timed.model.stream == StreamTimings(ttft_s=42.0)


def test_strands_first_token_of_a_tool_turn_says_nothing() -> None:
    """It is the whole call's time there, and would look like a slow model."""
    call = {"gen_ai.operation.name": "chat", "gen_ai.server.time_to_first_token": 89_000}
    scope, choice = "strands.telemetry.tracer", "gen_ai.choice"
    tool_turn = of(call, scope=scope, duration_s=90, events=[(choice, {"finish_reason": "tool_use", "message": "[]"})])
    answer = of(call, scope=scope, duration_s=90, events=[(choice, {"finish_reason": "end_turn", "message": "Yes."})])
    assert tool_turn.model is not None
    assert tool_turn.model.stream == StreamTimings()
    assert answer.model is not None
    assert answer.model.stream == StreamTimings(ttft_s=89.0)


def test_a_strands_tool_that_answers_with_an_error_failed() -> None:
    """Its span stays OK."""
    said = [("gen_ai.choice", {"message": '[{"text":"Error: timed out"}]'})]
    about = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search", "gen_ai.tool.status": "error"}
    step = of(about, scope="strands.telemetry.tracer", status_code=1, events=said)
    assert step.error is not None
    assert step.error.tool_class == "timeout"


def test_adks_elided_tool_calls_are_unknown() -> None:
    """1.x writes "{}" for both where content is not captured; an answer beside "{}" means no arguments."""
    call = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "now", "gcp.vertex.agent.tool_call_args": "{}"}
    elided = of({**call, "gcp.vertex.agent.tool_response": "{}"}, scope="gcp.vertex.agent")
    empty = of({**call, "gcp.vertex.agent.tool_response": '{"result": "12:00"}'}, scope="gcp.vertex.agent")
    assert elided.tool is not None
    assert (elided.tool.arguments, elided.tool.result) == (None, None)
    assert empty.tool is not None
    assert (empty.tool.arguments, empty.tool.result) == ("{}", "12:00")


def test_adks_span_of_merged_results_is_no_call() -> None:
    """The parallel calls have spans of their own."""
    merged = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "(merged tools)"}
    assert of(merged, scope="gcp.vertex.agent").kind is StepKind.OTHER


@pytest.mark.parametrize(
    ("named", "provider", "model"),
    [
        ("gemini-2.5-flash", "gemini", "gemini-2.5-flash"),
        ("openrouter/anthropic/claude-sonnet-4-5", "openrouter", "anthropic/claude-sonnet-4-5"),
        ("projects/p/locations/l/publishers/google/models/gemini-2.5-pro", "gemini", "gemini-2.5-pro"),
    ],
)
def test_adks_models_are_named_with_their_provider(named: str, provider: str, model: str) -> None:
    """ADK calls every provider "gemini"; a model that runs through LiteLLM says its own."""
    call = {"gen_ai.operation.name": "generate_content", "gen_ai.system": "gemini", "gen_ai.request.model": named}
    step = of(call, scope="gcp.vertex.agent")
    assert step.model is not None
    assert (step.model.provider, step.model.request_model) == (provider, model)


def test_crewais_instant_span_of_a_failure_is_no_call() -> None:
    """It stands beside the failed call's own span."""
    about = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search", "crewai.agent.role": "Writer"}
    failure = of(about, scope="crewai", name="tool failure", status_code=2)
    assert (failure.kind, failure.agent) == (StepKind.OTHER, "Writer")


def test_litellm_reads_anthropics_own_usage() -> None:
    """Anthropic's body counts cached tokens apart; a step's input holds them."""
    usage = "{'input_tokens': 10, 'cache_read_input_tokens': 80, 'cache_creation_input_tokens': 5, 'output_tokens': 7}"
    answer = "[{'type': 'tool_use', 'id': 'toolu_000001', 'name': 'search', 'input': {'query': 'ACME'}}]"
    step = of(
        {"llm.anthropic.usage": usage, "llm.anthropic.content": answer, "llm.anthropic.stop_reason": "tool_use"},
        scope="litellm",
        name="raw_gen_ai_request",
    )
    assert step.usage == Usage(95, 7, cache_read_tokens=80, cache_write_tokens=5)
    assert step.model is not None
    assert (step.model.provider, step.model.finish_reason) == ("anthropic", "tool_call")
    assert step.model.conversation is not None
    assert step.model.conversation.requested[0].arguments == '{"query":"ACME"}'


@pytest.mark.parametrize("said", [2**53 + 2, 1e300, "1e300", -1])
def test_what_is_beyond_all_counting_is_no_count(said: object) -> None:
    """A session with tokens of more than 64 bits could not be kept across a restart."""
    about = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": said, "gen_ai.usage.output_tokens": 2**53}
    assert of(about).usage == Usage(0, 2**53)


def test_litellms_numbers_of_any_size_are_read() -> None:
    """Python writes integers of any size; one that no float holds is no count."""
    usage = f"{{'prompt_tokens': 1{'0' * 400}, 'completion_tokens': 7}}"
    step = of({"llm.openai.usage": usage}, scope="litellm", name="raw_gen_ai_request")
    assert step.usage == Usage(0, 7)


@pytest.mark.parametrize("is_by_hand", [True, False])
def test_litellms_provider_does_not_depend_on_the_order_of_attributes(
    is_by_hand: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read by hand they keep the order in which they were sent, and by protobuf none."""
    monkeypatch.setattr(by_hand, "IS_FASTER", is_by_hand)
    said = [
        ("llm.request.type", "completion"),
        ("llm.openai.model", "gpt-4o"),
        ("llm.azure.model", "gpt-5"),
        ("llm.azure.id", "x"),
    ]
    for attributes in permutations(said):
        model = of(dict(attributes), scope="litellm", name="raw_gen_ai_request").model
        assert model is not None
        assert (model.provider, model.response_model, model.response_id) == ("azure", "gpt-5", "x")


def test_litellms_proxy_request_is_no_second_call() -> None:
    """The request around a call repeats its tokens, which count only where nothing below has them."""
    about = {"gen_ai.operation.name": "chat", "litellm.call_id": "1", "gen_ai.usage.input_tokens": 5}
    assert of(about, scope="litellm", name="Received Proxy Server Request").kind is StepKind.AGENT_TURN
    assert of(about, scope="litellm", name="litellm_request").kind is StepKind.MODEL_CALL
