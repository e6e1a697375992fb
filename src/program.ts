import { flushCompileCache } from "node:module";
import { ConfigProblem, readConfig } from "./config.ts";
import { createLog, type Logger } from "./log.ts";
import { DatabaseProblem } from "./persistence/database.ts";
import { PortProblem } from "./server/http.ts";
import { startService, type Service } from "./service.ts";

/** Settings, service, and one line when it is ready. */
async function start(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config.HOOKWIRE_LOG);
  process.on("uncaughtException", (err) => {
    log.fatal({ err }, "crashed");
    process.exit(1);
  });
  const service = await startService(config, log);
  let stopping: Promise<void> | undefined;
  // A terminal's Ctrl-C reaches the process twice under npm: the second one must not cut the first one short.
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.on(signal, () => void (stopping ??= stop(service, log)));
  if (service.firstStart) {
    console.log(`API key (shown only now): ${service.firstStart.adminKey}`);
    console.log(`Sign your browser in, once: ${service.firstStart.link}`);
  }
  console.log(`Hookwire is ready on ${service.url}/graphql`);
  flushCompileCache();
}

async function stop(service: Service, log: Logger): Promise<void> {
  console.log("Hookwire is stopping; attempts in flight may end (HOOKWIRE_DRAIN)");
  try {
    await service.stop();
    console.log("Hookwire has stopped");
    process.exit(0);
  } catch (err) {
    log.fatal({ err }, "the stop failed");
    process.exit(1);
  }
}

/** The program, until a signal stops it. */
export async function run(): Promise<void> {
  try {
    await start();
  } catch (error) {
    const isPlain = [ConfigProblem, DatabaseProblem, PortProblem].some(
      (kind) => error instanceof kind,
    );
    console.error(isPlain ? `Hookwire can't start. ${(error as Error).message}` : error);
    process.exit(1);
  }
}
