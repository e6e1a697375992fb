/**
 * Types for the clients of the API, from the printed schema and from the documents they send. Run by
 * `npm run schema`, which prints the schema first; the result is committed.
 */
import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: ["test/**/*.ts", "console/**/*.{ts,tsx}", "src/cli/**/*.ts", "!test/generated/**"],
  ignoreNoDocuments: true,
  generates: {
    "test/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true, // a scalar without a line below fails the run, rather than becoming `any`
        scalars: {
          DateTime: "string",
          Duration: "string",
          ID: "string",
          JSON: "unknown",
          JSONPointer: "string",
          StreamCursor: "string",
          URL: "string",
        },
      },
    },
  },
  importExtension: ".ts", // Node.js runs the generated files as they are
};

export default config;
