"""Names of the loopwatch convention, and the official names it stands on.

Generated from semconv/model by `python semconv/generate.py`; do not edit.
"""

from enum import StrEnum
from typing import Final

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.41.0"
"""The schema of the official names that the helpers emit."""

# Our attributes.

LOOPWATCH_AGENT_TYPE: Final = "loopwatch.agent.type"
"""What kind of work the agent does. Type: string (enum)."""

LOOPWATCH_BUDGET_LIMIT: Final = "loopwatch.budget.limit"
"""The money limit in force for the scope. Type: double, unit: {USD}."""

LOOPWATCH_BUDGET_MAX_SECONDS: Final = "loopwatch.budget.max_seconds"
"""The longest time that the caller allows this session. Type: double, unit: s."""

LOOPWATCH_BUDGET_MAX_STEPS: Final = "loopwatch.budget.max_steps"
"""The most model calls and tool calls together that the caller allows this session. Type: int, unit:
{step}."""

LOOPWATCH_BUDGET_MAX_TOKENS: Final = "loopwatch.budget.max_tokens"
"""The most input and output tokens together that the caller allows this session. Type: int, unit:
{token}."""

LOOPWATCH_BUDGET_MAX_TOOL_CALLS: Final = "loopwatch.budget.max_tool_calls"
"""The most tool calls that the caller allows this session. Type: int, unit: {call}."""

LOOPWATCH_BUDGET_MAX_USD: Final = "loopwatch.budget.max_usd"
"""The most money that the caller allows this session. Type: double, unit: {USD}."""

LOOPWATCH_BUDGET_RESERVED: Final = "loopwatch.budget.reserved"
"""The money set aside for calls that are still open. Type: double, unit: {USD}."""

LOOPWATCH_BUDGET_SCOPE: Final = "loopwatch.budget.scope"
"""What the money limit in loopwatch.budget.limit covers. Type: string (enum)."""

LOOPWATCH_BUDGET_SPENT: Final = "loopwatch.budget.spent"
"""The money already settled against the limit. Type: double, unit: {USD}."""

LOOPWATCH_CHECKPOINT_ID: Final = "loopwatch.checkpoint.id"
"""The checkpoint from which this run continues, or which this step wrote. Type: string."""

LOOPWATCH_CONTEXT_UTILIZATION: Final = "loopwatch.context.utilization"
"""The share of the context window that the input of this model call filled. Type: double, unit: 1."""

LOOPWATCH_CONTEXT_WINDOW: Final = "loopwatch.context.window"
"""How many tokens the model's context window holds, input and output together. Type: int, unit:
{token}."""

LOOPWATCH_FINDING_DETECTOR: Final = "loopwatch.finding.detector"
"""The detector that raised the finding. Type: string."""

LOOPWATCH_FINDING_PATTERN: Final = "loopwatch.finding.pattern"
"""Which of the detector's failures it is. Type: string."""

LOOPWATCH_FINDING_SCORE: Final = "loopwatch.finding.score"
"""How sure the detector is, from 0 to 1. Type: double, unit: 1."""

LOOPWATCH_FINDING_SEVERITY: Final = "loopwatch.finding.severity"
"""Who should care, and when. Type: string (enum)."""

LOOPWATCH_FINDING_STEP: Final = "loopwatch.finding.step"
"""The step at which the finding was raised, counted from 1 in the session. Type: int."""

LOOPWATCH_FINDING_SUMMARY: Final = "loopwatch.finding.summary"
"""One sentence that an engineer on call understands. Type: string."""

LOOPWATCH_FINDINGS: Final = "loopwatch.findings"
"""The findings that stand for the session, each as `severity detector/pattern`. Type: string[]."""

LOOPWATCH_HEALTH: Final = "loopwatch.health"
"""The session's health, by its worst standing finding. Type: string (enum)."""

LOOPWATCH_HEARTBEAT_INTERVAL: Final = "loopwatch.heartbeat.interval"
"""How long this process means to wait between two heartbeats of an open span. Type: double, unit: s."""

LOOPWATCH_JOB_ID: Final = "loopwatch.job.id"
"""The id of the job, as its queue knows it. Type: string."""

LOOPWATCH_JOB_QUEUE: Final = "loopwatch.job.queue"
"""The queue that the job waits in. Type: string."""

LOOPWATCH_JOB_TYPE: Final = "loopwatch.job.type"
"""What the job does. Type: string."""

LOOPWATCH_PROCESS_ID: Final = "loopwatch.process.id"
"""Names one life of one process. Type: string."""

LOOPWATCH_PROCESS_LEFT_OUT: Final = "loopwatch.process.left_out"
"""How often this process has left something out of what it tells, since it started. Type:
template[int], unit: {item}."""

LOOPWATCH_PROGRESS_SCORE: Final = "loopwatch.progress.score"
"""How far the run is from its goal, from 0 (nothing done) to 1 (done), by the agent's own measure.
Type: double, unit: 1."""

LOOPWATCH_RETRY_ATTEMPT: Final = "loopwatch.retry.attempt"
"""Which try of the same operation this is, where 1 is the first try. Type: int."""

LOOPWATCH_RUN_COST: Final = "loopwatch.run.cost"
"""The cost of what the span stands for, in US dollars. Type: double, unit: {USD}."""

LOOPWATCH_SCORE: Final = "loopwatch.score"
"""How sure the processor is of what one detector found in the session, from 0 to 1. Type:
template[double], unit: 1."""

LOOPWATCH_SPAN_AGE: Final = "loopwatch.span.age"
"""How long the span has been open. Type: double, unit: s."""

LOOPWATCH_SPAN_NAME: Final = "loopwatch.span.name"
"""The name of the open span. Type: string."""

LOOPWATCH_SPAN_OUTCOME: Final = "loopwatch.span.outcome"
"""How a span that was announced as open came to its end. Type: string (enum)."""

LOOPWATCH_SPAN_PARENT_ID: Final = "loopwatch.span.parent_id"
"""The span id of the open span's parent. Type: string."""

LOOPWATCH_SPAN_ROOT_ID: Final = "loopwatch.span.root_id"
"""The span id of the outermost span above the open one that this process holds open. Type: string."""

LOOPWATCH_STATE_HASH: Final = "loopwatch.state.hash"
"""A keyed hash of the state that the agent's work is meant to change. Type: string."""

LOOPWATCH_STEP_COST: Final = "loopwatch.step.cost"
"""What this one model call or tool call cost, where the agent knows it. Type: double, unit: {USD}."""

LOOPWATCH_STEP_INDEX: Final = "loopwatch.step.index"
"""The position of this model call or tool call in its run, counted from 1 in the order of starts. Type:
int."""

LOOPWATCH_STOP_REASON: Final = "loopwatch.stop.reason"
"""Why the run ended, or should end. Type: string (enum)."""

LOOPWATCH_STREAM_CHUNKS: Final = "loopwatch.stream.chunks"
"""How many content chunks the stream delivered. Type: int, unit: {chunk}."""

LOOPWATCH_STREAM_COMPLETED: Final = "loopwatch.stream.completed"
"""Whether the stream ended by itself. Type: boolean."""

LOOPWATCH_STREAM_CURRENT_GAP: Final = "loopwatch.stream.current_gap"
"""How long an open stream has been without a content chunk. Type: double, unit: s."""

LOOPWATCH_STREAM_MAX_GAP: Final = "loopwatch.stream.max_gap"
"""The longest time between two consecutive content chunks of a stream. Type: double, unit: s."""

LOOPWATCH_TOOL_ARGUMENTS_CLASS: Final = "loopwatch.tool.arguments.class"
"""What the arguments look like, which decides how two calls are compared. Type: string (enum)."""

LOOPWATCH_TOOL_ARGUMENTS_EFFECT: Final = "loopwatch.tool.arguments.effect"
"""What the call seems to do, by the words of its command or verb; a reader without content cannot tell.
Type: string (enum)."""

LOOPWATCH_TOOL_ARGUMENTS_HASH: Final = "loopwatch.tool.arguments.hash"
"""A keyed hash of the tool call's arguments in canonical form. Type: string."""

LOOPWATCH_TOOL_ARGUMENTS_NAMES: Final = "loopwatch.tool.arguments.names"
"""Keyed marks of the names and numbers in the sentences of the arguments, to tell two requests about
the same things. Type: string."""

LOOPWATCH_TOOL_ARGUMENTS_SKELETON: Final = "loopwatch.tool.arguments.skeleton"
"""A keyed hash of the arguments with every number replaced, so that calls which differ in numbers only
share it. Type: string."""

LOOPWATCH_TOOL_ARGUMENTS_SKETCH: Final = "loopwatch.tool.arguments.sketch"
"""A short keyed sketch of the arguments that keeps similarity, and which fields differ, but not
content. Type: string."""

LOOPWATCH_TOOL_ERROR_CLASS: Final = "loopwatch.tool.error.class"
"""The class of the failure of a tool call, from a small set that decides what mends it. Type: string
(enum)."""

LOOPWATCH_TOOL_IDEMPOTENCY_KEY: Final = "loopwatch.tool.idempotency_key"
"""The key under which the tool promises to act at most once. Type: string."""

LOOPWATCH_TOOL_IDENTITY: Final = "loopwatch.tool.identity"
"""The names of the argument fields that identify a call, so that calls that differ in them are
different work. Type: string[]."""

LOOPWATCH_TOOL_RESULT_CLASS: Final = "loopwatch.tool.result.class"
"""What kind of answer the result is, where it is a special one that its hash does not tell. Type:
string (enum)."""

LOOPWATCH_TOOL_RESULT_HASH: Final = "loopwatch.tool.result.hash"
"""A keyed hash of the tool call's result in canonical form. Type: string."""

LOOPWATCH_TOOL_RESULT_SKETCH: Final = "loopwatch.tool.result.sketch"
"""A short keyed sketch of the result that keeps similarity but not content. Type: string."""

LOOPWATCH_TOOL_SCHEMA_HASH: Final = "loopwatch.tool.schema.hash"
"""A hash of the tool's definition (name, description, parameters) as the model saw it. Type: string."""

LOOPWATCH_TOOL_SIDE_EFFECT: Final = "loopwatch.tool.side_effect"
"""What happens to the world when the tool is called once more. Type: string (enum)."""

# Our events.

EVENT_FINDING: Final = "loopwatch.finding"
"""The processor found a failure in a session."""

EVENT_HEARTBEAT: Final = "loopwatch.heartbeat"
"""A GenAI span is still open."""

EVENT_JOB_COMPLETED: Final = "loopwatch.job.completed"
"""The job ended with its work done."""

EVENT_JOB_EXECUTING: Final = "loopwatch.job.executing"
"""A worker took the job."""

EVENT_JOB_FAILED: Final = "loopwatch.job.failed"
"""The job ended without its work done."""

EVENT_JOB_QUEUED: Final = "loopwatch.job.queued"
"""A job was put into its queue."""

EVENT_SESSION_ENDED: Final = "loopwatch.session.ended"
"""A session ended."""

EVENT_SESSION_STARTED: Final = "loopwatch.session.started"
"""A session began."""

EVENT_SPAN_ENDED: Final = "loopwatch.span.ended"
"""A GenAI span that was announced as open is open no more."""

EVENT_SPAN_STARTED: Final = "loopwatch.span.started"
"""A GenAI span has started and is open."""

# The official names that we emit or read.

DEPLOYMENT_ENVIRONMENT_NAME: Final = "deployment.environment.name"
"""The deployment environment, on the resource. Type: string. Generation: 1.41."""

ERROR_TYPE: Final = "error.type"
"""The class of error that the operation ended with. Type: string. Generation: 1.41."""

GEN_AI_AGENT_ID: Final = "gen_ai.agent.id"
"""The stable id of a hosted agent. Type: string. Generation: 1.41."""

GEN_AI_AGENT_NAME: Final = "gen_ai.agent.name"
"""The human-readable name of the agent. Type: string. Generation: 1.41."""

GEN_AI_CONVERSATION_COMPACTED: Final = "gen_ai.conversation.compacted"
"""Whether the conversation was compacted before this call; only ever true. Type: boolean. Generation:
main."""

GEN_AI_CONVERSATION_ID: Final = "gen_ai.conversation.id"
"""The id of the conversation (session, thread). Type: string. Generation: 1.41."""

GEN_AI_INPUT_MESSAGES: Final = "gen_ai.input.messages"
"""The messages given to the model; opt-in content. Type: any. Generation: 1.41."""

GEN_AI_OPERATION_NAME: Final = "gen_ai.operation.name"
"""The operation that the span stands for. Type: string. Generation: 1.41."""

GEN_AI_OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
"""The messages that the model returned; opt-in content. Type: any. Generation: 1.41."""

GEN_AI_PROVIDER_NAME: Final = "gen_ai.provider.name"
"""The provider of the model, as the client sees it. Type: string. Generation: 1.41."""

GEN_AI_REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
"""The most tokens that the model may return. Type: int. Generation: 1.41."""

GEN_AI_REQUEST_MODEL: Final = "gen_ai.request.model"
"""The model that was asked for. Type: string. Generation: 1.41."""

GEN_AI_REQUEST_STREAM: Final = "gen_ai.request.stream"
"""Whether the answer was asked for as a stream. Type: boolean. Generation: 1.41."""

GEN_AI_RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
"""Why the model stopped, one per choice. Type: string[]. Generation: 1.41."""

GEN_AI_RESPONSE_ID: Final = "gen_ai.response.id"
"""The id of the answer. Type: string. Generation: 1.41."""

GEN_AI_RESPONSE_MODEL: Final = "gen_ai.response.model"
"""The model that answered. Type: string. Generation: 1.41."""

GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
"""Seconds from the request to the first content chunk. Type: double. Generation: 1.41."""

GEN_AI_SYSTEM: Final = "gen_ai.system"
"""The provider, before gen_ai.provider.name. Type: string. Generation: 1.36."""

GEN_AI_SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
"""The system instructions, where apart from the messages; opt-in content. Type: any. Generation: 1.41."""

GEN_AI_TOKEN_TYPE: Final = "gen_ai.token.type"
"""Which tokens are counted: input or output. Type: string. Generation: 1.41."""

GEN_AI_TOOL_CALL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
"""The arguments of the tool call; opt-in content. Type: any. Generation: 1.41."""

GEN_AI_TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
"""The id that the model gave the tool call. Type: string. Generation: 1.41."""

GEN_AI_TOOL_CALL_RESULT: Final = "gen_ai.tool.call.result"
"""The result of the tool call; opt-in content. Type: any. Generation: 1.41."""

GEN_AI_TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"
"""The tools offered to the model; opt-in content. Type: any. Generation: 1.41."""

GEN_AI_TOOL_DESCRIPTION: Final = "gen_ai.tool.description"
"""What the tool does. Type: string. Generation: 1.41."""

GEN_AI_TOOL_NAME: Final = "gen_ai.tool.name"
"""The name of the tool. Type: string. Generation: 1.41."""

GEN_AI_TOOL_TYPE: Final = "gen_ai.tool.type"
"""function, extension or datastore. Type: string. Generation: 1.41."""

GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS: Final = "gen_ai.usage.cache_creation.input_tokens"
"""Input tokens written to the provider's cache. Type: int. Generation: 1.41."""

GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
"""Input tokens read from the provider's cache. Type: int. Generation: 1.41."""

GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
"""Input tokens written to the provider's cache; renamed from cache_creation. Type: int. Generation:
main."""

GEN_AI_USAGE_COMPLETION_TOKENS: Final = "gen_ai.usage.completion_tokens"
"""Output tokens, before gen_ai.usage.output_tokens. Type: int. Generation: 1.36."""

GEN_AI_USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
"""Input tokens, cached ones included. Type: int. Generation: 1.41."""

GEN_AI_USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
"""Output tokens, reasoning included. Type: int. Generation: 1.41."""

GEN_AI_USAGE_PROMPT_TOKENS: Final = "gen_ai.usage.prompt_tokens"
"""Input tokens, before gen_ai.usage.input_tokens. Type: int. Generation: 1.36."""

GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
"""Output tokens spent on reasoning. Type: int. Generation: 1.41."""

GEN_AI_WORKFLOW_NAME: Final = "gen_ai.workflow.name"
"""The name of the workflow. Type: string. Generation: 1.41."""

HOST_NAME: Final = "host.name"
"""The name of the host. Type: string. Generation: 1.41."""

PROCESS_PID: Final = "process.pid"
"""The number of the process. Type: int. Generation: 1.41."""

PROCESS_RUNTIME_VERSION: Final = "process.runtime.version"
"""The version of the language runtime. Type: string. Generation: 1.41."""

SERVICE_NAME: Final = "service.name"
"""The service, on the resource. Type: string. Generation: 1.41."""

SERVICE_VERSION: Final = "service.version"
"""The version of the service. Type: string. Generation: 1.41."""

SESSION_ID: Final = "session.id"
"""The generic session id, which some libraries use for the conversation. Type: string. Generation:
1.41."""


class AgentType(StrEnum):
    """What kind of work the agent does. Values of loopwatch.agent.type."""

    RESEARCH = "research"
    """Searches and reads until a question is answered."""
    OPERATIONAL = "operational"
    """Acts on systems: tickets, deployments, records."""
    CONVERSATIONAL = "conversational"
    """Answers a person turn by turn."""
    CODING = "coding"
    """Reads, writes and runs code."""
    BATCH = "batch"
    """Does the same work for many items."""


class BudgetScope(StrEnum):
    """What the money limit in loopwatch.budget.limit covers. Values of loopwatch.budget.scope."""

    STEP = "step"
    """One model call or tool call."""
    TURN = "turn"
    """One run: the answer to one request."""
    SESSION = "session"
    """All runs of one conversation."""
    TASK = "task"
    """One job, across its sessions and agents."""
    AGENT_TYPE = "agent_type"
    """All agents of one type."""
    FLEET = "fleet"
    """Everything in one environment."""


class FindingSeverity(StrEnum):
    """Who should care, and when. Values of loopwatch.finding.severity."""

    INFO = "info"
    """Context for somebody who looks already."""
    WARNING = "warning"
    """A ticket."""
    CRITICAL = "critical"
    """Wakes a person."""


class Health(StrEnum):
    """The session's health, by its worst standing finding. Values of loopwatch.health."""

    OK = "ok"
    """Nothing above info stands."""
    WARNING = "warning"
    """A warning stands: a ticket."""
    CRITICAL = "critical"
    """A critical finding stands: somebody was paged."""


class SpanOutcome(StrEnum):
    """How a span that was announced as open came to its end. Values of loopwatch.span.outcome."""

    ENDED = "ended"
    """It was ended, and is exported like any other."""
    ABANDONED = "abandoned"
    """The program let go of it without ending it, so it is never exported."""


class StopReason(StrEnum):
    """Why the run ended, or should end. Values of loopwatch.stop.reason."""

    COMPLETED = "completed"
    """The work is done."""
    CANCELLED = "cancelled"
    """The caller gave up the run."""
    STEP_BUDGET = "step_budget"
    """The limit of steps is used up."""
    TOOL_BUDGET = "tool_budget"
    """The limit of tool calls is used up."""
    TIME_BUDGET = "time_budget"
    """The time limit of the session is used up."""
    TOKEN_BUDGET = "token_budget"
    """The limit of tokens is used up."""
    COST_BUDGET = "cost_budget"
    """The money limit is used up."""
    CONTEXT_EXHAUSTED = "context_exhausted"
    """The model's context window is full."""
    LOOP_DETECTED = "loop_detected"
    """The agent repeats itself."""
    NO_PROGRESS = "no_progress"
    """Steps go on and the state stands still."""
    RETRY_LIMIT = "retry_limit"
    """The retries are used up."""
    CIRCUIT_OPEN = "circuit_open"
    """A dependency failed so often that calls to it are held back."""
    MODEL_ERROR = "model_error"
    """The model call failed."""
    MODEL_RATE_LIMITED = "model_rate_limited"
    """The model's provider refused for rate or quota."""
    CONTENT_FILTERED = "content_filtered"
    """The provider withheld the answer."""
    OUTPUT_TRUNCATED = "output_truncated"
    """The answer hit the output limit."""
    TOOL_FAILED = "tool_failed"
    """A tool failed in a way that has no class of its own."""
    TOOL_DENIED = "tool_denied"
    """A policy refused a tool call."""
    TOOL_TIMEOUT = "tool_timeout"
    """A tool did not answer in time."""
    TOOL_RATE_LIMITED = "tool_rate_limited"
    """A tool refused for rate or quota."""
    TOOL_OUTPUT_INVALID = "tool_output_invalid"
    """A tool's answer cannot be used."""
    TOOL_AUTH_FAILED = "tool_auth_failed"
    """A tool refused the credentials."""
    TOOL_SCHEMA_ERROR = "tool_schema_error"
    """The arguments do not fit the tool's parameters."""
    STREAM_STALLED = "stream_stalled"
    """The model's stream stopped delivering content."""
    TIMEOUT = "timeout"
    """Somebody else's deadline passed."""
    WORKER_LOST = "worker_lost"
    """The worker that ran the job is gone."""
    USER_PAUSED = "user_paused"
    """A person paused the run."""
    USER_KILLED = "user_killed"
    """A person ended the run."""
    APPROVAL_DENIED = "approval_denied"
    """A person refused what the agent asked to do."""
    INVALID_INPUT = "invalid_input"
    """The request cannot be worked on."""
    INTERNAL_ERROR = "internal_error"
    """The agent's own code failed."""
    UNKNOWN = "unknown"
    """Nothing said why."""


class ToolArgumentsClass(StrEnum):
    """What the arguments look like, which decides how two calls are compared. Values of
    loopwatch.tool.arguments.class."""

    PROSE = "prose"
    """Natural language; compared by similarity."""
    STRUCTURED = "structured"
    """Named fields with short values; compared by the fields that differ."""
    CODE = "code"
    """Source code, a query or a shell command; compared by equality and result."""
    EMPTY = "empty"
    """No arguments."""
    UNKNOWN = "unknown"
    """Not captured, or not recognised; never taken as equal."""


class ToolArgumentsEffect(StrEnum):
    """What the call seems to do, by the words of its command or verb; a reader without content cannot
    tell. Values of loopwatch.tool.arguments.effect."""

    READ = "read"
    """A command that changes nothing, as far as its words tell."""
    WAIT = "wait"
    """Only lets time pass."""
    WRITE = "write"
    """Changes something."""


class ToolErrorClass(StrEnum):
    """The class of the failure of a tool call, from a small set that decides what mends it. Values of
    loopwatch.tool.error.class."""

    SCHEMA = "schema"
    """The arguments do not fit the tool's parameters."""
    AUTH = "auth"
    """The credentials are missing, wrong or expired."""
    DENIED = "denied"
    """A policy or a person refused the call."""
    RATE_LIMIT = "rate_limit"
    """Too many calls; the same call may work later."""
    TIMEOUT = "timeout"
    """No answer in time."""
    NOT_FOUND = "not_found"
    """The tool, or the thing it was asked for, does not exist."""
    INVALID_OUTPUT = "invalid_output"
    """The tool answered, and the answer cannot be used."""
    UNAVAILABLE = "unavailable"
    """The service behind the tool is down or unreachable."""
    OTHER = "other"
    """A failure of none of these classes."""


class ToolResultClass(StrEnum):
    """What kind of answer the result is, where it is a special one that its hash does not tell. Values
    of loopwatch.tool.result.class."""

    EMPTY = "empty"
    """Nothing: no text, an empty list, null."""
    ERROR = "error"
    """An error in words, where the call itself succeeded."""
    REJECTED = "rejected"
    """An error that refuses the call for its arguments or its tool's name."""
    PENDING = "pending"
    """The state of something that goes on: queued, running."""
    MORE = "more"
    """A page that says that more follow."""
    NAMED = "named"
    """A failure whose message names what it is about, in quotes, as a path or as a shell does."""
    MOMENT = "moment"
    """Nothing but a date and time: it is what the answer tells, so the hash is of it as it stands."""
    ID = "id"
    """Nothing but ids, durations and times, as a receipt: the hash is of it as it stands."""


class ToolSideEffect(StrEnum):
    """What happens to the world when the tool is called once more. Values of
    loopwatch.tool.side_effect."""

    NONE = "none"
    """Only reads."""
    IDEMPOTENT = "idempotent"
    """Changes state, and a repeat leaves the same state."""
    MUTATING = "mutating"
    """Changes state, and a repeat changes it again; it can be undone."""
    IRREVERSIBLE = "irreversible"
    """Changes state for good: money sent, mail sent, data deleted."""


class GenAiOperationName(StrEnum):
    """The operation that the span stands for. Official values of gen_ai.operation.name."""

    CHAT = "chat"
    GENERATE_CONTENT = "generate_content"
    TEXT_COMPLETION = "text_completion"
    EMBEDDINGS = "embeddings"
    RETRIEVAL = "retrieval"
    CREATE_AGENT = "create_agent"
    INVOKE_AGENT = "invoke_agent"
    EXECUTE_TOOL = "execute_tool"
    INVOKE_WORKFLOW = "invoke_workflow"
