import type { Shape } from "./publisher.ts";
import type { Service } from "./service.ts";

/** Room for `,"sentAt":1234567890123.456}`. */
export const TAIL = 27;

/** A type's sample, filled up so that the payload has `bytes` bytes; further keys are allowed. */
export async function shapeOf(service: Service, type: string, bytes: number): Promise<Shape> {
  const { eventType } = await service.run<{ eventType: { samplePayload: object } }>(
    "query ($type: String!) { eventType(name: $type) { samplePayload } }",
    { type },
  );
  const plain = JSON.stringify(eventType.samplePayload).slice(0, -1);
  const filling = bytes - plain.length - `,"filling":""`.length - TAIL;
  if (filling < 0) throw new Error(`The sample of ${type} is larger than ${bytes} bytes`);
  return { type, payload: `${plain},"filling":"${"x".repeat(filling)}"` };
}
