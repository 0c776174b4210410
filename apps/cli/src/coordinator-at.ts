// A coordinator at work, for its host: reached by the channel in the data folder or, with the token, by the line.

import { resolve } from "node:path";
import { InputError } from "@homebody/base";
import { type Figures, readFigures } from "@homebody/coordinator";
import {
  type AdminAct,
  type Applicants,
  type Check,
  checkApplicants,
  checkDone,
  checkReply,
  events,
  type Reply,
} from "@homebody/protocol";
import { askAdminChannel, askApplicants, askStatus } from "@homebody/server";
import { askJson, webNet } from "@homebody/volunteer/node";
import { coordinatorUrl, looksLikeAddress } from "./address.ts";

/** A coordinator at work, whichever way it is reached. */
export interface Coordinator {
  status(): Promise<Figures>;
  act(act: AdminAct): Promise<Reply>;
  /** Who waits to be let in. */
  applicants(): Promise<Reply<Applicants>>;
}

export function coordinatorAt(where: string, token: string | undefined): Coordinator {
  if (!looksLikeAddress(where)) {
    const dataDir = resolve(where);
    return {
      status: () => askStatus(dataDir),
      act: (act) => askAdminChannel(dataDir, act),
      applicants: () => askApplicants(dataDir),
    };
  }
  const url = coordinatorUrl("address", where).origin;
  const given = () => {
    if (token !== undefined) return token;
    throw new InputError("--token", "the admin token, here or in HOMEBODY_ADMIN_TOKEN", "none");
  };
  return {
    status: async () => readFigures(await askJson(url, "/api/figures")),
    act: async (act) => askByLine(url, events.admin, { token: given(), act }, checkDone),
    applicants: async () => askByLine(url, events.applicants, { token: given() }, checkApplicants),
  };
}

const patienceMs = 30_000;

async function askByLine<T extends object>(
  url: string,
  event: string,
  message: object,
  check: Check<T>,
): Promise<Reply<T>> {
  await askJson(url, "/api/run"); // why none answers is said at once, and not after half a minute
  let up = () => {};
  const isUp = new Promise<void>((resolve, reject) => {
    up = resolve;
    setTimeout(() => {
      reject(new InputError(url, "a coordinator that lets another line in", "none within half a minute"));
    }, patienceMs).unref();
  });
  const line = webNet(url).connect({ up, down: () => {}, event: () => {}, passed: () => {} });
  try {
    await isUp;
    return checkReply(await line.ask(event, message), check, event);
  } finally {
    line.close();
  }
}
