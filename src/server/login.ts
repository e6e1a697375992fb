import type { IncomingMessage, ServerResponse } from "node:http";
import type { Auth } from "./auth.ts";
import { readBody } from "./body.ts";

const FORM_BYTES = 4096;

const page = (problem: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Hookwire</title>
<style>body{font:16px system-ui;max-width:28rem;margin:15vh auto;padding:0 1rem}input,button{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin:.25rem 0}</style>
<h1>Hookwire</h1>
<form method="post" action="/login">
<label>API key <input name="key" type="password" autocomplete="current-password" autofocus required></label>
<button>Sign in</button>
</form>
<p>${problem}</p>
</html>
`;

/** Exchanges a key, or the one-time link of the first start, for a session cookie. */
export async function serveLogin(
  request: IncomingMessage,
  response: ServerResponse,
  auth: Auth,
): Promise<void> {
  const from = request.socket.remoteAddress ?? null;
  const token = new URL(request.url!, "http://login").searchParams.get("token");
  if (request.method === "POST") {
    // Another site's form would sign this browser in as somebody else.
    if (!auth.isOwnOrigin(request)) return show(response, 403, "This form is of another site.");
    const { bytes } = await readBody(request, FORM_BYTES);
    const key = new URLSearchParams(bytes.toString()).get("key") ?? "";
    return answer(
      response,
      await auth.signIn({ key: key.trim() }, from),
      "This key is not the right one.",
    );
  }
  // Only a browser that goes there uses the link up, and not who merely asks for its head.
  if (token === null || request.method !== "GET") return show(response, 200, "");
  // A browser that is signed in already goes on.
  if (await auth.identify(request, undefined)) return go(response);
  answer(
    response,
    await auth.signIn({ token }, from),
    "This link was used or is too old. Sign in with the key.",
  );
}

function answer(response: ServerResponse, cookie: string | undefined, problem: string): void {
  if (cookie) go(response, { "set-cookie": cookie });
  else show(response, 401, problem);
}

function go(response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(303, { location: "/graphql", "cache-control": "no-store", ...headers }).end();
}

function show(response: ServerResponse, status: number, problem: string): void {
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
  };
  response.writeHead(status, headers).end(page(problem));
}
