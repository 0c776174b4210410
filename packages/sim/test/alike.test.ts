// Disks that share what they have alike are disks like others.

import { diskContract } from "../../volunteer/test/disk-contract.ts";
import { alikeDisks } from "../src/alike.ts";

const fresh = alikeDisks();

diskContract("a disk that shares what many have alike", async () => {
  const disk = fresh();
  return { open: async () => disk };
});
