// What the formats are called, in the order in which they are offered: for a page that offers them and leaves the making to a worker.

export const formatNames = ["hf", "gguf", "onnx"] as const;
export type FormatName = (typeof formatNames)[number];
