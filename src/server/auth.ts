import { createHash, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { jwtVerify, SignJWT } from "jose";

const COOKIE = "hookwire_session";
const SESSION_SECONDS = 12 * 3600;
const LINK_MS = 15 * 60_000;

/** Who asks, and for which tenant. */
export interface Caller {
  readonly tenantId: string;
}

export interface AuthOptions {
  readonly tenantId: string;
  readonly adminKeyHash: Buffer;
  /** Session cookies are signed with a key made from it. */
  readonly secretKey: Buffer;
  /** The address that browsers know the service by. */
  readonly publicUrl: string;
}

/** One operator's key opens everything; a browser gets a session for it. */
export class Auth {
  readonly #options: AuthOptions;
  readonly #sessionKey: Uint8Array;
  readonly #links = new Map<string, number>();

  constructor(options: AuthOptions) {
    this.#options = options;
    // Bound to the operator's key: when that changes, sessions end.
    this.#sessionKey = new Uint8Array(
      hkdfSync("sha256", options.secretKey, options.adminKeyHash, "session", 32),
    );
  }

  /** By `Authorization: Bearer …`, the same text in connection_init, or the session cookie. Null: nobody we know. */
  async identify(request: IncomingMessage, authorization: unknown): Promise<Caller | null> {
    const given = authorization ?? request.headers.authorization;
    if (given !== undefined) return this.#byKey(given);
    return this.#isOwnOrigin(request) ? this.#bySession(request) : null;
  }

  /** A link's token that signs one browser in, once and soon. */
  createLink(): string {
    const token = randomBytes(24).toString("base64url");
    this.#links.set(token, Date.now() + LINK_MS);
    return token;
  }

  /** A Set-Cookie value for who brings the operator's key or a fresh link; undefined for anybody else. */
  async signIn(
    by: { readonly key: string } | { readonly token: string },
  ): Promise<string | undefined> {
    if ("key" in by ? !this.#isKey(by.key) : !this.#useLink(by.token)) return undefined;
    const session = await new SignJWT()
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime(`${SESSION_SECONDS}s`)
      .sign(this.#sessionKey);
    const secure = this.#options.publicUrl.startsWith("https:") ? "; Secure" : "";
    return `${COOKIE}=${session}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_SECONDS}${secure}`;
  }

  #byKey(authorization: unknown): Caller | null {
    const key =
      typeof authorization === "string" ? /^Bearer +(\S+)$/i.exec(authorization)?.[1] : undefined;
    return key !== undefined && this.#isKey(key) ? { tenantId: this.#options.tenantId } : null;
  }

  async #bySession({ headers }: IncomingMessage): Promise<Caller | null> {
    const session = new RegExp(`(?:^|;\\s*)${COOKIE}=([^;]+)`).exec(headers.cookie ?? "")?.[1];
    if (!session) return null;
    try {
      await jwtVerify(session, this.#sessionKey, { algorithms: ["HS256"] });
      return { tenantId: this.#options.tenantId };
    } catch {
      return null; // Expired, or signed with another key: sign in again.
    }
  }

  /** A browser sends cookies along for any page: one of another origin gets nothing by them. */
  #isOwnOrigin({ headers }: IncomingMessage): boolean {
    const { origin, host } = headers;
    if (origin === undefined) return headers.upgrade === undefined;
    return (
      origin === this.#options.publicUrl || (URL.canParse(origin) && new URL(origin).host === host)
    );
  }

  #isKey(key: string): boolean {
    return timingSafeEqual(createHash("sha256").update(key).digest(), this.#options.adminKeyHash);
  }

  #useLink(token: string): boolean {
    const validUntil = this.#links.get(token);
    this.#links.delete(token);
    return validUntil !== undefined && validUntil > Date.now();
  }
}
