import { isUsable, type ApiKey } from "../domain/api-key.ts";
import { Session } from "./session.ts";

export interface KeySource {
  byHash(hash: string): Promise<ApiKey | null>;
  byIds(ids: readonly string[]): Promise<readonly ApiKey[]>;
  /** When keys were last used, by id. */
  used(uses: ReadonlyMap<string, Date>): Promise<void>;
}

/** The keys in use, so that a request costs no query. They are read again whenever keys change, and twice a minute. */
export class Keys {
  readonly #source: KeySource;
  readonly #now: () => Date;
  readonly #sessions = new Map<string, Session>();
  readonly #idOfHash = new Map<string, string>();
  #uses = new Map<string, Date>();
  /** Raised by each look at all of them: what was read before it may be out of date. */
  #looks = 0;

  constructor(source: KeySource, now: () => Date) {
    this.#source = source;
    this.#now = now;
  }

  async byHash(hash: string): Promise<Session | null> {
    const id = this.#idOfHash.get(hash);
    const known = id === undefined ? undefined : this.#sessions.get(id);
    return this.#use(known ?? (await this.#open(() => this.#source.byHash(hash))));
  }

  async byId(id: string): Promise<Session | null> {
    const known = this.#sessions.get(id);
    return this.#use(known ?? (await this.#open(async () => (await this.#source.byIds([id]))[0])));
  }

  /** Ends what was revoked or has expired. */
  async refresh(): Promise<void> {
    this.#looks++;
    const known = [...this.#sessions.keys()];
    if (known.length === 0) return;
    const apiKeys = await this.#source.byIds(known);
    const usable = new Set(apiKeys.filter((one) => isUsable(one, this.#now())).map(({ id }) => id));
    for (const id of known) {
      if (usable.has(id)) continue;
      this.#sessions.get(id)?.end();
      this.#sessions.delete(id);
    }
    for (const [hash, id] of this.#idOfHash)
      if (!this.#sessions.has(id)) this.#idOfHash.delete(hash);
  }

  /** Keeps when each was last used. What can't be written now goes along with the next: one time for each key. */
  async keepUses(): Promise<void> {
    const uses = this.#uses;
    if (uses.size === 0) return;
    this.#uses = new Map();
    try {
      await this.#source.used(uses);
    } catch (error) {
      this.#uses = new Map([...uses, ...this.#uses]);
      throw error;
    }
  }

  async #open(read: () => Promise<ApiKey | null | undefined>): Promise<Session | null> {
    const looks = this.#looks;
    const apiKey = await read();
    if (looks !== this.#looks) return this.#open(read);
    if (!apiKey || !isUsable(apiKey, this.#now())) return null;
    const known = this.#sessions.get(apiKey.id);
    if (known) return known;
    const { id, tenantId, scopes, name: keyName, expiresAt } = apiKey;
    const rights = { tenantId, scopes: new Set(scopes), keyName, expiresAt, webhookIds: null };
    const session = new Session(id, rights, this.#now);
    this.#sessions.set(id, session);
    this.#idOfHash.set(apiKey.hash, id);
    return session;
  }

  #use(session: Session | null): Session | null {
    if (!session || session.isOver) return null;
    this.#uses.set(session.id, this.#now());
    return session;
  }
}
