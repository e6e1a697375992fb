import type { Statements } from "../statements.ts";
import { claimStatements, type Crew } from "./claims.ts";
import { deliveryStatements } from "./deliveries.ts";
import { eventStatements } from "./events.ts";
import { foldStatements } from "./fold.ts";
import { peopleStatements, retentionStatements } from "./rest.ts";
import type { Query } from "./rows.ts";

export function createStatements(query: Query, crew: Crew): Statements {
  return {
    ...eventStatements(query),
    ...deliveryStatements(query),
    ...claimStatements(query, crew),
    ...foldStatements(query),
    ...peopleStatements(query),
    ...retentionStatements(query),
  };
}
