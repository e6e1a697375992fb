import { OwnCatalog } from "./catalog.ts";
import { Engine } from "./engine.ts";
import { Initial } from "./initial.ts";
import { Keys } from "./keys.ts";
import { Processes } from "./processes.ts";
import { Signing } from "./signing.ts";

/** In the order they run; a name that was released never changes. */
export const MIGRATIONS = [
  { name: "0001-initial", class: Initial },
  { name: "0002-engine", class: Engine },
  { name: "0003-keys", class: Keys },
  { name: "0004-signing", class: Signing },
  { name: "0005-catalog", class: OwnCatalog },
  { name: "0006-processes", class: Processes },
];
