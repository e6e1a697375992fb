import { createHash, hkdfSync, randomUUID } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import type { AccessToken } from "../domain/access-token.ts";
import { SCOPES, type Caller, type Scope } from "../domain/rights.ts";
import { Session } from "./session.ts";

const PREFIX = "hookt_";
/** Tokens that are checked once and remembered. */
const KNOWN_MAX = 10_000;

interface Known {
  readonly session: Session;
  readonly forgetMaker: () => void;
}

interface Claims {
  readonly sub: string;
  readonly scopes: readonly Scope[];
  readonly webhooks: readonly string[] | null;
  readonly exp: number;
  /** Of the token that a key made, and of all that were made from it. */
  readonly jti: string;
}

/**
 * Access tokens: signed, kept nowhere, and over when their maker's key is. Limits count each that a key made by itself,
 * and those that are made with a token together with it: whoever gets one token gets no more by it than that.
 */
export class Tokens {
  readonly #key: Uint8Array;
  readonly #now: () => Date;
  /** By hash, those used last at the end. */
  readonly #known = new Map<string, Known>();
  /** What tokens are counted as. */
  readonly #families = new WeakMap<Caller, string>();

  constructor(secretKey: Buffer, salt: Buffer, now: () => Date) {
    this.#key = new Uint8Array(hkdfSync("sha256", secretKey, salt, "access token", 32));
    this.#now = now;
  }

  static isToken(text: string): boolean {
    return text.startsWith(PREFIX);
  }

  async sign(
    { makerId, scopes, webhookIds, expiresAt }: AccessToken,
    maker: Caller,
  ): Promise<string> {
    const token = await new SignJWT({ scopes, webhooks: webhookIds })
      .setProtectedHeader({ alg: "HS256" })
      .setSubject(makerId)
      .setJti(this.#families.get(maker) ?? randomUUID())
      .setExpirationTime(Math.floor(expiresAt.getTime() / 1000))
      .sign(this.#key);
    return PREFIX + token;
  }

  /** What a token opens; null for one that has expired, was not made here, or whose maker is gone. */
  async open(
    text: string,
    sessionOf: (makerId: string) => Promise<Session | null>,
  ): Promise<Session | null> {
    const hash = createHash("sha256").update(text).digest("base64");
    const known = this.#known.get(hash);
    if (known) return this.#use(hash, known.session);
    const claims = await this.#claimsOf(text);
    const maker = claims && (await sessionOf(claims.sub));
    if (!maker) return null;
    const { scopes, webhooks, exp, jti: family } = claims;
    const session = new Session(
      maker.id,
      {
        ...maker.rights,
        scopes: new Set(
          SCOPES.filter((one) => scopes.includes(one) && maker.rights.scopes.has(one)),
        ),
        webhookIds: webhooks,
        expiresAt: new Date(exp * 1000),
      },
      this.#now,
      family,
    );
    this.#families.set(session, family);
    // Somebody else may have been quicker, and the maker may be over by now.
    const other = this.#known.get(hash);
    if (other) return this.#use(hash, other.session);
    if (maker.isOver) return null;
    const forgetMaker = maker.onEnd(() => {
      session.end();
      this.#known.delete(hash);
    });
    this.#known.set(hash, { session, forgetMaker });
    this.#makeRoom();
    return this.#use(hash, session);
  }

  /** Ends those that have expired. */
  sweep(): void {
    for (const [hash, { session }] of this.#known) if (session.isOver) this.#end(hash);
  }

  #use(hash: string, session: Session): Session | null {
    if (session.isOver) {
      this.#end(hash);
      return null;
    }
    const known = this.#known.get(hash)!;
    this.#known.delete(hash);
    this.#known.set(hash, known);
    return session;
  }

  #end(hash: string): void {
    const known = this.#known.get(hash);
    if (!known) return;
    this.#known.delete(hash);
    known.forgetMaker();
    known.session.end();
  }

  /** Forgets one that was not used for long. Whatever opened something stays: it is swept when it is over. */
  #makeRoom(): void {
    if (this.#known.size <= KNOWN_MAX) return;
    for (const [hash, { session, forgetMaker }] of this.#known) {
      if (!session.isIdle) continue;
      this.#known.delete(hash);
      forgetMaker();
      return;
    }
  }

  async #claimsOf(text: string): Promise<Claims | null> {
    try {
      const { payload } = await jwtVerify<Claims>(text.slice(PREFIX.length), this.#key, {
        algorithms: ["HS256"],
        currentDate: this.#now(),
      });
      return payload as Claims;
    } catch {
      return null;
    }
  }
}
