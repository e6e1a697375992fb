import { hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { jwtVerify, SignJWT } from "jose";
import { hashOf } from "../domain/api-key.ts";
import type { Actor, AuditChange } from "../domain/audit.ts";
import { OPERATOR, SCOPES } from "../domain/rights.ts";
import { isOwnOrigin } from "./cors.ts";
import type { Keys } from "./keys.ts";
import { Session } from "./session.ts";
import { Tokens } from "./tokens.ts";

const COOKIE = "hookwire_session";
const SESSION_SECONDS = 12 * 3600;
const LINK_MS = 15 * 60_000;

/** How often keys and tokens are looked at again. */
const LOOK_MS = 30_000;

export interface Watching {
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly report: (error: unknown) => void;
  readonly signal: AbortSignal;
}

export interface AuthOptions {
  /** The operator's own tenant. */
  readonly tenantId: string;
  readonly adminKeyHash: Buffer;
  readonly keys: Keys;
  readonly now: () => Date;
  /** Session cookies are signed with a key made from it. */
  readonly secretKey: Buffer;
  /** The address that browsers know the service by. */
  readonly publicUrl: string;
  readonly audit: (tenantId: string, change: AuditChange, by: Actor) => void;
}

/** The operator's key opens everything, a tenant's what its scopes say; a browser gets a cookie for either. */
export class Auth {
  readonly #options: AuthOptions;
  readonly #sessionKey: Uint8Array;
  readonly #operator: Session;
  readonly tokens: Tokens;
  readonly #links = new Map<string, number>();

  constructor(options: AuthOptions) {
    this.#options = options;
    const { tenantId, now } = options;
    const scopes = new Set(SCOPES);
    const rights = { tenantId, scopes, webhookIds: null, keyName: null, expiresAt: null };
    this.#operator = new Session(OPERATOR, rights, now);
    this.tokens = new Tokens(options.secretKey, options.adminKeyHash, now);
    // Bound to the operator's key: when that changes, sessions end.
    this.#sessionKey = new Uint8Array(
      hkdfSync("sha256", options.secretKey, options.adminKeyHash, "session", 32),
    );
  }

  /** By `Authorization: Bearer …`, the same text in connection_init, or the session cookie. Null: nobody we know. */
  async identify(request: IncomingMessage, authorization: unknown): Promise<Session | null> {
    const given = authorization ?? request.headers.authorization;
    if (given !== undefined) return this.#byHeader(given);
    return this.isOwnOrigin(request) ? this.#bySession(request) : null;
  }

  /** Ends what was revoked or has expired, and keeps when keys were used, until the signal; and once more then. */
  async watch({ wait, report, signal }: Watching): Promise<void> {
    const { keys } = this.#options;
    while (!signal.aborted) {
      await wait(LOOK_MS, signal);
      this.tokens.sweep();
      await Promise.all([keys.refresh(), keys.keepUses()]).catch(report);
    }
  }

  /** A link's token that signs one browser in, once and soon. */
  createLink(): string {
    const token = randomBytes(24).toString("base64url");
    this.#links.set(token, Date.now() + LINK_MS);
    return token;
  }

  /** A Set-Cookie value for who brings a key or a fresh link; undefined for anybody else. */
  async signIn(
    by: { readonly key: string } | { readonly token: string },
    from: string | null,
  ): Promise<string | undefined> {
    const session = "key" in by ? await this.#byKey(by.key) : this.#byLink(by.token);
    if (!session) return undefined;
    const { id: actor, rights } = session;
    const change = { action: "session.created", subject: actor, before: null, after: null };
    this.#options.audit(rights.tenantId, change, { actor, from });
    const token = await new SignJWT()
      .setProtectedHeader({ alg: "HS256" })
      .setSubject(session.id)
      .setExpirationTime(`${SESSION_SECONDS}s`)
      .sign(this.#sessionKey);
    const secure = this.#options.publicUrl.startsWith("https:") ? "; Secure" : "";
    return `${COOKIE}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_SECONDS}${secure}`;
  }

  async #byHeader(authorization: unknown): Promise<Session | null> {
    const key =
      typeof authorization === "string" ? /^Bearer +(\S+)$/i.exec(authorization)?.[1] : undefined;
    if (key === undefined) return null;
    return Tokens.isToken(key) ? this.tokens.open(key, this.#sessionOf) : this.#byKey(key);
  }

  async #bySession({ headers }: IncomingMessage): Promise<Session | null> {
    const token = new RegExp(`(?:^|;\\s*)${COOKIE}=([^;]+)`).exec(headers.cookie ?? "")?.[1];
    const id = token && (await this.#subjectOf(token));
    return id ? this.#sessionOf(id) : null;
  }

  readonly #sessionOf = async (id: string): Promise<Session | null> =>
    id === OPERATOR ? this.#operator : this.#options.keys.byId(id);

  /** Undefined when it has expired or was signed with another key: sign in again. */
  async #subjectOf(token: string): Promise<string | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.#sessionKey, { algorithms: ["HS256"] });
      return payload.sub;
    } catch {
      return undefined;
    }
  }

  /** A browser sends cookies along for any page: one of another origin gets nothing by them. */
  isOwnOrigin({ headers }: IncomingMessage): boolean {
    if (headers.origin === undefined) return headers.upgrade === undefined;
    return isOwnOrigin(headers, this.#options.publicUrl);
  }

  /** Hashes are compared and looked up, never keys: how long it takes says nothing about a key. */
  async #byKey(key: string): Promise<Session | null> {
    const hash = hashOf(key);
    const isOperators = timingSafeEqual(Buffer.from(hash, "hex"), this.#options.adminKeyHash);
    return isOperators ? this.#operator : this.#options.keys.byHash(hash);
  }

  #byLink(token: string): Session | null {
    const validUntil = this.#links.get(token);
    this.#links.delete(token);
    return validUntil !== undefined && validUntil > Date.now() ? this.#operator : null;
  }
}
