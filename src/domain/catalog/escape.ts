/**
 * What no reader sees, but tabs and line ends: control characters, halves of surrogate pairs, what stands for them, and what
 * turns the order of the others on screen. Generated sources must not hold them: compilers take a file with some for no text.
 */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cs}\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF\uFFFD]/u;
const ALL_UNSEEN = new RegExp(UNSEEN, "gu");

export function hasUnseen(text: string): boolean {
  return UNSEEN.test(text);
}

/** With `\u202e` for what nobody would see. */
export function escapeUnseen(text: string): string {
  return text.replaceAll(
    ALL_UNSEEN,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
