import { GraphQLError } from "graphql";
import type { Plugin } from "graphql-yoga";
import { isOperator, type Caller } from "../domain/rights.ts";

/** A request as it came: nothing about it is certain. */
interface Request {
  readonly query?: unknown;
  readonly documentId?: unknown;
  readonly extensions?: unknown;
}

/**
 * The documents that clients may run, all others being refused: what a stolen token can ask is then what the application
 * asks. Those of operators are not bound, so that GraphiQL and scripts of theirs go on.
 */
export class PersistedDocuments {
  readonly #byId: ReadonlyMap<string, string>;
  readonly #texts: ReadonlySet<string>;

  constructor(byId: ReadonlyMap<string, string>) {
    this.#byId = new Map([...byId].map(([id, text]) => [bare(id), text]));
    this.#texts = new Set(byId.values());
  }

  /** The document that is asked for by its id, or by its own text. */
  textFor(request: Request, { rights }: Caller): string {
    const { query } = request;
    if (typeof query === "string" && query !== "") {
      if (isOperator(rights) || this.#texts.has(query)) return query;
      throw refusal(
        "PERSISTED_DOCUMENT_REQUIRED",
        "Only persisted documents run here: send the documentId of one",
      );
    }
    const id = idOf(request);
    if (id === undefined)
      throw refusal("PERSISTED_DOCUMENT_REQUIRED", "Send the documentId of a persisted document");
    const text = this.#byId.get(bare(id));
    if (text !== undefined) return text;
    throw refusal("PERSISTED_DOCUMENT_NOT_FOUND", "There is no persisted document of this id");
  }
}

/** As GraphQL over HTTP has it, or as Apollo's clients send it. */
function idOf({ documentId, extensions }: Request): string | undefined {
  const { persistedQuery } = (extensions ?? {}) as { persistedQuery?: { sha256Hash?: unknown } };
  const id = documentId ?? persistedQuery?.sha256Hash;
  return typeof id === "string" ? id : undefined;
}

/** Tools and clients write a hash with this before it, or without. */
function bare(id: string): string {
  return id.replace(/^sha256:/, "");
}

function refusal(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status: 400, spec: false } } });
}

/** Over HTTP: a socket asks by itself. */
export function usePersisted(documents: PersistedDocuments): Plugin {
  return {
    onParams({ params, setParams, context }) {
      if (typeof params !== "object" || params === null) return;
      const { documentId: _id, ...asked } = params as typeof params & Request;
      const { caller } = context as unknown as { readonly caller: Caller };
      setParams({ ...asked, query: documents.textFor(params, caller) });
    },
  };
}
