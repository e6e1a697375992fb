import {
  getOperationAST,
  GraphQLError,
  type DocumentNode,
  type GraphQLSchema,
  type validate,
} from "graphql";
import type { Plugin } from "graphql-yoga";
import { priceOf } from "./cost.ts";
import { judgeGiven, type Given } from "./given.ts";
import { overLimit, type LimitName, type Limits } from "./limits.ts";
import { overShape } from "./shape.ts";

/** Characters of all the documents that are kept: as trees they take about a hundred times as much. */
const KEPT_CHARACTERS = 1024 * 1024;

/** Nobody reads more, and each may repeat a large part of the document. */
const MOST_ERRORS = 10;

/** What is asked beside the document, as Yoga and the sockets put it into the context. */
export interface Params {
  readonly operationName?: string | null;
  readonly variables?: object | null;
}

type Errors = readonly GraphQLError[];
type Parse = (source: string, options: object) => DocumentNode;

/** Reads and judges documents. Whatever holds for a document alone is found out once, for as long as it is kept. */
class Documents {
  readonly #limits: Limits;
  /** By their text, those used last at the end. */
  readonly #kept = new Map<string, DocumentNode>();
  /** What one schema says of a document, another may not. */
  readonly #errors = new WeakMap<GraphQLSchema, WeakMap<DocumentNode, Errors>>();
  #characters = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Throws the limit that the text is over, or what the parser says. */
  read(text: string, parse: Parse): DocumentNode {
    const kept = this.#kept.get(text);
    if (kept) {
      this.#kept.delete(text);
      this.#kept.set(text, kept);
      return kept;
    }
    if (text.length > this.#limits.HOOKWIRE_LIMIT_DOCUMENT)
      throw overLimit(this.#limits, "HOOKWIRE_LIMIT_DOCUMENT");
    const document = this.#parsed(text, parse);
    this.#keep(text, document);
    return document;
  }

  errorsOf(schema: GraphQLSchema, document: DocumentNode, find: () => Errors): Errors {
    const ofSchema = this.#errors.get(schema) ?? new WeakMap<DocumentNode, Errors>();
    this.#errors.set(schema, ofSchema);
    const known = ofSchema.get(document);
    if (known) return known;
    const errors = this.#bounded(() => {
      const over = overShape(document, this.#limits);
      return over ? [overLimit(this.#limits, over)] : find();
    });
    ofSchema.set(document, errors);
    return errors;
  }

  /** What is wrong with a valid document and the variables that it is asked with. */
  errorsWith(
    schema: GraphQLSchema,
    document: DocumentNode,
    { operationName, variables }: Params,
  ): Errors {
    const operation = getOperationAST(document, operationName);
    if (!operation) return []; // Refused where it is to be run.
    const asked = { schema, document, operation, variables: { ...variables } };
    const limits = this.#limits;
    const { cost, page } = this.#bounded(() => priceOf(asked));
    const { longest, unknown } = judgeGiven(asked);
    if (unknown) return [unknownField(unknown)];
    const over: [number, LimitName][] = [
      [longest, "HOOKWIRE_LIMIT_LIST"],
      [page, "HOOKWIRE_LIMIT_PAGE"],
      [cost, "HOOKWIRE_LIMIT_COST"],
    ];
    return over
      .filter(([found, name]) => found > limits[name])
      .slice(0, 1)
      .map(([, name]) => overLimit(limits, name));
  }

  #parsed(text: string, parse: Parse): DocumentNode {
    const maxTokens = this.#limits.HOOKWIRE_LIMIT_TOKENS;
    try {
      return this.#bounded(() => parse(text, { maxTokens }));
    } catch (error) {
      const isTooLong = error instanceof GraphQLError && error.message.endsWith("Parsing aborted.");
      throw isTooLong ? overLimit(this.#limits, "HOOKWIRE_LIMIT_TOKENS") : error;
    }
  }

  /** Brackets can be nested so deep that there is no stack left. */
  #bounded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof RangeError) throw overLimit(this.#limits, "HOOKWIRE_LIMIT_DEPTH");
      throw error;
    }
  }

  #keep(text: string, document: DocumentNode): void {
    this.#kept.set(text, document);
    this.#characters += text.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#characters <= KEPT_CHARACTERS) break;
      this.#kept.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}

/** GraphQL.js finds them as well, and repeats all that stands beside each of them: that can be megabytes. */
function unknownField({ variable, type, field }: NonNullable<Given["unknown"]>): GraphQLError {
  return new GraphQLError(
    `Variable "$${variable}": ${type} has no field "${field.slice(0, 100)}"`,
    {
      extensions: { code: "BAD_USER_INPUT" },
    },
  );
}

/** Refuses what is over a limit before it costs time. In the place of Yoga's own cache, which counts documents only. */
export function limitDocuments(limits: Limits): Plugin {
  const documents = new Documents(limits);
  return {
    onParse({ params, parseFn, setParseFn, setParsedDocument }) {
      try {
        const parse: Parse = (source, options) =>
          parseFn(source, { ...params.options, ...options }) as DocumentNode;
        setParsedDocument(documents.read(String(params.source), parse));
      } catch (error) {
        // Thrown from here it keeps its status; what the parser found gets the one of the specification.
        if (error instanceof GraphQLError && error.extensions.code === "LIMIT_REACHED") throw error;
        setParseFn(() => {
          throw error;
        });
      }
    },
    onValidate({ context, validateFn, setValidationFn }) {
      const { params = {} } = context as { readonly params?: Params };
      setValidationFn((...args: Parameters<typeof validate>) => {
        const [schema, document, rules] = args;
        const find = () =>
          validateFn(schema, document, rules, { maxErrors: MOST_ERRORS }) as Errors;
        const errors = documents.errorsOf(schema, document, find);
        return errors.length > 0 ? errors : documents.errorsWith(schema, document, params);
      });
    },
  };
}
