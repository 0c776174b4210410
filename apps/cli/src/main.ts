// The process of `homebody`: a command, and the exit code that it ends with.

import { homebody } from "./homebody.ts";
import { endWithParent } from "./parent.ts";

endWithParent();
process.exit(await homebody(process.argv.slice(2)));
