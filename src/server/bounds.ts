import { Crowd } from "./crowd.ts";
import type { Limits } from "./limits.ts";
import { PersistedDocuments } from "./persisted.ts";
import { Rates } from "./rates.ts";

/** What holds callers in bounds, over HTTP and sockets alike. */
export interface Bounds {
  readonly limits: Limits;
  readonly rates: Rates;
  readonly crowd: Crowd;
  /** The only documents that run, if they are named. */
  readonly persisted: PersistedDocuments | undefined;
}

/** `nowMs` never steps. */
export function createBounds(
  settings: Limits & { readonly HOOKWIRE_DOCUMENTS: ReadonlyMap<string, string> | undefined },
  nowMs: () => number,
): Bounds {
  const documents = settings.HOOKWIRE_DOCUMENTS;
  return {
    limits: settings,
    rates: new Rates(settings, nowMs),
    crowd: new Crowd(settings),
    persisted: documents && new PersistedDocuments(documents),
  };
}
