import type { ExecutionResult } from "graphql";
import { expect } from "vitest";
import { graphql } from "./generated/gql.ts";
import type { Process } from "./process.ts";

export const StorageFaultsState = graphql(`
  query StorageFaultsState {
    publishedEvents(first: 100) {
      nodes {
        id
      }
    }
    deliveries(first: 100) {
      nodes {
        eventId
        status
        attempts(first: 10) {
          nodes {
            number
            outcome
          }
        }
      }
    }
  }
`);

/** Whether everything that was accepted has been delivered. */
export async function allSucceeded(service: Process): Promise<boolean> {
  const { deliveries } = await service.run(StorageFaultsState);
  return (deliveries?.nodes ?? []).every(({ status }) => status === "SUCCEEDED");
}

/** The clear answer: a code that programs know, words for people, and nothing from the inside. */
export function isUnavailable(answer: ExecutionResult, why: RegExp): void {
  expect(answer.errors).toHaveLength(1);
  const { message, extensions } = answer.errors?.[0] ?? {};
  expect(extensions).toMatchObject({ code: "UNAVAILABLE" });
  expect(message).toMatch(why);
  expect(message).not.toMatch(/SQLITE|insert|begin|\.db/i);
}
