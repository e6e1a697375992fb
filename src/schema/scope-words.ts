import SchemaBuilder, {
  BasePlugin,
  type PothosOutputFieldConfig,
  type PothosTypeConfig,
  type SchemaTypes,
} from "@pothos/core";

const NAME = "scopeWords";
export default NAME;

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      scopeWords: ScopeWordsPlugin<Types>;
    }
  }
}

/** Adds to the description of a type or a field which scope it needs, as it is declared there. */
class ScopeWordsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onTypeConfig(config: PothosTypeConfig): PothosTypeConfig {
    return { ...config, description: described(config) };
  }

  override onOutputFieldConfig(
    config: PothosOutputFieldConfig<Types>,
  ): PothosOutputFieldConfig<Types> {
    return { ...config, description: described(config) };
  }
}

function described(config: { description?: string | null; pothosOptions: object }) {
  const { authScopes } = config.pothosOptions as { authScopes?: { needs?: string } };
  return authScopes?.needs
    ? `${config.description} Needs ${authScopes.needs}.`
    : config.description;
}

SchemaBuilder.registerPlugin(NAME, ScopeWordsPlugin);
