import { OperationTypeNode, parse, type OperationDefinitionNode } from "graphql";
import { expect } from "vitest";
import type { App } from "./app.ts";

/** A GraphQL document of a text for people, as they run it. */
export interface Step {
  readonly name: string;
  readonly kind: OperationTypeNode;
  readonly query: string;
  /** Where it is sent: /graphql, unless its fence says otherwise. */
  readonly path: string;
  /** As the reader pastes them, with … for what an earlier answer showed. */
  readonly variables: string;
  /** What the text shows as its data, with … for what differs each time; null when it shows nothing. */
  readonly answer: string | null;
}

const FENCED = /```graphql(?: (\/\S+))?\n(.*?)```(?:\n\n```json\n(.*?)```)?(.*?)(?=```graphql|$)/gs;
const ANSWER = /```json answer\n(.*?)```/s;

/** The documents in their order, each with the variables that follow it at once, and its answer that follows somewhere. */
export function stepsOf(markdown: string): readonly Step[] {
  return [...markdown.matchAll(FENCED)].map(
    ([, path = "/graphql", query = "", variables = "{}", rest = ""]) => {
      const [definition] = parse(query).definitions as OperationDefinitionNode[];
      const answer = ANSWER.exec(rest)?.[1] ?? null;
      const { name, operation: kind } = definition!;
      return { name: name!.value, kind, query, path, variables, answer };
    },
  );
}

/** What the reader noted from answers: the first address of an inbox and its id, and the last delivery and event. */
export class Notes {
  url = "";
  inbox = "";
  delivery = "";
  event = "";

  take(data: unknown): void {
    const text = JSON.stringify(data);
    this.url ||= /http:[^"]*\/in\/[^"]*/.exec(text)?.[0] ?? "";
    this.inbox ||= /inb_\w+/.exec(text)?.[0] ?? "";
    this.delivery = /dlv_\w+/.exec(text)?.[0] ?? this.delivery;
    this.event = /evt_\w+/.exec(text)?.[0] ?? this.event;
  }

  filled(variables: string): unknown {
    const text = variables
      .replaceAll(/http:[^"]*…/g, this.url)
      .replaceAll("inb_…", this.inbox)
      .replaceAll("dlv_…", this.delivery)
      .replaceAll("evt_…", this.event);
    expect(text).not.toContain("…");
    return JSON.parse(text);
  }
}

/** Its data; an error fails the test, and so does a refusal that the text does not show. */
export async function run(app: App, step: Step, notes: Notes): Promise<Record<string, unknown>> {
  const { name, query, path } = step;
  const response = await fetch(`${app.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${app.key}`, "content-type": "application/json" },
    body: JSON.stringify({ query, variables: notes.filled(step.variables) }),
  });
  const { data, errors } = (await response.json()) as {
    data: Record<string, unknown>;
    errors?: unknown;
  };
  expect(errors, name).toBeUndefined();
  // A refusal has a message at the top of its answer, and a payload never does.
  if (step.answer === null)
    for (const answer of Object.values(data)) expect(answer, name).not.toHaveProperty("message");
  notes.take(data);
  return data;
}

/** What `toEqual` compares an answer with: … in a text is whatever stands there. */
export function expected(answer: string): unknown {
  return JSON.parse(answer, (_key, value: unknown) => {
    if (typeof value !== "string" || !value.includes("…")) return value;
    const parts = value.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return expect.stringMatching(new RegExp(`^${parts.join(".*")}$`, "s")) as unknown;
  });
}
