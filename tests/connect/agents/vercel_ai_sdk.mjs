// A research agent made with Vercel's AI SDK: node vercel_ai_sdk.mjs BLOCK PLAN
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, isStepCount, jsonSchema, streamText, tool } from "ai";

const [block, plan] = process.argv.slice(2);
const { sdk } = await import(block);

const text = (name) => jsonSchema({ type: "object", properties: { [name]: { type: "string" } }, required: [name] });
const found = "ACME Corp annual report 2025: https://acme.example/report-2025";
const tools = {
  search: tool({
    description: "Search the web.",
    inputSchema: text("query"),
    execute: async ({ query }) => {
      if (query.startsWith("index://")) throw new Error("the search index is unavailable");
      return query.includes("annual report") ? found : "No results found.";
    },
  }),
  fetch_page: tool({
    description: "Fetch a page.",
    inputSchema: text("url"),
    execute: async ({ url }) => `${url}: quarterly revenue of 28, 30, 31 and 31 million dollars.`,
  }),
  calculate: tool({ description: "Evaluate arithmetic.", inputSchema: text("expression"), execute: async () => "30" }),
};

const raised = {};
for (const [scenario, base, session] of JSON.parse(plan)) {
  const provider = createOpenAICompatible({ name: "openai", baseURL: `${base}/v1`, apiKey: "fake", includeUsage: true });
  const settings = {
    model: provider("gpt-4o-mini"),
    instructions: "You are a research agent.",
    prompt: "What was the average quarterly revenue of ACME Corp in 2025?",
    tools,
    stopWhen: isStepCount(30),
    maxRetries: 0,
    runtimeContext: { sessionId: session },
    telemetry: { functionId: "research_agent", includeRuntimeContext: { sessionId: true } },
  };
  raised[scenario] = "";
  try {
    if (scenario === "stall") await streamText(settings).text;
    else await generateText(settings);
  } catch (error) {
    raised[scenario] = `${error.name}: ${error.message}`;
  }
}
await sdk.shutdown();
console.log(JSON.stringify({ existing: 0, raised }));
