import type { JsonObject } from "../domain/catalog/entry.ts";
import { bodyOf, type BodyParts } from "../domain/event.ts";
import { UNSHAPED, type Route } from "../domain/route.ts";
import { select } from "../domain/selection.ts";
import type { Body } from "./mapping-catalog.ts";

/** The bodies of one event: one of each format and selection, and what a selection left of the payload is kept once. */
export class Bodies {
  readonly #kept: Body[];
  readonly #event: BodyParts;
  readonly #data: JsonObject;
  /** By selection. */
  readonly #payloads = new Map<string, string>();
  /** By format and selection. */
  readonly #bodies = new Map<string, string>();

  /** Adds what has to be stored to `kept`. */
  constructor(kept: Body[], event: BodyParts, data: JsonObject) {
    this.#kept = kept;
    this.#event = event;
    this.#data = data;
  }

  /** What the delivery keeps: the selection that shapes its payload. */
  shapeFor(route: Route): string | null {
    const shaping = route.select.get(this.#event.typeName);
    if (shaping === undefined) return null;
    if (shaping === "BROKEN") return UNSHAPED;
    const { shape, selection } = shaping;
    if (this.#payloads.has(shape)) return shape;
    const payload = JSON.stringify(select(selection, this.#data));
    this.#payloads.set(shape, payload);
    this.#kept.push({ eventId: this.#event.id, shape, payload });
    return shape;
  }

  bodyFor({ format }: Pick<Route, "format">, shape: string | null): string {
    if (shape === UNSHAPED) throw new Error("A payload that is not shaped yet can't be sent");
    const name = shape === null ? format : format + shape;
    let body = this.#bodies.get(name);
    if (body === undefined) {
      const payload = shape === null ? undefined : this.#payloads.get(shape)!;
      this.#bodies.set(name, (body = bodyOf(this.#event, format, payload)));
    }
    return body;
  }
}
