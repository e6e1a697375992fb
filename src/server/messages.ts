import {
  createSourceEventStream,
  executeSubscriptionEvent,
  Kind,
  validateSubscriptionArgs,
  visit,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
} from "graphql";
import type { StreamItem } from "../domain/stream.ts";
import type { Context } from "../schema/index.ts";

/** What a message shows as it is now is not older than the last commit, nor than this. */
const FRESH_MS = 1000;
/** Messages of a group that are kept for those who come a little later. */
const KEPT = 256;
/** Arguments that say which messages a subscriber gets, and not what is in them. */
const CHOOSING = new Set(["filter", "start"]);

const OVER = { done: true, value: undefined } as const;

type Validated = Exclude<ReturnType<typeof validateSubscriptionArgs>, readonly unknown[]>;

interface Message {
  readonly result: ExecutionResult | Promise<ExecutionResult>;
  /** The end of the log when it was made, and when that was. */
  readonly end: number;
  readonly madeMs: number;
}

/** Subscribers who are told the same. */
interface Group {
  subscribers: number;
  /** By position in the log. */
  readonly messages: Map<number, Message>;
}

/** Runs subscriptions. A message is executed once for all who asked with the same document, variables and rights. */
export class Messages {
  readonly #groups = new Map<string, Group>();
  readonly #documents = new WeakMap<DocumentNode, { number: number; variables: Set<string> }>();
  #lastNumber = 0;

  readonly subscribe = async (
    args: ExecutionArgs,
  ): Promise<ExecutionResult | AsyncIterable<ExecutionResult>> => {
    const validated = validateSubscriptionArgs(args);
    if (!("schema" in validated)) return { errors: validated };
    const source = await createSourceEventStream(validated);
    if (!(Symbol.asyncIterator in source)) return source;
    return this.#told(source[Symbol.asyncIterator]() as AsyncIterator<StreamItem>, validated);
  };

  /** An object and not a generator: `return` of a generator that waits would itself wait for the next value. */
  #told(
    source: AsyncIterator<StreamItem>,
    validated: Validated,
  ): AsyncIterableIterator<ExecutionResult> {
    const name = this.#nameOf(validated);
    const group = this.#groups.get(name) ?? { subscribers: 0, messages: new Map() };
    this.#groups.set(name, group);
    group.subscribers++;
    let isOver = false;
    const leave = () => {
      if (isOver) return;
      isOver = true;
      if (--group.subscribers === 0) this.#groups.delete(name);
    };
    return {
      async next() {
        try {
          const { done, value } = isOver ? OVER : await source.next();
          if (!done) return { done, value: await messageOf(group, value, validated) };
        } catch (error) {
          // Whoever is told of it may ask again all the same.
          leave();
          throw error;
        }
        leave();
        return OVER;
      },
      async return() {
        leave();
        await source.return?.();
        return OVER;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** All that a message may depend on: whatever a caller's rights come to depend on belongs in here. */
  #nameOf({ document, operation, contextValue, rawVariableValues }: Validated): string {
    let known = this.#documents.get(document);
    if (!known) {
      known = { number: ++this.#lastNumber, variables: variablesOf(document) };
      this.#documents.set(document, known);
    }
    const values = Object.entries(rawVariableValues ?? {}).filter(([name]) =>
      known.variables.has(name),
    );
    const { tenantId } = contextValue as Context;
    return JSON.stringify([known.number, operation.name?.value, tenantId, values]);
  }
}

function messageOf({ messages }: Group, item: StreamItem, validated: Validated): Message["result"] {
  const execute = () => executeSubscriptionEvent({ ...validated, rootValue: item });
  if (item.type !== "ENTRY") return execute();
  const { tenantId, tools } = validated.contextValue as Context;
  const now = { end: tools.store.position(tenantId), madeMs: performance.now() };
  const known = messages.get(item.position);
  if (known && isFresh(known, now)) return known.result;
  const result = execute();
  messages.delete(item.position);
  messages.set(item.position, { ...now, result });
  if (messages.size > KEPT) messages.delete(messages.keys().next().value!);
  return result;
}

/** What was there without waiting was made from the entry alone, which never changes. */
function isFresh({ result, end, madeMs }: Message, now: Omit<Message, "result">): boolean {
  return !(result instanceof Promise) || (end === now.end && now.madeMs - madeMs < FRESH_MS);
}

/** The variables that a message may depend on. */
function variablesOf(document: DocumentNode): Set<string> {
  const names = new Set<string>();
  const isOfOperation = (path: readonly (string | number)[]) =>
    path.length === "definitions.0.selectionSet.selections.0.arguments.0".split(".").length &&
    document.definitions[Number(path[1])]?.kind === Kind.OPERATION_DEFINITION;
  visit(document, {
    VariableDefinition: () => false,
    Argument: ({ name }, _key, _parent, path) =>
      isOfOperation(path) && CHOOSING.has(name.value) ? false : undefined,
    Variable: ({ name }) => void names.add(name.value),
  });
  return names;
}
