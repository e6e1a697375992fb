import { builder } from "./builder.ts";

export const TimeRange = builder.inputType("TimeRange", {
  description: "A span of time; an end that is absent is open.",
  fields: (t) => ({
    from: t.field({ type: "DateTime", description: "From this instant on." }),
    to: t.field({ type: "DateTime", description: "Up to, but without, this instant." }),
  }),
});
