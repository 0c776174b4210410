// Times as people say them. Lengths are milliseconds; a point in time comes with the now that it is seen from.

export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} days`;
}

/** 0:42, 12:05, 1:02:09; never below zero. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function ago(at: number, now: number): string {
  const ms = now - at;
  return ms < 5000 ? "just now" : `${duration(ms)} ago`;
}

/** Time of day, with the date unless it is today's. */
export function moment(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  const time = then.toLocaleTimeString("en-GB");
  return then.toDateString() === today.toDateString()
    ? time
    : `${then.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${time}`;
}

/** 28 November 2026 at 17:09. */
export function dateAndTime(at: number): string {
  const then = new Date(at);
  const day = then.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
  return `${day} at ${then.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}`;
}

/** What is left of something that goes on as it went so far; null while nobody can tell. */
export function timeLeft(done: number, of: number, elapsedMs: number): number | null {
  if (done <= 0 || elapsedMs < 1500 || of <= 0) return null;
  return Math.max(0, ((of - done) / done) * elapsedMs);
}
