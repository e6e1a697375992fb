import {
  Kind,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from "graphql";
import type { LimitName, Limits } from "./limits.ts";
import { overSteps } from "./steps.ts";

/** How large a selection is with its fragments written out. A count that has no end is Infinity. */
interface Shape {
  /** Fields at its top. */
  readonly fields: number;
  /** Fields on the longest way down, or brackets of a value. */
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  /** Entries of the longest list that stands in it. */
  readonly list: number;
}

const NOTHING: Shape = { fields: 0, depth: 0, aliases: 0, directives: 0, list: 0 };

/**
 * The limits that a document is over by its form alone, before it is compared with the schema: that takes longest for
 * what an attacker writes.
 */
export function overShape(document: DocumentNode, limits: Limits): LimitName | undefined {
  const shapes = new Shapes(document);
  const operations = document.definitions
    .filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
    .map((operation) => shapes.ofOperation(operation as OperationDefinitionNode));
  const whole = operations.reduce(beside, NOTHING);
  if (operations.length > limits.HOOKWIRE_LIMIT_OPERATIONS) return "HOOKWIRE_LIMIT_OPERATIONS";
  if (operations.some(({ fields }) => fields > limits.HOOKWIRE_LIMIT_ROOT_FIELDS))
    return "HOOKWIRE_LIMIT_ROOT_FIELDS";
  if (whole.depth > limits.HOOKWIRE_LIMIT_DEPTH) return "HOOKWIRE_LIMIT_DEPTH";
  if (whole.aliases > limits.HOOKWIRE_LIMIT_ALIASES) return "HOOKWIRE_LIMIT_ALIASES";
  if (whole.directives > limits.HOOKWIRE_LIMIT_DIRECTIVES) return "HOOKWIRE_LIMIT_DIRECTIVES";
  if (whole.list > limits.HOOKWIRE_LIMIT_LIST) return "HOOKWIRE_LIMIT_LIST";
  if (overSteps(document, limits)) return "HOOKWIRE_LIMIT_VALIDATION";
  return undefined;
}

class Shapes {
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  /** Each fragment is measured once, however often it is used; one inside itself is refused later, by its cycle. */
  readonly #known = new Map<string, Shape>();

  constructor({ definitions }: DocumentNode) {
    for (const definition of definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION)
        this.#fragments.set(definition.name.value, definition);
  }

  ofOperation({
    directives,
    selectionSet,
    variableDefinitions = [],
  }: OperationDefinitionNode): Shape {
    const head = variableDefinitions.map((variable) =>
      beside(
        ofDirectives(variable.directives),
        ofValues(variable.defaultValue ? [variable.defaultValue] : []),
      ),
    );
    return [ofDirectives(directives), ...head].reduce(beside, this.#ofSelections(selectionSet));
  }

  #ofSelections(set: SelectionSetNode | undefined): Shape {
    return set
      ? set.selections.map((one) => this.#ofSelection(one)).reduce(beside, NOTHING)
      : NOTHING;
  }

  #ofSelection(selection: SelectionNode): Shape {
    const own = ofDirectives(selection.directives);
    switch (selection.kind) {
      case Kind.FIELD: {
        const below = this.#ofSelections(selection.selectionSet);
        const whole = [own, ofArguments(selection.arguments), below].reduce(beside);
        const aliases = whole.aliases + (selection.alias ? 1 : 0);
        return { ...whole, fields: 1, depth: Math.max(whole.depth, 1 + below.depth), aliases };
      }
      case Kind.INLINE_FRAGMENT:
        return beside(own, this.#ofSelections(selection.selectionSet));
      case Kind.FRAGMENT_SPREAD:
        return beside(own, this.#ofFragment(selection.name.value));
    }
  }

  #ofFragment(name: string): Shape {
    const known = this.#known.get(name);
    if (known) return known;
    this.#known.set(name, NOTHING);
    const fragment = this.#fragments.get(name);
    const shape = beside(
      ofDirectives(fragment?.directives),
      this.#ofSelections(fragment?.selectionSet),
    );
    this.#known.set(name, shape);
    return shape;
  }
}

function beside(one: Shape, other: Shape): Shape {
  return {
    fields: one.fields + other.fields,
    depth: Math.max(one.depth, other.depth),
    aliases: one.aliases + other.aliases,
    directives: one.directives + other.directives,
    list: Math.max(one.list, other.list),
  };
}

function ofDirectives(directives: readonly DirectiveNode[] = []): Shape {
  const values = ofArguments(directives.flatMap((one) => one.arguments ?? []));
  return { ...values, directives: directives.length };
}

function ofArguments(given: readonly { readonly value: ValueNode }[] = []): Shape {
  return ofValues(given.map(({ value }) => value));
}

function ofValues(values: readonly ValueNode[]): Shape {
  let depth = 0;
  let list = 0;
  for (const value of values) {
    if (value.kind !== Kind.LIST && value.kind !== Kind.OBJECT) continue;
    const isList = value.kind === Kind.LIST;
    const below = isList ? ofValues(value.values) : ofArguments(value.fields);
    depth = Math.max(depth, 1 + below.depth);
    list = Math.max(list, below.list, isList ? value.values.length : 0);
  }
  return { ...NOTHING, depth, list };
}
