import { privateDisk } from "../src/browser/disk.ts";
import { diskContract } from "./disk-contract.ts";

let folders = 0;
diskContract("the browser's private file system", async () => {
  folders += 1;
  const folder = `test-${folders}-${Date.now()}`;
  return { open: () => privateDisk(folder) };
});
