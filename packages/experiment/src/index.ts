// Training and measures over a trainer that need no coordinator: in a browser and on the command line alike.

export {
  firstParameters,
  loadParameters,
  type Parameters,
  readParameters,
  requireParameters,
} from "./parameters.ts";
