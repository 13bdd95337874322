"""stack/alertmanager.yaml: the shipped routes, with shorter waits and the fake Events API at their ends.

`python -m stack.alertmanager` writes it; a test holds it to what this makes of alert_rules/alertmanager.yaml.
"""

from __future__ import annotations

from pathlib import Path

import yaml

SHIPPED = Path(__file__).parent.parent / "alert_rules" / "alertmanager.yaml"
FILE = Path(__file__).with_name("alertmanager.yaml")
EVENTS_API = "http://events-api:8099"
_HEAD = "# Written by `python -m stack.alertmanager` from alert_rules/alertmanager.yaml: change that one.\n"
_WAITS = {"group_wait": "1s", "group_interval": "1s"}


def derived() -> str:
    """The text of the file."""
    config = yaml.safe_load(SHIPPED.read_text("utf-8"))
    config["route"] |= _WAITS
    for receiver in config["receivers"]:
        for pagerduty in receiver.get("pagerduty_configs", ()):
            pagerduty["url"] = f"{EVENTS_API}/v2/enqueue"
        for webhook in receiver.get("webhook_configs", ()):
            webhook["url"] = f"{EVENTS_API}/hooks/{receiver['name']}"
    return _HEAD + yaml.safe_dump(config, sort_keys=False, width=120, allow_unicode=True)


if __name__ == "__main__":
    FILE.write_text(derived(), "utf-8")
