import { promises as dns } from "node:dns";

/** Of `dns.promises.Resolver`: c-ares, where a silent name server holds up no other name. */
export interface Resolver {
  resolve4(host: string): Promise<readonly string[]>;
  resolve6(host: string): Promise<readonly string[]>;
}

/** Two tries of 1.5 s leave most of a usual deadline to the request itself. */
const LIMITS = { timeout: 1500, tries: 2 };

/**
 * Asks these servers, or the system's when there are none. Each lookup has a socket of its own: one answer that
 * c-ares can't read makes it close the socket, and with it all other lookups that wait there.
 */
export function createResolver(servers: readonly string[] = []): Resolver {
  const open = () => {
    const resolver = new dns.Resolver(LIMITS);
    if (servers.length > 0) resolver.setServers(servers);
    return resolver;
  };
  return {
    resolve4: (host) => open().resolve4(host),
    resolve6: (host) => open().resolve6(host),
  };
}
