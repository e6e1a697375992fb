/** A command of `hookwire`. */
export interface Command {
  /** What `hookwire <name> --help` prints. */
  readonly usage: string;
  /** Errors whose message is all that a person has to know; any other is a bug and shown whole. */
  readonly problems: readonly (abstract new (...args: never[]) => Error)[];
  /** `args`: what follows the command's name. Those it does not know are refused by parseArgs. */
  run(args: readonly string[]): Promise<void>;
}
