import type { OutcomeKind } from "../domain/outcome.ts";
import { BLOCKED } from "./connector.ts";
import { BAD_STATUS, TOO_PROVISIONAL } from "./exchange.ts";
import { PROXY_STATUS, PROXY_SURPLUS } from "./tunnel.ts";
import type { ConnectPhase } from "./wire.ts";

/** The codes of the two ways in which we end an attempt ourselves. */
export const DEADLINE = "ERR_DEADLINE";
export const STOPPING = "ERR_STOPPING";

const LOCATION_LIMIT = 200;

export interface Verdict {
  readonly kind: OutcomeKind;
  readonly message: string;
}

/** What an answer's status means. `location`: the header of that name. */
export function judgeStatus(status: number, location: string | undefined): Verdict {
  if (status >= 200 && status < 300)
    return { kind: "SUCCEEDED", message: `The receiver answered ${status}` };
  if (status >= 300 && status < 400) {
    const where = location ? ` and points to ${location.slice(0, LOCATION_LIMIT)}` : "";
    return {
      kind: "REDIRECT",
      message: `The receiver answered ${status}${where}: redirects are not followed, change the webhook's URL`,
    };
  }
  return { kind: "HTTP_STATUS", message: `The receiver answered ${status}: ${adviseOn(status)}` };
}

function adviseOn(status: number): string {
  switch (status) {
    case 400:
    case 422:
      return "it does not accept this request; its answer and its log should say why";
    case 401:
    case 403:
      return "it refuses the caller; check the credentials in the webhook's headers and the signing secret";
    case 404:
      return "nothing is at this path; check the webhook's URL";
    case 405:
      return "this path takes no POST; check the webhook's URL";
    case 410:
      return "the receiver is gone for good, which pauses a webhook until somebody resumes it (a test does not)";
    case 413:
      return "the body is too large for it; raise its limit or choose events with less payload";
    case 415:
      return "it does not take application/json";
    case 429:
      return "it asks for fewer requests; lower the webhook's maxInFlight if this goes on";
  }
  if (status >= 500) return "something failed on its side; its own log should say what";
  return "it turned the request down; its answer and its log should say why";
}

/** An attempt that ended without the status of an answer. */
export interface Failure {
  readonly error: NodeJS.ErrnoException;
  readonly phase: ConnectPhase;
  readonly hasAnswerBegun: boolean;
  /** With the port where it is not the usual one. */
  readonly host: string;
  readonly timeoutMs: number;
}

export function judgeFailure(failure: Failure): Verdict {
  const { error, phase, host } = failure;
  const code = codeOf(error);
  if (code === DEADLINE) return { kind: "TIMEOUT", message: explainDeadline(failure) };
  if (code === STOPPING) {
    return {
      kind: "TIMEOUT",
      message: "Hookwire was stopping and cut the attempt off; it may have arrived",
    };
  }
  if (code === BLOCKED) return { kind: "BLOCKED_ADDRESS", message: error.message };
  switch (phase) {
    case "START":
      return { kind: "INTERNAL", message: explainUnsent(error) };
    case "DNS":
      return { kind: "DNS", message: explainDns(code, nameOf(host)) };
    case "PROXY":
      return { kind: "CONNECT", message: explainProxy(error, code, host) };
    case "CONNECT":
      return { kind: "CONNECT", message: explainConnect(code, host) };
    case "TLS":
      return { kind: "TLS", message: explainTls(code, host) };
    case "OPEN":
      return judgeOpen(failure, code);
  }
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, "");
}

/** A race of several addresses fails with one error around those of each. */
function codeOf(error: NodeJS.ErrnoException): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const { code } = first instanceof Error ? (first as NodeJS.ErrnoException) : error;
  return code ?? error.name;
}

function explainDeadline({ phase, hasAnswerBegun, host, timeoutMs }: Failure): string {
  const limit = `The limit of ${timeoutMs} ms was over`;
  switch (phase) {
    case "START":
      return `${limit} before the request to ${host} was begun`;
    case "DNS":
      return `${limit} while looking up ${nameOf(host)}: its name servers do not answer`;
    case "PROXY":
      return `${limit} while the proxy was connecting to ${host}: is ${nameOf(host)} up, and is the proxy?`;
    case "CONNECT":
      return `${limit} while connecting to ${host}: is it up, and does a firewall let this machine through?`;
    case "TLS":
      return `${limit} during the TLS handshake with ${host}: does this port speak TLS?`;
    case "OPEN":
      return `${limit} while waiting for ${hasAnswerBegun ? "the rest of the answer's head" : "the answer"}: the receiver should answer first and do its work afterwards`;
  }
}

function explainDns(code: string, host: string): string {
  if (code === "ENOTFOUND" || code === "ENODATA")
    return `${host} has no address: check the name in the webhook's URL`;
  if (code === "ETIMEOUT") return `The name servers did not answer for ${host}`;
  return `The name servers could not answer for ${host} (${code})`;
}

/** Never where the proxy is: these texts are for those whose webhook it is. */
function explainProxy(error: Error, code: string, host: string): string {
  switch (code) {
    case PROXY_STATUS:
      return explainProxyStatus(Number(error.message), host);
    case PROXY_SURPLUS:
      return `The proxy sent more than its answer to CONNECT before ${host} was asked anything: does it take CONNECT?`;
    case "HPE_HEADER_OVERFLOW":
      return "The headers of the proxy's answer are larger than 16 KiB";
    case "ECONNRESET":
    case "EPIPE":
      return "The proxy closed the connection before it answered: the operator should check HOOKWIRE_PROXY, its port, and http or https";
  }
  if (code.startsWith("HPE_"))
    return "What the proxy answered is not HTTP/1.1: the operator should check the port in HOOKWIRE_PROXY, and http or https";
  return `No connection to the proxy (${code}): the operator should check HOOKWIRE_PROXY, its port, and http or https`;
}

function explainProxyStatus(status: number, host: string): string {
  if (status === 407)
    return "The proxy asks for other credentials (407): the operator should check the user name and password in HOOKWIRE_PROXY";
  if (status >= 500)
    return `The proxy did not get to ${host} (${status}): is it up, and does the proxy's network reach it?`;
  return `The proxy does not connect to ${host} (${status}): the operator should check what it allows`;
}

function explainConnect(code: string, host: string): string {
  switch (code) {
    case "ECONNREFUSED":
      return `${host} refused the connection: nothing listens on this port`;
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "EADDRNOTAVAIL":
      return `${host} cannot be reached from this machine (${code}): check the network between them`;
    case "ETIMEDOUT":
      return `${host} did not answer the connection: is it up, and does a firewall let this machine through?`;
    case "ECONNRESET":
    case "EPIPE":
    case "UND_ERR_SOCKET":
      return `${host} closed the connection before it answered: its log should say why; check the port, and http or https`;
  }
  return `No connection to ${host} (${code})`;
}

function explainTls(code: string, host: string): string {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return `The certificate of ${host} has expired: renew it`;
    case "CERT_NOT_YET_VALID":
      return `The certificate of ${host} is not valid yet: check the clocks of both machines`;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return `The certificate of ${host} is self-signed: use one of a public authority, or have the operator trust yours with NODE_EXTRA_CA_CERTS`;
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return `The certificate of ${host} comes without its chain, or from an unknown authority: serve the full chain, or have the operator trust the authority with NODE_EXTRA_CA_CERTS`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `The certificate is for another name than ${nameOf(host)}: check the webhook's URL, or use a certificate with this name`;
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
    case "ERR_SSL_UNKNOWN_PROTOCOL":
    case "ERR_SSL_HTTP_REQUEST":
      return `This port of ${host} does not speak TLS: use http:// or the port that does`;
    case "ECONNRESET":
    case "EPIPE":
      return `${host} closed the connection during the TLS handshake: does this port speak TLS 1.2 or newer?`;
  }
  return `No TLS connection to ${host} (${code})`;
}

const RESETS = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT", "UND_ERR_SOCKET"]);

/** The request went out, or began to, and no status came back. */
function judgeOpen({ error, hasAnswerBegun, host }: Failure, code: string): Verdict {
  // With TLS 1.3 a receiver's objection to the handshake arrives after our half of it is done.
  if (code.startsWith("ERR_SSL_")) return { kind: "TLS", message: explainTls(code, host) };
  if (RESETS.has(code) && !hasAnswerBegun)
    return { kind: "CONNECT", message: explainConnect(code, host) };
  if (code === "UND_ERR_HEADERS_OVERFLOW") {
    return {
      kind: "INVALID_RESPONSE",
      message: `The headers of the answer from ${host} are larger than 16 KiB`,
    };
  }
  if (code === BAD_STATUS) {
    return {
      kind: "INVALID_RESPONSE",
      message: `${host} answered with ${error.message}, which HTTP does not have`,
    };
  }
  if (code === TOO_PROVISIONAL) {
    return {
      kind: "INVALID_RESPONSE",
      message: `${host} sent one provisional answer (1xx) after the other, and no final one`,
    };
  }
  if (hasAnswerBegun || code.startsWith("HPE_")) {
    return {
      kind: "INVALID_RESPONSE",
      message: `What ${host} answered is not HTTP/1.1 (${error.message.slice(0, 100)}): is it the right port, and http or https?`,
    };
  }
  return { kind: "INTERNAL", message: explainUnsent(error) };
}

function explainUnsent(error: Error): string {
  return `The request could not be sent: ${error.message.slice(0, 200)}`;
}
