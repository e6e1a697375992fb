import { below, type PayloadProblem } from "../payload-problem.ts";
import { isRules, type Place } from "./schema-places.ts";

/** Subschemas, each counted as often as it is referred to: the work that one value can take. */
const MAX_FOLLOWED = 1_000;
/** Of subschemas and references: compiling and validating recurse as deep. */
const MAX_FOLLOWED_DEPTH = 32;

/** Deeper than a schema that is taken, shallower than the stack. */
const MAX_OPEN = 200;

interface Extent {
  readonly count: number;
  readonly depth: number;
}

/** What is wrong with the references, and how much they make of the schema. Nothing is expanded: each place is measured once. */
export function referenceProblems(places: readonly Place[]): readonly PayloadProblem[] {
  const byPointer = new Map(places.map((place) => [place.pointer, place]));
  const problems: PayloadProblem[] = [];
  const measured = new Map<Place, Extent | "open">();

  function follow(place: Place): Extent {
    const ref = isRules(place.schema) ? place.schema.$ref : undefined;
    if (typeof ref !== "string") return { count: 0, depth: 0 };
    const pointer = below(place.pointer, "$ref");
    const refuse = (message: string): Extent => {
      problems.push({ pointer, message });
      return { count: 0, depth: 0 };
    };
    const path = ref === "#" ? "" : pointerOf(ref);
    if (path === null) return refuse("must begin with #/: a schema refers only to itself");
    const target = byPointer.get(path);
    if (!target) return refuse("points to no subschema of this schema");
    return measure(target) ?? refuse(RECURSIVE);
  }

  let open = 0;

  /** Null when it is being measured: then it refers to itself. */
  function measure(place: Place): Extent | null {
    const known = measured.get(place);
    if (known) return known === "open" ? null : known;
    // Too deep already, and thousands of references in a chain would overflow the stack.
    if (open === MAX_OPEN) return { count: 1, depth: MAX_OPEN };
    measured.set(place, "open");
    open++;
    const parts = place.children
      .map((child) => ({ child, extent: measure(child) }))
      .flatMap(({ child, extent }) => (extent && !child.isDefinition ? [extent] : []));
    parts.push(follow(place));
    const count = parts.reduce((sum, part) => sum + part.count, 1);
    const extent = { count, depth: 1 + Math.max(...parts.map(({ depth }) => depth)) };
    measured.set(place, extent);
    open--;
    return extent;
  }

  const [root] = places;
  const extent = root && measure(root);
  if (extent && extent.count > MAX_FOLLOWED) {
    const message = `has more than ${MAX_FOLLOWED} subschemas when its references are followed`;
    problems.push({ pointer: "", message });
  }
  if (extent && extent.depth > MAX_FOLLOWED_DEPTH) {
    const message = `is more than ${MAX_FOLLOWED_DEPTH} levels deep when its references are followed`;
    problems.push({ pointer: "", message });
  }
  return problems;
}

const RECURSIVE =
  "is recursive, which is not allowed: checking could take exponential time, and the fields of a payload would have no end";

/** Null for what is no local pointer. */
function pointerOf(ref: string): string | null {
  if (!ref.startsWith("#/")) return null;
  try {
    return ref
      .slice(2)
      .split("/")
      .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"))
      .reduce(below, "");
  } catch {
    return null; // A lone "%".
  }
}
