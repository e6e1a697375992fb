import type { Database } from "./database.ts";
import { prepareInstallation, type Installation } from "./installation.ts";
import { createCrew, type CrewTools } from "./postgres/crew.ts";
import { Follower } from "./postgres/follower.ts";
import { defaultTenant as serverTenant, withMeta } from "./postgres/meta.ts";
import { openPostgres, openProblem, serverProblem } from "./postgres/open.ts";
import { defaultTenant, metaStatements } from "./sqlite/meta.ts";
import { inWords, openDatabase, storageProblem as fileProblem } from "./sqlite/open.ts";

export interface StorageOptions {
  /** A file, `:memory:`, or the address of a PostgreSQL server. */
  readonly url: string;
  readonly secretKey: Buffer | undefined;
  readonly adminKey: string | undefined;
  /** Names this process in leases. */
  readonly owner: string;
  /** Connections to a server. */
  readonly pool: number;
  readonly clock: CrewTools["clock"];
  readonly report: (error: unknown) => void;
}

export interface Storage {
  readonly database: Database;
  readonly installation: Installation;
  /** Runs a step of the start; what the database has against it becomes a sentence. */
  readonly inWords: <T>(step: () => Promise<T>) => Promise<T>;
}

export function isServer(url: string): boolean {
  return /^postgres(ql)?:\/\//.test(url);
}

/** Opens the database, whichever it is, with all that must be there before anything else. */
export function openStorage(options: StorageOptions): Promise<Storage> {
  return isServer(options.url) ? openServer(options) : openFile(options);
}

async function openFile({ url: file, clock, ...settings }: StorageOptions): Promise<Storage> {
  const database = await inWords(file, () => openDatabase(file));
  try {
    const installation = await inWords(file, () => {
      const tenantId = defaultTenant(database.writer, clock.now());
      return prepareInstallation(metaStatements(database.writer), tenantId, { ...settings, file });
    });
    return { database, installation, inWords: (step) => inWords(file, step) };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openServer(options: StorageOptions): Promise<Storage> {
  const { url, clock, owner, pool, report, ...settings } = options;
  const crew = createCrew(owner);
  return inServerWords(url, async () => {
    const database = await openPostgres(url, { pool, crew });
    try {
      const installation = await database.alone(async () => {
        const tenantId = await serverTenant(database.query, clock.now());
        return withMeta(database.query, (meta) =>
          prepareInstallation(meta, tenantId, { ...settings, file: null }),
        );
      });
      await crew.start(database.query, { clock, report });
      const others = new Follower({ ...database, crew, clock, report });
      const close = async () => {
        await crew.stop();
        await database.close();
      };
      return {
        database: { ...database, others, close },
        installation,
        inWords: (step) => inServerWords(url, step),
      };
    } catch (error) {
      await database.close();
      throw error;
    }
  });
}

async function inServerWords<T>(url: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw openProblem(url, error) ?? error;
  }
}

/** A sentence for an error of the disk or the database that is no bug of ours; undefined for any other error. */
export function storageProblem(error: unknown): string | undefined {
  return fileProblem(error) ?? serverProblem(error);
}
