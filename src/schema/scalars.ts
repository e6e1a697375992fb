import { GraphQLError } from "graphql";
import type { Json } from "../domain/catalog/entry.ts";
import { builder } from "./builder.ts";

const INSTANT = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** JavaScript takes 30 February for 2 March. */
function isDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split("-").map(Number);
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

builder.scalarType("DateTime", {
  description:
    "RFC 3339 instant, UTC, milliseconds, such as 2026-01-31T12:00:00.000Z. Other offsets are accepted.",
  specifiedByURL: "https://scalars.graphql.org/andimarek/date-time.html",
  serialize: (value) => value.toISOString(),
  parseValue(value) {
    const date = typeof value === "string" && INSTANT.test(value) ? new Date(value) : undefined;
    if (date && !Number.isNaN(date.getTime()) && isDay(String(value))) return date;
    throw new GraphQLError(
      "DateTime must be an RFC 3339 instant with a time zone, such as 2026-01-31T12:00:00Z",
    );
  },
});

builder.scalarType("JSON", {
  description: "Any JSON value, inline; never JSON inside a string.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc8259",
  serialize: (value) => value,
  parseValue: (value) => value as NonNullable<Json>,
});

/** Texts whose content the domain judges, so that the commonest mistakes are typed errors. */
function textScalar(
  name: "Duration" | "URL" | "JSONPointer" | "StreamCursor",
  description: string,
  url?: string,
): void {
  builder.scalarType(name, {
    description,
    ...(url && { specifiedByURL: url }),
    serialize: String,
    parseValue(value) {
      if (typeof value === "string") return value;
      throw new GraphQLError(`${name} must be a string. ${description}`);
    },
  });
}

textScalar(
  "Duration",
  "ISO 8601 duration, such as PT30S; seconds may have a fraction: PT0.3S.",
  "https://www.rfc-editor.org/rfc/rfc3339#appendix-A",
);
textScalar("URL", "Absolute http or https URL.", "https://url.spec.whatwg.org/");
textScalar(
  "JSONPointer",
  "RFC 6901 pointer into a payload, such as /payment_total_raw.",
  "https://www.rfc-editor.org/rfc/rfc6901",
);
textScalar(
  "StreamCursor",
  "Opaque position in a live stream, bound to its stream and tenant. Not a list cursor: those are Strings.",
);
