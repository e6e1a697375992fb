import { idBefore, type IdPrefix } from "../domain/id.ts";

export interface TimeRange {
  readonly from?: Date | null;
  readonly to?: Date | null;
}

/** How far an id may be from the moment beside it, when the clock was set. */
const ID_MARGIN_MS = 3_600_000;

/** From inclusive, to exclusive. Ids are made of the same moment: by their bounds a list finds its place at once. */
export function within(
  prefix: IdPrefix,
  property: string,
  range: TimeRange | null | undefined,
): object {
  const { from, to } = range ?? {};
  if (!from && !to) return {};
  const id = (at: Date, margin: number) => idBefore(prefix, new Date(at.getTime() + margin));
  return {
    $and: [
      { [property]: { ...(from && { $gte: from }), ...(to && { $lt: to }) } },
      ...(from ? [{ id: { $gte: id(from, -ID_MARGIN_MS) } }] : []),
      ...(to ? [{ id: { $lt: id(to, ID_MARGIN_MS) } }] : []),
    ],
  };
}
