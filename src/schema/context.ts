import type { StreamItem, StreamRequest } from "../domain/stream.ts";
import type { Tools } from "../domain/tools.ts";
import type { WebhookReader } from "../persistence/read-webhooks.ts";
import type { Reader } from "../persistence/read.ts";
import type { Loaders } from "./loaders.ts";

/** What the service gives to every operation. */
export interface Services {
  readonly tools: Tools;
  readonly reader: Reader;
  readonly webhookReader: WebhookReader;
  readonly stream: (request: StreamRequest) => AsyncIterableIterator<StreamItem>;
  /** The address of an inbox; `https://…/in/<id>`. */
  readonly inboxUrl: (inboxId: string) => string;
}

/** One operation: who asks, and what it works with. */
export interface Context extends Services {
  readonly tenantId: string;
  readonly load: Loaders;
}
