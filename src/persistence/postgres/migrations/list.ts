import { Initial } from "./initial.ts";

/** In the order they run; a name that was released never changes. */
export const MIGRATIONS = [{ name: "0001-initial", class: Initial }];
