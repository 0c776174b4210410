// Who waits for the host, asked every few seconds while its page is open.

import type { Applicant, Applicants, AskApplicants, Reply } from "@homebody/protocol";
import { useEffect, useState } from "react";

export type AskForApplicants = (message: AskApplicants) => Promise<Reply<Applicants>>;

const everyMs = 3000;

/** Null until the coordinator has said, and where nobody is to be asked for. */
export function useApplicants(
  ask: AskForApplicants,
  token: string,
  isWanted: boolean,
): readonly Applicant[] | null {
  const [applicants, setApplicants] = useState<readonly Applicant[] | null>(null);
  useEffect(() => {
    setApplicants(null);
    if (token === "" || !isWanted) return;
    let isOver = false;
    const look = async () => {
      // What is not answered now is asked again.
      const reply = await ask({ token }).catch(() => null);
      if (!isOver && reply?.ok) setApplicants(reply.applicants);
    };
    void look();
    const timer = setInterval(() => void look(), everyMs);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [ask, token, isWanted]);
  return applicants;
}
