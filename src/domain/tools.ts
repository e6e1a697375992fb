import type { Actor } from "./audit.ts";
import type { Announce } from "./fact.ts";
import type { IdPrefix } from "./id.ts";
import type { Lanes, Store } from "./store.ts";
import type { Vault } from "./vault.ts";
import type { WebhookDefaults } from "./webhook.ts";

export interface Clock {
  /** Wall time: for what is stored and due. */
  readonly now: () => Date;
  /** Lease clock, milliseconds: never steps. */
  readonly leaseMs: () => number;
  /** Resolves after `ms` of monotonic time, or at once when the signal aborts. */
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Tests that may be under way at once. */
export interface TestPlaces {
  readonly most: number;
  /** False when all are taken. */
  take(): boolean;
  free(): void;
}

/** What the commands work with. Time and chance are passed in. */
export interface Tools {
  /** Who gives the commands. */
  readonly by: Actor;
  readonly store: Store;
  readonly lanes: Lanes;
  readonly testPlaces: TestPlaces;
  readonly announce: Announce;
  readonly clock: Clock;
  readonly newId: (prefix: IdPrefix) => string;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly vault: Vault;
  readonly defaults: WebhookDefaults;
  /** Lets others go on between the steps of something long. */
  readonly rest: () => Promise<void>;
  /** The normal form of a URL that webhooks may use; throws a Refusal for any other. */
  readonly checkUrl: (url: string) => string;
}
