/** Longer words are not compared: they are no slip of the pen, and the comparison costs length times length. */
const MAX_CHARACTERS = 100;
/** Whoever gets everything wrong in an object this wide must not keep others waiting. */
const MAX_KNOWN = 500;
/** Shorter words are part of too many others. */
const MIN_PART = 4;
const MAX_SUGGESTIONS = 3;

/**
 * The known words that somebody may have meant, best first, three at most: those that differ only in case and
 * underscores, and nothing else if there are any; those that differ by few letters; those that hold the word, as `customer_user_email` holds `email`.
 */
export function nearMisses(word: string, known: Iterable<string>): string[] {
  if (word.length > MAX_CHARACTERS) return [];
  const meant = folded(word);
  const most = Math.ceil(meant.length / 4);
  const near: { readonly candidate: string; readonly rank: number }[] = [];
  for (const candidate of new Set(known).values().take(MAX_KNOWN)) {
    const other = folded(candidate);
    if (other.length > MAX_CHARACTERS || candidate === word) continue;
    const isClose = Math.abs(other.length - meant.length) <= most;
    const slips = isClose ? distance(meant, other, most) : Infinity;
    if (slips <= most) near.push({ candidate, rank: slips });
    else if (meant.length >= MIN_PART && other.includes(meant)) {
      near.push({ candidate, rank: most + other.length });
    }
  }
  const isSame = near.some(({ rank }) => rank === 0);
  return near
    .filter(({ rank }) => !isSame || rank === 0)
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, MAX_SUGGESTIONS)
    .map(({ candidate }) => candidate);
}

/** The end of a sentence: "; did you mean a or b?", or nothing. */
export function didYouMean(suggestions: readonly string[]): string {
  const [last, ...others] = suggestions.toReversed();
  if (last === undefined) return "";
  const choices = others.length > 0 ? `${others.toReversed().join(", ")} or ${last}` : last;
  return `; did you mean ${choices}?`;
}

function folded(word: string): string {
  return word.toLowerCase().replaceAll(/[_-]/g, "");
}

/** Letters added, left out, changed, or swapped with their neighbour (optimal string alignment); Infinity if more than `most`. */
function distance(a: string, b: string, most: number): number {
  let [before, above, current] = [row(), row(), row()];
  for (let column = 0; column <= b.length; column++) above[column] = column;
  for (let line = 1; line <= a.length; line++) {
    current[0] = line;
    let nearest = line;
    for (let column = 1; column <= b.length; column++) {
      const changed = a.charCodeAt(line - 1) === b.charCodeAt(column - 1) ? 0 : 1;
      let least = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + changed,
      );
      if (
        changed === 1 &&
        line > 1 &&
        column > 1 &&
        a.charCodeAt(line - 1) === b.charCodeAt(column - 2) &&
        a.charCodeAt(line - 2) === b.charCodeAt(column - 1)
      ) {
        least = Math.min(least, (before[column - 2] ?? 0) + 1);
      }
      current[column] = least;
      nearest = Math.min(nearest, least);
    }
    if (nearest > most) return Infinity;
    [before, above, current] = [above, current, before];
  }
  return above[b.length] ?? 0;
}

function row(): Uint8Array {
  return new Uint8Array(MAX_CHARACTERS + 1);
}
