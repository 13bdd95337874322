"""An agent that knows nothing of OpenTelemetry or loopwatch: one streamed answer. Run as: plain_agent.py MODELS."""

import importlib
import sys

client = importlib.import_module("openai").OpenAI(base_url=sys.argv[1], api_key="x")
ask = [{"role": "user", "content": "go on"}]
for _ in client.chat.completions.create(model="m", messages=ask, stream=True):
    pass
