import {
  createSourceEventStream,
  executeSubscriptionEvent,
  GraphQLError,
  Kind,
  validateSubscriptionArgs,
  visit,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from "graphql";
import type { StreamItem } from "../domain/stream.ts";
import type { Context } from "../schema/index.ts";

/** What a message shows as it is now is not older than the last commit, nor than this. */
const FRESH_MS = 1000;
/** Messages of a group that are kept for those who come a little later: those that show what was read, and the others. */
const KEPT_READ = 32;
const KEPT = 256;
/** Arguments that say which messages a subscriber gets, and not what is in them. */
const CHOOSING = new Set(["filter", "start"]);

const OVER = { done: true, value: undefined } as const;

type Validated = Exclude<ReturnType<typeof validateSubscriptionArgs>, readonly unknown[]>;

type Result = ExecutionResult | Promise<ExecutionResult>;

/** Subscribers who are told the same, and the messages that some of them may still be told, by position in the log. */
class Group {
  subscribers = 0;
  /** Made without waiting, from the entry alone, which never changes. */
  readonly #lasting = new Map<number, ExecutionResult>();
  /** Made by reading, all at the same end of the log. */
  readonly #read = new Map<number, Promise<ExecutionResult>>();
  #end = NaN;
  #expiry: NodeJS.Timeout | undefined;

  find(position: number, end: number): Result | undefined {
    if (end !== this.#end) this.#forget();
    return this.#lasting.get(position) ?? this.#read.get(position);
  }

  keep(position: number, end: number, result: Result): void {
    if (!(result instanceof Promise)) return keepSome(this.#lasting, position, result, KEPT);
    if (end !== this.#end) this.#forget();
    this.#end = end;
    keepSome(this.#read, position, result, KEPT_READ);
    this.#expiry ??= setTimeout(() => this.#forget(), FRESH_MS).unref();
  }

  /** What was read may be large, and is of no use once it is old. */
  #forget(): void {
    clearTimeout(this.#expiry);
    this.#expiry = undefined;
    this.#read.clear();
  }
}

function keepSome<T>(kept: Map<number, T>, position: number, result: T, most: number): void {
  kept.set(position, result);
  if (kept.size > most) kept.delete(kept.keys().next().value!);
}

/** Runs subscriptions. A message is executed once for all who asked with the same document, variables and rights. */
export class Messages {
  readonly #groups = new Map<string, Group>();
  readonly #variables = new WeakMap<DocumentNode, Set<string>>();
  readonly #numbers = new WeakMap<DocumentNode | GraphQLSchema, number>();
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
    const { caller } = validated.contextValue as Context;
    const group = this.#groups.get(name) ?? new Group();
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
          // Told once: whoever asks again then is told that it is over.
          if (!isOver && caller.isOver) throw keyIsOver();
          if (!done) return { done, value: await messageOf(group, value, validated) };
        } catch (error) {
          leave();
          await source.return?.();
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

  /** All that a message may depend on. */
  #nameOf({ schema, document, operation, contextValue, rawVariableValues }: Validated): string {
    const asked = this.#variables.get(document) ?? variablesOf(document);
    this.#variables.set(document, asked);
    const values = Object.entries(rawVariableValues ?? {}).filter(([name]) => asked.has(name));
    const { tenantId, scopes, webhookIds } = (contextValue as Context).caller.rights;
    const rights = [tenantId, [...scopes], webhookIds];
    const numbers = [this.#numberOf(schema), this.#numberOf(document)];
    return JSON.stringify([...numbers, operation.name?.value, rights, values]);
  }

  #numberOf(one: DocumentNode | GraphQLSchema): number {
    const number = this.#numbers.get(one) ?? ++this.#lastNumber;
    this.#numbers.set(one, number);
    return number;
  }
}

function messageOf(group: Group, item: StreamItem, validated: Validated): Result {
  const execute = () => executeSubscriptionEvent({ ...validated, rootValue: item });
  if (item.type !== "ENTRY") return execute();
  const { tenantId, tools } = validated.contextValue as Context;
  const end = tools.store.position(tenantId);
  const known = group.find(item.position, end);
  if (known) return known;
  const result = execute();
  group.keep(item.position, end, result);
  return result;
}

function keyIsOver(): GraphQLError {
  return new GraphQLError("The key that opened this stream was revoked or has expired", {
    extensions: { code: "UNAUTHENTICATED" },
  });
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
