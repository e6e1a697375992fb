import type { Header } from "../domain/outcome.ts";
import { builder } from "./builder.ts";

export const HttpHeader = builder.objectRef<Header>("HttpHeader").implement({
  description: "A header as it went over the wire.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "In lower case." }),
    value: t.exposeString("value", { description: "Reads [redacted] when it is secret." }),
  }),
});

export interface Body {
  readonly bytes: Uint8Array;
  readonly truncated: boolean;
  readonly contentType: string | null;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function textOf({ bytes }: Body): string | null {
  try {
    return UTF8.decode(bytes);
  } catch {
    return null; // Not UTF-8, which the field says.
  }
}

function jsonOf(body: Body): unknown {
  try {
    return JSON.parse(textOf(body) ?? "");
  } catch {
    return null; // Not JSON, which the field says.
  }
}

export const HttpBody = builder.objectRef<Body>("HttpBody").implement({
  description: "A body as sent or received.",
  fields: (t) => ({
    text: t.string({ nullable: true, description: "Null when it is not UTF-8.", resolve: textOf }),
    json: t.field({
      type: "JSON",
      nullable: true,
      description: "Null when it is not JSON.",
      resolve: jsonOf,
    }),
    base64: t.string({
      description: "The bytes themselves.",
      resolve: ({ bytes }) => Buffer.from(bytes).toString("base64"),
    }),
    bytes: t.int({ description: "How many bytes are kept.", resolve: ({ bytes }) => bytes.length }),
    truncated: t.exposeBoolean("truncated", {
      description: "Whether there was more than what is kept.",
    }),
    contentType: t.exposeString("contentType", {
      nullable: true,
      description: "The content-type header.",
    }),
  }),
});

export function contentTypeOf(headers: readonly Header[]): string | null {
  return headers.find(({ name }) => name === "content-type")?.value ?? null;
}
