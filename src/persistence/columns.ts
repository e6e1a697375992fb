import { p } from "@mikro-orm/core";
import type { Header } from "../domain/outcome.ts";

/** Instants are kept to the millisecond. */
export const instant = () => p.datetime(3);
export const headers = () => p.json<Header[]>();
/** A closed set of the domain. Without a check in the table: SQLite can't widen one without rewriting the table. */
export const oneOf = <const T extends readonly string[]>(_values: T) => p.text().$type<T[number]>();
