// Every way to say no: a closed set of words that crosses the wire, and what each means for a volunteer.
//
// A refusal is a value, never an exception: it is sent back, counted, and touches nobody else. The sentences
// are shown as they are, so each says what to do.

export const refusalSentences = {
  "protocol-version":
    "This volunteer is of another version than the coordinator. Reload the page; on the command line, update the clone (git pull, npm install).",
  "wrong-run": "This device was working for another run. Reload the page to join the one that is here now.",
  "unknown-source": "The run has no such source any more. Choose another.",
  "cannot-take-part":
    "This run needs what this version of Homebody cannot do. Reload the page; on the command line, update the clone (git pull, npm install).",
  trouble:
    "The coordinator has trouble of its own, with its disk or its database. It is tried again by itself.",
  malformed: "The coordinator did not understand a message of this page. Reload the page.",
  "too-large": "A message was larger than the coordinator takes. Reload the page.",
  "too-many": "The coordinator is full or is asked too often. This page tries again by itself.",
  "not-joined": "The connection was not introduced yet. This page introduces itself again.",
  "not-authorised": "That needs the admin token of this coordinator.",
  removed: "The host has removed this device from the run.",
  "needs-code":
    "This source is by invitation. Open the link that the host has sent you, or ask the host for one.",
  "code-spent":
    "This invitation does not count: it was used already or taken back, or its link was not copied whole. Ask the host for another one.",
  "not-approved":
    "The host lets each device into this source. This page goes on by itself once the host has.",
  "not-by-code": "That source is not by invitation: its admission in the run file is not code.",
  finished: "The run is over. Thank you: its last body is on the dashboard.",
  "wrong-round": "The round was over before this delta arrived. The next round starts from the new body.",
  stale:
    "The delta was trained from a body that is too old for this round. The next round starts from the current one.",
  "not-assigned": "This round began before this device came. It takes part from the next one.",
  "already-accepted": "A delta of this device for this round is already in.",
  "unknown-upload": "The coordinator does not know this upload. This page opens it again.",
  "not-yours": "That upload belongs to somebody else.",
  "wrong-offset": "A piece of the upload came out of order. This page goes on from where the coordinator is.",
  "wrong-rows": "The rows that this device holds do not fit the run's vocabulary. Reload the page.",
  "wrong-size": "The delta has another size than the run's sections. Reload the page.",
  "wrong-hash": "The delta was damaged on its way. This page sends it again.",
  "wrong-shape": "The delta does not fit the run's sections. Reload the page.",
  "not-finite":
    "The delta held numbers that are not finite. This round is left out; the next one starts afresh.",
  "too-far": "The delta was far larger than any sound training makes. This round is left out.",
  closing: "A round is closing. Ask again when its body is published.",
  "not-kept":
    "There is no going back to that body, or not without these volunteers. The admin page lists what is kept; so does `undoable` in packages/coordinator.",
  lost: "The coordinator's disk has lost this device's delta of this round. While the round is open it is made again; otherwise the next round makes up for it.",
  "empty-delta": "The delta held zeros alone, as no training leaves it. This round is left out.",
  "copied-delta": "The delta has the very numbers of another one, of late. This round is left out.",
  implausible:
    "That evaluation cannot be of this device's held-out text: it is of too many bytes, or better than any model. It is not shown.",
  "wrong-review": "That review was not asked of this device, or it came too late. Nothing is lost.",
  "wrong-body": "That evaluation was of a body that is not the current one.",
} as const;

export type Refusal = keyof typeof refusalSentences;

export function isRefusal(word: unknown): word is Refusal {
  return typeof word === "string" && Object.hasOwn(refusalSentences, word);
}
