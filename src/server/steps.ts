import {
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import type { Limits } from "./limits.ts";

/**
 * Whether a document takes too long to validate: a step for each field and fragment where it is used, and one for each
 * two of the same name side by side, for GraphQL compares them, and their fields, and theirs. 1,000 equal fields are
 * half a million. It stops counting where it knows.
 */
export function overSteps(document: DocumentNode, limits: Limits): boolean {
  return new Steps(document, limits).isOver();
}

class Steps {
  readonly #limits: Limits;
  readonly #operations: OperationDefinitionNode[] = [];
  readonly #fragments: FragmentDefinitionNode[] = [];
  readonly #byName = new Map<string, FragmentDefinitionNode>();
  readonly #seen = new Set<FragmentDefinitionNode>();
  #taken = 0;

  constructor({ definitions }: DocumentNode, limits: Limits) {
    this.#limits = limits;
    for (const definition of definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) this.#operations.push(definition);
      if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
      this.#fragments.push(definition);
      this.#byName.set(definition.name.value, definition);
    }
  }

  isOver(): boolean {
    for (const { selectionSet } of this.#operations) this.#take([selectionSet], 0);
    // What no operation uses, or has the name of another one, is validated too.
    for (const fragment of this.#fragments)
      if (!this.#seen.has(fragment)) this.#take([fragment.selectionSet], 0);
    return this.#isOver;
  }

  get #isOver(): boolean {
    return this.#taken > this.#limits.HOOKWIRE_LIMIT_VALIDATION;
  }

  /** Selections that are answered as one. */
  #take(sets: readonly SelectionSetNode[], depth: number): void {
    const fields = new Map<string, FieldNode[]>();
    const spread = new Set<FragmentDefinitionNode>();
    for (const set of sets) this.#collect(set, fields, spread);
    // Deeper is only a fragment that goes round: refused for that.
    if (depth > this.#limits.HOOKWIRE_LIMIT_DEPTH) return;
    for (const equal of fields.values()) {
      if (this.#isOver) return;
      const below = equal.flatMap(({ selectionSet }) => selectionSet ?? []);
      if (below.length > 0) this.#take(below, depth + 1);
    }
  }

  #collect(
    { selections }: SelectionSetNode,
    fields: Map<string, FieldNode[]>,
    spread: Set<FragmentDefinitionNode>,
  ): void {
    for (const selection of selections) {
      this.#taken++;
      if (this.#isOver) return;
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        const equal = fields.get(name) ?? [];
        this.#taken += equal.length;
        equal.push(selection);
        fields.set(name, equal);
      } else if (selection.kind === Kind.INLINE_FRAGMENT)
        this.#collect(selection.selectionSet, fields, spread);
      else {
        const fragment = this.#byName.get(selection.name.value);
        if (!fragment || spread.has(fragment)) continue;
        // Fragments are compared with each other whatever is in them.
        this.#taken += spread.size;
        spread.add(fragment);
        this.#seen.add(fragment);
        this.#collect(fragment.selectionSet, fields, spread);
      }
    }
  }
}
