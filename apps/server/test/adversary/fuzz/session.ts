// One fuzzed connection from its first byte to its end.

import { connect, type Socket } from "node:net";
import type { Random } from "@homebody/base";
import { frameOf } from "../raw.ts";
import { headOf, inputOf, requestFrames, type Target, welcomeHello } from "./inputs.ts";

const upgrade =
  "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
const inputsMost = 40;

/** How many inputs it sent. */
export async function session(port: number, target: Target, dice: Random): Promise<number> {
  const tcp = connect({ port, host: "127.0.0.1" });
  const end = ended(tcp);
  const kind = dice.below(20);
  const inputs = kind === 0 ? heads(tcp, dice) : await frames(tcp, target, dice, kind > 8);
  if (dice.below(10) === 0) tcp.destroy();
  else tcp.end();
  await end;
  return inputs;
}

function heads(tcp: Socket, dice: Random): number {
  tcp.write(headOf(dice, upgrade));
  return 1;
}

async function frames(tcp: Socket, target: Target, dice: Random, isPatient: boolean): Promise<number> {
  const inputs = 1 + dice.below(inputsMost);
  await said(tcp, Buffer.from(upgrade), '0{"sid"');
  await said(tcp, frameOf(1, Buffer.from("40")), '40{"sid"');
  if (isPatient) await said(tcp, welcomeHello(dice, target), "430[");
  for (let i = 0; i < inputs && tcp.writable; i++) {
    // Some wait for what comes back, as a volunteer does; others say all at once.
    const input = isPatient ? requestFrames(dice, target) : inputOf(dice, target);
    if (isPatient && dice.below(2) === 0) await said(tcp, Buffer.concat([input, probe]), "437777777[");
    else tcp.write(input);
  }
  return inputs;
}

/** It is answered whatever it is answered with. */
const probe = frameOf(1, Buffer.from('427777777["commit",{}]'));

/** Resolves when this came back, or when the connection is over. */
function said(tcp: Socket, bytes: Uint8Array, until: string): Promise<void> {
  return new Promise((resolve) => {
    let came = "";
    const look = (piece: Buffer) => {
      came = (came + piece.toString("latin1")).slice(-200_000);
      if (came.includes(until)) done();
    };
    const done = () => {
      tcp.off("data", look);
      tcp.off("close", done);
      resolve();
    };
    tcp.on("data", look);
    tcp.once("close", done);
    tcp.write(bytes);
  });
}

const goodbye = 0x88;

function ended(tcp: Socket): Promise<void> {
  tcp.on("error", () => {}); // the coordinator may end it at any moment
  // A frame that says goodbye need not be answered for the coordinator to be rid of this.
  tcp.on("data", (piece: Buffer) => piece.includes(goodbye) && tcp.destroy());
  return new Promise((resolve) => tcp.once("close", () => resolve()));
}
