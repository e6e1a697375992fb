/** START: no connection is made yet. PROXY: the operator's proxy is asked for one. */
export type ConnectPhase = "START" | "DNS" | "PROXY" | "CONNECT" | "TLS" | "OPEN";

/** The newest connection of a line: how far it got, how long each phase took, how often it served. */
export class Wire {
  phase: ConnectPhase = "START";
  /** The connection, or what it is made of so far. */
  socket: { destroy(error: Error): unknown } | undefined;
  remoteAddress: string | undefined;
  dnsMs: number | undefined;
  connectMs: number | undefined;
  tlsMs: number | undefined;
  uses = 0;

  reset(): void {
    this.phase = "DNS";
    this.socket = this.remoteAddress = undefined;
    this.dnsMs = this.connectMs = this.tlsMs = undefined;
    this.uses = 0;
  }
}
