import type { contextCacheSymbol } from "@pothos/core";
import type { AccessToken } from "../domain/access-token.ts";
import type { Caller } from "../domain/rights.ts";
import type { StreamItem, StreamRequest } from "../domain/stream.ts";
import type { Tools } from "../domain/tools.ts";
import type { TenantReader } from "../persistence/read-tenants.ts";
import type { WebhookReader } from "../persistence/read-webhooks.ts";
import type { Reader } from "../persistence/read.ts";
import type { Loaders } from "./loaders.ts";

/** What the service gives to every operation. */
export interface Services {
  readonly tools: Tools;
  readonly reader: Reader;
  readonly webhookReader: WebhookReader;
  readonly tenantReader: TenantReader;
  /** Readers that show what belongs to these webhooks, and nothing else. */
  readonly narrow: (webhookIds: readonly string[]) => Pick<Services, "reader" | "webhookReader">;
  readonly signToken: (token: AccessToken, maker: Caller) => Promise<string>;
  readonly stream: (request: StreamRequest) => AsyncIterableIterator<StreamItem>;
  /** The address of an inbox; `https://…/in/<id>`. */
  readonly inboxUrl: (inboxId: string) => string;
}

/** One operation: who asks, and what it works with. */
export interface Context extends Services {
  readonly caller: Caller;
  /** By this what was found out about scopes is shared. */
  readonly [contextCacheSymbol]: Caller;
  /** The caller's. */
  readonly tenantId: string;
  readonly load: Loaders;
}
