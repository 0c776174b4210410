// homebody serve: hosts a run. A thin shell around @homebody/server; stdout says where things are, stderr is the log.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { InputError, noun } from "@homebody/base";
import { diskInWords, summary } from "@homebody/coordinator";
import { bytesInWords, modelSize } from "@homebody/dept";
import type { Start } from "@homebody/protocol";
import {
  createServer,
  faultsFromEnvironment,
  type RunningServer,
  type ServerOptions,
  stderrLog,
  withoutSecureContext,
} from "@homebody/server";
import { readCertificate } from "./certificate.ts";
import { interrupt } from "./interrupt.ts";
import { shownSize } from "./model-size.ts";
import { onlyArgument, wholeNumber } from "./options.ts";

export const usage = `
homebody serve RUN.yaml [--data DIR] [--port N] [--host ADDR] [--database URL]
                        [--tls-cert FILE --tls-key FILE | --trust-proxy] [--public-url URL]... [--end]

Hosts the run that RUN.yaml describes, until Ctrl-C; the next start goes on where it was.

  --data DIR       where the run's state is kept (./data)
  --port N         where the pages are (8080; 0 for any that is free)
  --host ADDR      the address to listen on (127.0.0.1: this computer alone; 0.0.0.0: everybody)
  --database URL   postgres://...: the journal is kept there instead of in the data folder, from the first start on
                   (later: homebody migrate)
  --tls-cert FILE  certificate and key in PEM: browsers off this computer need HTTPS to take part
  --tls-key FILE
  --trust-proxy    a proxy in front speaks HTTPS: its X-Forwarded-For is believed
  --public-url URL the address by which others reach it, where that has a name (https://run.example.org): pages that are
                   asked for by another name are not given. Once for each name; behind a proxy always
  --end            where the file has as few rounds as are done, or fewer: the run ends with them
`;

export async function run(args: readonly string[]): Promise<number> {
  const options = await read(args);
  const stop = interrupt();
  let failed = () => {};
  const failure = new Promise<"failed">((resolve) => {
    failed = () => resolve("failed");
  });
  try {
    const server = await createServer({ ...options, onFailed: failed });
    try {
      for (const line of greeting(server, options)) say(line);
      void server.finished.then(() =>
        say(
          `The run is finished; its pages stay open until Ctrl-C. ${JSON.stringify(summary(server.figures()))}`,
        ),
      );
      const why = await Promise.race([failure, stop.came]);
      if (why === "failed") return 1;
      say("Stopping; the next start goes on from here.");
      return 0;
    } finally {
      await server.close();
    }
  } finally {
    stop.release();
  }
}

async function read(args: readonly string[]): Promise<ServerOptions> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      data: { type: "string", default: "data" },
      port: { type: "string", default: "8080" },
      host: { type: "string", default: "127.0.0.1" },
      database: { type: "string" },
      "tls-cert": { type: "string" },
      "tls-key": { type: "string" },
      "trust-proxy": { type: "boolean", default: false },
      "public-url": { type: "string", multiple: true, default: [] },
      end: { type: "boolean", default: false },
    },
  });
  const run = onlyArgument("serve", "one run file", positionals);
  const { "tls-cert": cert, "tls-key": key, "trust-proxy": trustProxy, database } = values;
  if ((cert === undefined) !== (key === undefined))
    throw new InputError(
      "--tls-cert, --tls-key",
      "both or neither",
      cert === undefined ? "--tls-key" : "--tls-cert",
    );
  if (cert !== undefined && trustProxy)
    throw new InputError("--trust-proxy", "no certificate beside it: HTTPS ends at the proxy", "--tls-cert");
  const publicUrls = values["public-url"].map(publicUrl);
  if (trustProxy && publicUrls.length === 0)
    throw new InputError(
      "--trust-proxy",
      "--public-url beside it: the address that the proxy is reached by",
      "none",
    );
  const faults = faultsFromEnvironment();
  return {
    run: resolve(run),
    dataDir: resolve(values.data),
    port: wholeNumber("--port", values.port, 0, 65535),
    host: values.host,
    ...{ trustProxy, publicUrls },
    end: values.end,
    log: stderrLog(),
    ...(database === undefined ? {} : { databaseUrl: database }),
    ...(cert === undefined || key === undefined ? {} : { tls: await readCertificate(cert, key) }),
    ...(faults === undefined ? {} : { faults }),
  };
}

function publicUrl(text: string): URL {
  try {
    const url = new URL(text);
    if (/^https?:$/.test(url.protocol) && url.pathname === "/" && url.search === "") return url;
  } catch {
    // said below
  }
  throw new InputError("--public-url", "an address without a path, such as https://run.example.org", text);
}

/** What stdout says first. */
export function greeting(
  server: RunningServer,
  options: Parameters<typeof withoutSecureContext>[0] & Pick<ServerOptions, "publicUrls">,
): string[] {
  const url = options.publicUrls?.[0]?.origin ?? server.url;
  const { name, rounds, sources, joining } = server.figures();
  const joined = [
    ...sources.flatMap(({ title, sinceBody }) =>
      sinceBody === null ? [] : `${title} since body ${sinceBody}`,
    ),
    ...joining.map(({ source }) => `${source.title} from the next body on`),
  ];
  const lack = withoutSecureContext(options);
  const { manifest } = server.state();
  const { standardBytes: standard } = modelSize(manifest);
  return [
    "",
    `  ${name}: ${server.existed ? "going on" : "a new run"}, ${rounds} rounds in all, ${sources.length} ${noun(sources.length, "source")}`,
    "",
    `  Volunteer page   ${url}/`,
    `  Dashboard        ${url}/dashboard`,
    `  Admin token      in ${server.adminTokenPath} (for ${url}/admin)`,
    `  Model            ${shownSize(manifest)}`,
    `                   (the whole model at every step: ${bytesInWords(standard)} each way a round${manifest.training.timeBox === "off" ? "" : " at most"})`,
    `  Disk             ${diskInWords(server.state())}`,
    ...(manifest.start === undefined ? [] : [`  Starts from      ${shownStart(manifest.start)}`]),
    ...(joined.length === 0 ? [] : [`  Joined later     ${joined.join(", ")}`]),
    "",
    ...(lack === undefined ? [] : [lack, ""]),
  ];
}

const shownStart = ({ name, sha256 }: Start) => `${name} (weights of SHA-256 ${sha256.slice(0, 12)}...)`;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
