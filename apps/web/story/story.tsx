// Every state of the pages without a server, for whoever works on how they look: `npx vite`, then
// /story/index.html?scene=working. Not part of the product's build.

import { createRoot } from "react-dom/client";
import { openTalk } from "../src/dashboard/talk.ts";
import { createStore } from "../src/state/store.ts";
import "../src/style.css";
import { applicants, type SceneName, sceneOf } from "./scenes.ts";

const wanted = new URLSearchParams(location.search).get("scene") ?? "new";
const scene = sceneOf(wanted as SceneName);
history.replaceState(null, "", scene.path); // before the router looks
const { App } = await import("../src/App.tsx");

createRoot(document.getElementById("root")!).render(
  <App
    run={createStore(scene.run)}
    volunteer={createStore(scene.volunteer)}
    trial={{
      state: createStore(scene.trial),
      choose: (text) => console.info("text", text),
      start: (_, body) => console.info("try", body),
      cancel: () => console.info("cancel"),
      again: () => console.info("again"),
    }}
    talk={openTalk(() => Promise.reject(new Error("there is no body in a scene")))}
    send={(command) => console.info("command", command)}
    earlier={() => {}}
    act={async ({ token }) => (token === "right" ? { ok: true } : { ok: false, refusal: "not-authorised" })}
    askApplicants={async ({ token }) =>
      token === "right" ? { ok: true, applicants: applicants() } : { ok: false, refusal: "not-authorised" }
    }
    wake={() => undefined}
    secure={scene.secure}
  />,
);
