/** A URL without credentials, and the header that carries them. */
export interface Split {
  readonly url: string;
  /** Basic authentication (RFC 7617); null when the URL has none. */
  readonly authorization: string | null;
}

/** Takes `user:password@` out of a URL. What is no URL, or holds no credentials, stays as it is. */
export function splitUserinfo(text: string): Split {
  const url = /\p{Cc}/u.test(text) ? null : URL.parse(text);
  if (!url || (!url.username && !url.password)) return { url: text, authorization: null };
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`;
  url.username = "";
  url.password = "";
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  return { url: url.href, authorization };
}

/** A % that begins no escape stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
