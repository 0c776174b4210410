// The host's way in on the machine itself: a socket in the data folder, which no visitor reaches and none can fill.
//
// One line of JSON each way: an Admin message, `{"status": true}` or `{"applicants": true}`; the answer is a Reply, with `figures`
// or `applicants` for the last two. Where the socket is stands in `admin-channel`, since a path may be too long for one; who can read the folder can read the token.

import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { InputError } from "@homebody/base";
import { type Figures, readFigures, writeFigures } from "@homebody/coordinator";
import {
  type AdminAct,
  type Applicant,
  type Applicants,
  checkApplicants,
  checkDone,
  checkReply,
  type Reply,
} from "@homebody/protocol";
import { adminTokenPath } from "./admin-token.ts";

export interface AdminChannelInputs {
  readonly dataDir: string;
  /** An Admin message. Throws an InputError for one that is malformed. */
  readonly administer: (message: unknown) => Promise<Reply>;
  readonly figures: () => Figures;
  /** Who waits to be let in. */
  readonly applicants: () => readonly Applicant[];
}

const addressFile = (dataDir: string) => join(dataDir, "admin-channel");
const mostBytes = 64 * 1024;
const patienceMs = 10_000;
/** What the address of a Unix socket may have everywhere. */
const longestPath = 100;

export async function openAdminChannel(inputs: AdminChannelInputs): Promise<{ close(): Promise<void> }> {
  const { dataDir } = inputs;
  const path = await socketPath(dataDir);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    converse(socket, inputs);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  if (process.platform !== "win32") await chmod(path, 0o600);
  await writeFile(addressFile(dataDir), path, { mode: 0o600 });
  return {
    async close() {
      await rm(addressFile(dataDir), { force: true });
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      if (path !== inFolder(dataDir) && process.platform !== "win32")
        await rm(dirname(path), { recursive: true });
    },
  };
}

const inFolder = (dataDir: string) => join(dataDir, "admin.sock");

async function socketPath(dataDir: string): Promise<string> {
  if (process.platform === "win32") return `\\\\.\\pipe\\homebody-${randomUUID()}`;
  const path = inFolder(dataDir);
  if (Buffer.byteLength(path) > longestPath)
    return join(await mkdtemp(join(tmpdir(), "homebody-")), "admin.sock");
  await rm(path, { force: true }); // of one that was killed: the folder is locked, so nobody else has it
  return path;
}

function converse(socket: Socket, inputs: AdminChannelInputs): void {
  socket.on("error", () => {});
  socket.setTimeout(patienceMs, () => socket.destroy());
  let text = "";
  socket.setEncoding("utf8");
  socket.on("data", (piece: string) => {
    text += piece;
    const end = text.indexOf("\n");
    if (end < 0 && text.length > mostBytes) return void socket.destroy();
    if (end < 0) return;
    socket.removeAllListeners("data");
    socket.setTimeout(0); // an act waits for the journal
    void answer(text.slice(0, end), inputs).then((reply) => socket.end(`${JSON.stringify(reply)}\n`));
  });
}

async function answer(
  line: string,
  { administer, figures, applicants }: AdminChannelInputs,
): Promise<object> {
  try {
    const message = JSON.parse(line) as { readonly status?: unknown; readonly applicants?: unknown } | null;
    if (message?.status === true) return { ok: true, figures: writeFigures(figures()) };
    if (message?.applicants === true) return { ok: true, applicants: applicants() };
    return await administer(message);
  } catch (error) {
    const isAsker = error instanceof InputError || error instanceof SyntaxError;
    return { ok: false, refusal: isAsker ? "malformed" : "trouble" } satisfies Reply;
  }
}

/** Throws an InputError where no coordinator is at work on the folder. */
export async function askAdminChannel(dataDir: string, act: AdminAct): Promise<Reply> {
  const token = await readFile(adminTokenPath(dataDir), "utf8").catch(() => {
    throw notAtWork(dataDir);
  });
  return checkReply(await ask(dataDir, { token: token.trim(), act }), checkDone, "admin");
}

/** The figures of the coordinator that is at work on the folder. Throws an InputError where none is. */
export async function askStatus(dataDir: string): Promise<Figures> {
  const { figures } = (await ask(dataDir, { status: true })) as { figures?: unknown };
  return readFigures(figures);
}

/** Throws an InputError where no coordinator is at work on the folder. */
export async function askApplicants(dataDir: string): Promise<Reply<Applicants>> {
  return checkReply(await ask(dataDir, { applicants: true }), checkApplicants, "applicants");
}

async function ask(dataDir: string, message: object): Promise<unknown> {
  const path = await readFile(addressFile(dataDir), "utf8").catch(() => {
    throw notAtWork(dataDir);
  });
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${JSON.stringify(message)}\n`));
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (piece: string) => {
      text += piece;
    });
    socket.on("end", () =>
      text === "" ? reject(new Error("the coordinator ended before it answered")) : resolve(text),
    );
    socket.on("error", () => reject(notAtWork(dataDir)));
  });
  return JSON.parse(text);
}

function notAtWork(dataDir: string): InputError {
  return new InputError("data folder", "one that a coordinator is at work on (homebody serve)", dataDir);
}
