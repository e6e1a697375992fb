import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv4 } from "node:net";

/** What a name server makes of a question. */
export type Answer =
  | {
      readonly addresses: readonly string[];
      readonly afterMs?: number;
      /** The answer from the second lookup on; a lookup is two questions, one for each family. */
      readonly later?: Answer;
    }
  /** An error of RFC 1035, 4.1.1. */
  | { readonly code: number }
  | "SILENT"
  /** The head of an answer, and nothing behind it. */
  | "TORN"
  /** An answer to a question that nobody asked. */
  | "FORGED"
  /** A name that stands for itself. */
  | "CIRCULAR";

export const SERVFAIL = 2;
export const NXDOMAIN = 3;
export const REFUSED = 5;

const TYPE = { A: 1, CNAME: 5, AAAA: 28 } as const;
/** "The name of the question", as a pointer (RFC 1035, 4.1.4). */
const SAME_NAME = [0xc0, 12];

export interface NameServer extends AsyncDisposable {
  /** As HOOKWIRE_DNS_SERVERS takes it. */
  readonly address: string;
  /** Makes the name known; others do not exist. */
  tell(name: string, answer: Answer): void;
}

export async function startNameServer(): Promise<NameServer> {
  const known = new Map<string, Answer>();
  /** Names with another answer later, of whose first lookup one question came. */
  const asked = new Set<string>();
  const socket = createSocket("udp4");
  const waiting = new Set<NodeJS.Timeout>();
  socket.on("message", (query, { port, address }) => {
    const { name, type, end } = readQuestion(query);
    const answer = known.get(name) ?? { code: NXDOMAIN };
    if (answer === "SILENT") return;
    if (typeof answer === "object" && "later" in answer && answer.later) {
      const isSecond = asked.has(name);
      asked.add(name);
      if (isSecond) known.set(name, answer.later);
    }
    const head = query.subarray(0, end);
    const afterMs = typeof answer === "object" && "addresses" in answer ? answer.afterMs : 0;
    const timer = setTimeout(() => {
      waiting.delete(timer);
      socket.send(reply(head, type, answer), port, address);
    }, afterMs);
    waiting.add(timer);
  });
  await once(socket.bind(0, "127.0.0.1"), "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    tell: (name, answer) => void known.set(name, answer),
    async [Symbol.asyncDispose]() {
      for (const timer of waiting) clearTimeout(timer);
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function reply(question: Buffer, type: number, answer: Exclude<Answer, "SILENT">): Buffer {
  if (answer === "TORN") return compose(question, 0, 1, []);
  if (answer === "CIRCULAR") return compose(question, 0, 1, [record(TYPE.CNAME, SAME_NAME)]);
  if (answer === "FORGED") {
    const forged = reply(question, type, { addresses: ["127.0.0.1"] });
    forged.writeUInt16BE(forged.readUInt16BE(0) ^ 1, 0);
    return forged;
  }
  if ("code" in answer) return compose(question, answer.code, 0, []);
  const records = answer.addresses
    .filter((address) => type === (isIPv4(address) ? TYPE.A : TYPE.AAAA))
    .map((address) => record(type, bytesOf(address)));
  return compose(question, 0, records.length, records);
}

function compose(question: Buffer, code: number, count: number, records: Buffer[]): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(count, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...records]);
}

/** Without a lifetime: nobody keeps it. */
function record(type: number, content: readonly number[]): Buffer {
  return Buffer.from([...SAME_NAME, 0, type, 0, 1, 0, 0, 0, 0, 0, content.length, ...content]);
}

function bytesOf(address: string): readonly number[] {
  if (isIPv4(address)) return address.split(".").map(Number);
  // As a URL writes it, in groups of hexadecimal digits.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = [], tail = []] = text
    .split("::")
    .map((side) => side.split(":").filter((group) => group !== ""));
  const zeros = Array<string>(8 - head.length - tail.length).fill("0");
  return [...head, ...zeros, ...tail].flatMap((group) => [
    parseInt(group, 16) >> 8,
    parseInt(group, 16) & 0xff,
  ]);
}
