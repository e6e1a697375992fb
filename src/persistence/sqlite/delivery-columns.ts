import { Delivery } from "../../domain/delivery.ts";
import type { DueDelivery } from "../statements.ts";
import { date, type Row } from "./rows.ts";

export const EVENT_OF_DELIVERY =
  "e.type_name as typeName, iif(d.shape is null or d.shape = '?', e.payload, b.payload) as payload, e.occurred_at as occurredAt from delivery d join event e on e.id = d.event_id left join body b on b.event_id = d.event_id and b.shape = d.shape";

export function deliveryOf(row: Row<Delivery>): Delivery {
  return Object.assign(new Delivery(), row, {
    isTest: row.isTest === 1,
    createdAt: new Date(row.createdAt),
    dueAt: date(row.dueAt),
    succeededAt: date(row.succeededAt),
    finishedAt: date(row.finishedAt),
  });
}

export function dueDeliveryOf(row: Row<DueDelivery>): DueDelivery {
  return Object.assign(deliveryOf(row), {
    typeName: row.typeName,
    payload: row.payload,
    occurredAt: new Date(row.occurredAt),
  });
}
