"""The whole configuration, section by section, with every default."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from loopwatch_processor.config.access import Access
from loopwatch_processor.config.fleet import FleetBudgets, refuse_fleet, without_fleet
from loopwatch_processor.config.incidents import Capture, Incidents, Journal, Links
from loopwatch_processor.config.jobs import Jobs
from loopwatch_processor.config.notify import Notify
from loopwatch_processor.config.section import Section, laid_over
from loopwatch_processor.config.service import Forward, Receive, SessionBounds, Sinks, Telemetry
from loopwatch_processor.detectors.budget_settings import Budgets, BudgetSettings
from loopwatch_processor.detectors.context_settings import ContextSettings
from loopwatch_processor.detectors.lifecycle_settings import LifecycleSettings
from loopwatch_processor.detectors.loop.settings import LoopSettings
from loopwatch_processor.detectors.outliers_settings import OutliersSettings
from loopwatch_processor.detectors.progress_settings import ProgressSettings
from loopwatch_processor.detectors.stream_settings import StreamSettings
from loopwatch_processor.price_override import PriceOverride
from loopwatch_processor.telemetry.table import METRICS
from loopwatch_processor.tools import Declaration

ENV_PREFIX = "LOOPWATCH_"
ENV_DELIMITER = "__"
INHERITED = ("budgets", "detectors")
"""The top-level sections that agents' rules are laid over."""


class Detectors(Section):
    """Thresholds by detector."""

    loop: LoopSettings = LoopSettings()
    progress: ProgressSettings = ProgressSettings()
    context: ContextSettings = ContextSettings()
    stream: StreamSettings = StreamSettings()
    lifecycle: LifecycleSettings = LifecycleSettings()
    budget: BudgetSettings = BudgetSettings()
    outliers: OutliersSettings = OutliersSettings()


class Match(Section):
    """Which agents a rule is for: shell-style patterns, all of which must match; case counts."""

    service: str = "*"
    agent: str = "*"
    environment: str = "*"

    def matches(self, service: str, agent: str, environment: str) -> bool:
        """Whether this rule is for *agent*."""
        return (
            fnmatchcase(service, self.service)
            and fnmatchcase(agent, self.agent)
            and fnmatchcase(environment, self.environment)
        )


class AgentRule(Section):
    """What holds for some agents; the first rule that matches an agent is the only one for it."""

    match: Match
    type: str = ""
    """Where its spans do not say: research, operational, conversational, coding, batch, or a word of your own."""
    budgets: Budgets = Budgets()
    """What is written here is laid over the top-level budgets, limit by limit."""
    detectors: Detectors = Detectors()
    """What is written here is laid over the top-level detectors, threshold by threshold."""

    @field_validator("budgets", mode="before")
    @classmethod
    def _of_one_agent(cls, budgets: Any) -> Any:
        return refuse_fleet(budgets)


class ToolRule(Section):
    """What is known of some tools; the first rule that matches a tool is the only one for it."""

    match: str
    """A shell-style pattern of tool names."""
    polling: bool = False
    """Whether calling it again with the same arguments is its purpose."""
    identity: tuple[str, ...] = ()
    """The argument fields that identify a call; calls that differ elsewhere only are the same call."""
    side_effect: Literal["", "none", "idempotent", "mutating", "irreversible"] = ""
    """What happens to the world when it is called once more; empty: what its spans say."""

    def declaration(self) -> Declaration:
        """The same for the pipeline."""
        return Declaration(self.match, self.polling, self.identity, self.side_effect)


class Config(BaseSettings):
    """Everything that can be set. `load` says where values come from; made directly, it has the defaults."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter=ENV_DELIMITER,
        env_parse_none_str="null",
        env_ignore_empty=True,
    )

    receive: Receive = Receive()
    access: Access = Access()
    forward: Forward | None = None
    """The downstream of in-line use; null: loopwatch stands beside the Collector and forwards nothing."""
    sessions: SessionBounds = SessionBounds()
    detectors: Detectors = Detectors()
    budgets: FleetBudgets = FleetBudgets()
    agents: tuple[AgentRule, ...] = ()
    """What holds for some agents only; the first rule that matches wins."""
    tools: tuple[ToolRule, ...] = ()
    """What is known of some tools; the first rule that matches wins."""
    prices: dict[str, PriceOverride] = Field(default_factory=dict)
    """Prices by "<provider>/<model pattern>" or "<model pattern>", before the public lists; the first match wins."""
    windows: dict[str, Annotated[int, Field(gt=0)]] = Field(default_factory=dict)
    """Context windows in tokens by "<model pattern>", before the public lists; the first match wins."""
    incidents: Incidents = Incidents()
    journal: Journal = Journal()
    jobs: Jobs = Jobs()
    notify: Notify = Notify()
    links: Links = Links()
    capture: Capture = Capture()
    sinks: Sinks = Sinks()
    telemetry: Telemetry = Telemetry()

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Each rule gets what it leaves out from the top-level settings."""
        rules = data.get("agents")
        if not isinstance(rules, list | tuple):
            return data
        return {**data, "agents": [_inheriting(rule, data) if isinstance(rule, dict) else rule for rule in rules]}

    @field_validator("sinks")
    @classmethod
    def _known_labels(cls, sinks: Sinks) -> Sinks:
        known = {label for metric in METRICS for label in metric.labels}
        unknown = sorted(set(sinks.prometheus.max_label_values_by_label) - known)
        if unknown:
            raise ValueError(
                f"prometheus.max_label_values_by_label: no metric has a label {', '.join(unknown)}; "
                f"there are {', '.join(sorted(known))}"
            )
        return sinks

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed: `load` reads the sources itself, so that each problem can name where it is."""
        return (init_settings,)


def _inheriting(rule: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    below = {name: without_fleet(_plain(data[name])) for name in INHERITED if name in data}
    return laid_over(below, rule) if below else rule


def _plain(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else value
