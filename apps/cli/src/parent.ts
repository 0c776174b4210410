// A process that another one of ours started (with an IPC channel) ends when that one is gone, however it went:
// a volunteer without the terminal it was started from would train on unseen.

export function endWithParent(): void {
  if (!process.channel) return;
  process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}
