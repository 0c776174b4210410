// Every way to say no: a closed set of words that crosses the wire, and what each means for a volunteer.
//
// A refusal is a value, never an exception: it is sent back, counted, and touches nobody else. The sentences
// are shown as they are, so each says what to do.

export const refusalWords = {
  "protocol-version": "This page is of another version than the coordinator. Reload the page.",
  "wrong-run": "This device was working for another run. Reload the page to join the one that is here now.",
  "unknown-source": "The run has no such source any more. Choose another.",
  malformed: "The coordinator did not understand a message of this page. Reload the page.",
  "too-large": "A message was larger than the coordinator takes. Reload the page.",
  "too-many": "The coordinator is full or is asked too often. This page tries again by itself.",
  "not-joined": "The connection was not introduced yet. This page introduces itself again.",
  "not-authorised": "That needs the admin token of this coordinator.",
  removed: "The host has removed this device from the run.",
  paused: "The host has paused the run. Nothing is lost: it goes on when the host resumes it.",
  finished: "The run is over. Thank you: its last body is on the dashboard.",
  "wrong-round": "The round was over before this delta arrived. The next round starts from the new body.",
  "not-assigned": "This round began before this device came. It takes part from the next one.",
  "already-accepted": "A delta of this device for this round is already in.",
  "unknown-upload": "The coordinator does not know this upload. This page opens it again.",
  "not-yours": "That upload belongs to somebody else.",
  "wrong-offset": "A piece of the upload came out of order. This page goes on from where the coordinator is.",
  "wrong-size": "The delta has another size than the model's body. Reload the page.",
  "wrong-hash": "The delta was damaged on its way. This page sends it again.",
  "wrong-shape": "The delta does not fit the model's body. Reload the page.",
  "not-finite":
    "The delta held numbers that are not finite. This round is left out; the next one starts afresh.",
  "too-far": "The delta was far larger than any sound training makes. This round is left out.",
  "wrong-body": "That evaluation was of a body that is not the current one.",
} as const;

export type Refusal = keyof typeof refusalWords;

export function isRefusal(word: unknown): word is Refusal {
  return typeof word === "string" && Object.hasOwn(refusalWords, word);
}
