import type { TestPlaces } from "../domain/tools.ts";

/** Tests go ahead of all lanes, so they are few: this part of the places, besides them. */
const SHARE = 1 / 4;

export function createTestPlaces(slots: number): TestPlaces {
  const most = Math.max(1, Math.floor(slots * SHARE));
  let taken = 0;
  return {
    most,
    take: () => taken < most && ++taken > 0,
    free: () => void taken--,
  };
}
