// What a browser runs: a measurement, in a worker, as a volunteer's training is.

import { wasmPaths } from "@homebody/volunteer/wasm-paths";
import { serveAnswers } from "../page-worker.ts";
import { measure, type Request, type Row } from "./measure.ts";

serveAnswers<Request, Row>((request) => measure(request, { wasmPaths }));
