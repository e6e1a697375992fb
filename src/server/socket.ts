import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { ExecutionArgs } from "graphql";
import { useServer, type Extra } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import type { Auth, Caller } from "./auth.ts";
import type { Yoga } from "./graphql.ts";
import { LIMITS } from "./limits.ts";

type SocketExtra = Extra & Record<PropertyKey, unknown> & { caller?: Caller };
type Enveloped = ReturnType<Yoga["getEnveloped"]>;
type Operation = ExecutionArgs & { rootValue: Pick<Enveloped, "execute" | "subscribe"> };

/** graphql-transport-ws on the same port and path as HTTP. Whoever shows no key in connection_init is closed with 4403. */
export function serveSockets(server: Server, yoga: Yoga, auth: Auth): { close(): Promise<void> } {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.messageBytes,
    perMessageDeflate: false,
  });
  const protocol = useServer<{ authorization?: unknown }, SocketExtra>(
    {
      execute: (args) => (args as Operation).rootValue.execute(args),
      subscribe: (args) => (args as Operation).rootValue.subscribe(args),
      async onConnect({ connectionParams, extra }) {
        const caller = await auth.identify(extra.request, connectionParams?.authorization);
        if (caller) extra.caller = caller;
        return caller !== null;
      },
      async onSubscribe({ extra }, _id, { query, variables, operationName }) {
        const enveloped = yoga.getEnveloped({ caller: extra.caller, request: extra.request });
        const document = enveloped.parse(query);
        const errors = enveloped.validate(enveloped.schema, document);
        if (errors.length > 0) return errors;
        return {
          schema: enveloped.schema,
          operationName,
          document,
          variableValues: variables,
          contextValue: await enveloped.contextFactory(),
          rootValue: { execute: enveloped.execute, subscribe: enveloped.subscribe },
        };
      },
    },
    sockets,
  );
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const path = request.url?.split("?")[0];
    if (path !== yoga.graphqlEndpoint)
      return socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
    sockets.handleUpgrade(request, socket, head, (opened) =>
      sockets.emit("connection", opened, request),
    );
  });
  return { close: async () => protocol.dispose() };
}
