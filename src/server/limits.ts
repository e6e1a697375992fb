import { GraphQLError } from "graphql";

/** What bounds one caller, by the setting's name; # stands for its value. */
const LIMITS = {
  HOOKWIRE_LIMIT_BODY: "The body may have # bytes",
  HOOKWIRE_LIMIT_DOCUMENT: "A document may have # characters; large values belong in variables",
  HOOKWIRE_LIMIT_TOKENS: "A document may have # tokens; large values belong in variables",
  HOOKWIRE_LIMIT_OPERATIONS: "A document may have # operations",
  HOOKWIRE_LIMIT_DEPTH: "Fields, and brackets in a value, may be nested # deep",
  HOOKWIRE_LIMIT_ROOT_FIELDS: "An operation may have # fields at the top",
  HOOKWIRE_LIMIT_ALIASES: "A document may have # aliases, fragments counted wherever they are used",
  HOOKWIRE_LIMIT_DIRECTIVES:
    "A document may have # directives, fragments counted wherever they are used",
  HOOKWIRE_LIMIT_VALIDATION:
    "A document may take # steps to validate; name each field once, and use fewer fragments",
  HOOKWIRE_LIMIT_COST:
    "An operation may cost #, and each field costs 1 for each row that it is on; ask for fewer rows with first, or for fewer fields",
  HOOKWIRE_LIMIT_LIST: "A list may have # entries",
  HOOKWIRE_LIMIT_PAGE: "A page may have # rows; ask for the rest with after",
  HOOKWIRE_LIMIT_SOCKETS: "The service may have # sockets and event streams open; try again later",
  HOOKWIRE_LIMIT_SOCKETS_PER_KEY: "A key may have # sockets and event streams open; close one",
  HOOKWIRE_LIMIT_SOCKETS_WAITING:
    "The service may have # sockets open that said no hello yet; try again in a moment",
  HOOKWIRE_LIMIT_SOCKET_OPERATIONS:
    "A socket may have # operations under way; end one or open another socket",
  HOOKWIRE_LIMIT_SOCKET_MESSAGE: "A socket's message may have # bytes",
  HOOKWIRE_LIMIT_SOCKET_HELLO: "A socket has # ms to say hello",
  HOOKWIRE_LIMIT_RATE: "A key may make # requests a minute",
} as const;

export type LimitName = keyof typeof LIMITS;
/** The settings themselves. */
export type Limits = Readonly<Record<LimitName, number>>;

/** The limit in words: what it bounds, its value and its setting. */
export function limitText(limits: Limits, name: LimitName): string {
  return `${LIMITS[name].replace("#", String(limits[name]))} (${name})`;
}

/** The answer to what is over a limit, over HTTP with this status. */
export function overLimit(limits: Limits, name: LimitName, status = 400): GraphQLError {
  const extensions = { code: "LIMIT_REACHED", limit: limits[name], setting: name };
  // Without `spec: false` Yoga answers 200 to whoever accepts no other type than application/json.
  const http = { status, spec: false };
  return new GraphQLError(limitText(limits, name), { extensions: { ...extensions, http } });
}
