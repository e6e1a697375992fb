import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands for all that is public: the tests allow it, and nothing else. */
export const OPEN_ADDRESS = "127.0.0.2";
const PRIVATE_ADDRESSES = ["127.0.0.1", "::1"];
/** Ports that another program happens to have at one of the addresses. */
const TRIES = 20;

const answer: RequestListener = (_request, response) =>
  // Each request has a connection of its own, so that all are counted.
  void response.setHeader("connection", "close").end();

/** Listens at private addresses and at one that stands for the public ones, all on one port. */
export class Listeners implements AsyncDisposable {
  /** That the private ones ever saw. */
  connections = 0;
  /** Without ::1 on a machine without IPv6. */
  readonly addresses: string[] = [];
  /** What the open one answers. */
  answerOpen = answer;
  port = 0;
  readonly #servers: Server[] = [];

  async open(): Promise<this> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#open();
        return this;
      } catch (error) {
        await this[Symbol.asyncDispose]();
        if ((error as { code?: unknown }).code !== "EADDRINUSE" || tries === TRIES) throw error;
      }
    }
  }

  async #open(): Promise<void> {
    await this.#listen(OPEN_ADDRESS, (request, response) => this.answerOpen(request, response));
    for (const address of PRIVATE_ADDRESSES) {
      try {
        const server = await this.#listen(address, answer);
        server.on("connection", () => this.connections++);
        this.addresses.push(address);
      } catch (error) {
        const hasNone = /EADDRNOTAVAIL|EAFNOSUPPORT/.test(String((error as Error).message));
        if (address !== "::1" || !hasNone) throw error;
      }
    }
  }

  async #listen(address: string, listener: RequestListener): Promise<Server> {
    const server = createServer(listener);
    await once(server.listen(this.port, address), "listening");
    this.#servers.push(server);
    this.port = (server.address() as AddressInfo).port;
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers.splice(0)) {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    }
    this.addresses.length = 0;
    this.port = 0;
  }
}
