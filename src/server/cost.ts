import {
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  Kind,
  typeFromAST,
  valueFromASTUntyped,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";

/** Rows of a list whose length nobody says beforehand. */
const LIST_ROWS = 10;
/** What is known of the schema is read from memory. */
const INTROSPECTION_PRICE = 0.1;

/** What a selection costs: once, and again for each row when it is on a list's own rows, such as a connection's nodes. */
interface Cost {
  readonly once: number;
  readonly perRow: number;
}

export interface Asked {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface Price {
  readonly cost: number;
  /** The largest page that is asked for. */
  readonly page: number;
}

/**
 * The price of a valid operation before it runs: each field costs 1, times the rows of every list that it is on. A
 * connection has `first` rows; a field of the schema may say in `extensions.rows` how many it has, or the path of the
 * argument whose entries are its rows; any other list counts as 10.
 *
 *     { deliveries(first: 50) { totalCount { value } nodes { id attempts(first: 5) { nodes { id } } } } }
 *       1                       1            1         50     50 50                   250     250        = 653
 */
export function priceOf(asked: Asked): Price {
  const pricing = new Pricing(asked);
  const root = asked.schema.getRootType(asked.operation.operation)!;
  const cost = whole(pricing.ofSelections(asked.operation.selectionSet, root), LIST_ROWS);
  return { cost: Math.ceil(cost), page: pricing.page };
}

class Pricing {
  page = 0;
  readonly #schema: GraphQLSchema;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  /** Each fragment is priced once, however often it is used. */
  readonly #known = new Map<string, Cost>();

  constructor({ schema, document, operation, variables }: Asked) {
    this.#schema = schema;
    this.#variables = withDefaults(operation, variables);
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION)
        this.#fragments.set(definition.name.value, definition);
  }

  ofSelections({ selections }: SelectionSetNode, type: GraphQLCompositeType): Cost {
    let once = 0;
    let perRow = 0;
    for (const selection of selections) {
      const cost =
        selection.kind === Kind.FIELD
          ? this.#ofField(selection, type)
          : selection.kind === Kind.FRAGMENT_SPREAD
            ? this.#ofFragment(selection.name.value)
            : this.ofSelections(
                selection.selectionSet,
                this.#typeOf(selection.typeCondition) ?? type,
              );
      once += cost.once;
      perRow += cost.perRow;
    }
    return { once, perRow };
  }

  #ofField(node: FieldNode, parent: GraphQLCompositeType): Cost {
    const field = this.#schema.getField(parent, node.name.value);
    const type = field && getNamedType(field.type);
    if (!field || !node.selectionSet || !isCompositeType(type)) return { once: 1, perRow: 0 };
    const below = this.ofSelections(node.selectionSet, type);
    const rows = this.#rowsOf(field, node);
    if (!isListType(getNullableType(field.type)))
      return { once: (1 + whole(below, rows ?? LIST_ROWS)) * priceFor(field), perRow: 0 };
    const each = 1 + whole(below, LIST_ROWS);
    return rows === undefined ? { once: 0, perRow: each } : { once: rows * each, perRow: 0 };
  }

  #ofFragment(name: string): Cost {
    const known = this.#known.get(name);
    if (known) return known;
    const { selectionSet, typeCondition } = this.#fragments.get(name)!;
    const cost = this.ofSelections(selectionSet, this.#typeOf(typeCondition)!);
    this.#known.set(name, cost);
    return cost;
  }

  #typeOf(condition: FragmentDefinitionNode["typeCondition"] | undefined) {
    const type = condition && typeFromAST(this.#schema, condition);
    return isCompositeType(type) ? type : undefined;
  }

  /** Undefined when nobody says it. */
  #rowsOf(field: GraphQLField<unknown, unknown>, node: FieldNode): number | undefined {
    if (field.args.some(({ name }) => name === "first")) {
      const first = Number(this.#argument(field, node, "first"));
      this.page = Math.max(this.page, first || 0);
      return Math.max(1, first || 1);
    }
    const said = field.extensions.rows as number | readonly string[] | undefined;
    if (typeof said === "number") return said;
    const [name, ...path] = said ?? [];
    if (name === undefined) return undefined;
    const list = path.reduce<unknown>(
      (value, key) => (value as Record<string, unknown> | null | undefined)?.[key],
      this.#argument(field, node, name),
    );
    return Array.isArray(list) ? Math.max(1, list.length) : 1;
  }

  #argument(field: GraphQLField<unknown, unknown>, node: FieldNode, name: string): unknown {
    const given = node.arguments?.find((one) => one.name.value === name);
    const value = given && valueFromASTUntyped(given.value, this.#variables);
    // Pothos sets what GraphQL.js still takes, and calls deprecated.
    return value === undefined ? field.args.find((one) => one.name === name)?.defaultValue : value;
  }
}

/** Never 0 rows: that and what fragments without end cost have no product. */
function whole({ once, perRow }: Cost, rows: number): number {
  return once + rows * perRow;
}

function priceFor({ name }: GraphQLField<unknown, unknown>): number {
  return name === "__schema" || name === "__type" ? INTROSPECTION_PRICE : 1;
}

function withDefaults(
  { variableDefinitions = [] }: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = { ...given };
  for (const { variable, defaultValue } of variableDefinitions)
    if (defaultValue) values[variable.name.value] ??= valueFromASTUntyped(defaultValue);
  return values;
}
