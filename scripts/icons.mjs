// node scripts/icons.mjs: the pages' icons and the picture that links to them show, all drawn of apps/web/public/icon.svg.
// Run after that file changed; what it makes is committed.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { ensureChromium } from "./ensure.mjs";

const folder = fileURLToPath(new URL("../apps/web/public/", import.meta.url));
const icon = (await readFile(`${folder}icon.svg`, "utf8")).replace(/<title>.*<\/title>/, "");
const browser = await chromium.launch({ executablePath: ensureChromium(), args: ["--no-sandbox"] });

async function drawn(width, height, body, transparent = false) {
  const page = await browser.newPage({ viewport: { width, height } });
  await page.setContent(`<style>*{margin:0}svg{display:block}</style>${body}`);
  const png = await page.screenshot({ omitBackground: transparent });
  await page.close();
  return png;
}

const square = (size, share) => {
  const inner = Math.round(size * share);
  return `<div style="width:${size}px;height:${size}px;display:grid;place-items:center;background:#faf7f2">
    <div style="width:${inner}px;height:${inner}px">${icon}</div></div>`;
};

/** An icon file that holds one PNG. */
function ico(png, size) {
  const header = Buffer.alloc(22);
  header.writeUInt16LE(1, 2); // an icon
  header.writeUInt16LE(1, 4); // of one image
  header.writeUInt8(size, 6);
  header.writeUInt8(size, 7);
  header.writeUInt16LE(1, 10);
  header.writeUInt16LE(32, 12); // bits a pixel
  header.writeUInt32LE(png.length, 14);
  header.writeUInt32LE(header.length, 18);
  return Buffer.concat([header, png]);
}

const picture = `<div style="width:1200px;height:630px;background:#faf7f2;color:#1b2130;font:600 88px system-ui,sans-serif;
  display:flex;align-items:center;gap:72px;padding:0 96px;box-sizing:border-box">
  <div style="width:280px;height:280px;flex:none">${icon}</div>
  <div>Homebody<p style="font:400 36px/1.4 system-ui,sans-serif;color:#575d6b;margin-top:20px">
  A language model, trained together<br>from browser tabs.<br>The body travels;<br>your words stay home.</p></div></div>`;

const files = {
  "favicon.ico": ico(await drawn(32, 32, icon, true), 32),
  "apple-touch-icon.png": await drawn(180, 180, square(180, 0.78)),
  "icon-192.png": await drawn(192, 192, square(192, 0.78)),
  "icon-512.png": await drawn(512, 512, square(512, 0.78)),
  "preview.png": await drawn(1200, 630, picture),
};
await browser.close();
for (const [name, bytes] of Object.entries(files)) {
  await writeFile(`${folder}${name}`, bytes);
  process.stdout.write(`${name}: ${bytes.length} bytes\n`);
}
