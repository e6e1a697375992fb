/** Why a pattern of JavaScript can't be written for RE2, in words that continue the name of its place. */
export class Untranslatable extends Error {}
