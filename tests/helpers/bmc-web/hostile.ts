/**
 * Pages that every simulated BMC has besides its vendor's: `/escape`, full of ways out of a kiosk, and
 * what they lead to, for tests of the lock; `/forget`, which makes a browser as new. No BMC is like that.
 */
import { html, page, plain, type BmcReply, type BmcRequest } from "./http.ts";

const LINKS: readonly (readonly [id: string, markup: string])[] = [
  ["other", `<a id="other" href="https://example.invalid/">other origin</a>`],
  ["file", `<a id="file" href="file:///etc/passwd">file</a>`],
  ["chrome", `<a id="chrome" href="chrome://settings/">settings</a>`],
  ["source", `<a id="source" href="view-source:/escape">source</a>`],
  ["protocol", `<a id="protocol" href="ssh://host/">program</a>`],
  ["mail", `<a id="mail" href="mailto:nobody@example.invalid">mail</a>`],
  ["download", `<a id="download" href="/download.bin" download>download</a>`],
  ["attachment", `<a id="attachment" href="/download.bin">attachment</a>`],
  ["popup", `<a id="popup" href="/popup" target="_blank" rel="opener">new window</a>`],
  ["upload", `<input id="upload" type="file">`],
  ["print", `<button id="print" onclick="print()">print</button>`],
  ["alert", `<button id="alert" onclick="alert('hello')">alert</button>`],
  [
    "open",
    `<button id="open" onclick="window.open('/popup','_blank','width=200,height=200')">open</button>`,
  ],
  ["full", `<button id="full" onclick="document.exitFullscreen?.()">leave full screen</button>`],
];

/** `window.tryAll()` tries what needs no click, and tells what happened. */
const TRY_ALL = `<script>
window.tryAll = async (others) => {
  const found = {};
  const attempt = async (name, act) => {
    try { found[name] = await Promise.race([act(), new Promise((r) => setTimeout(r, 2000, "no answer"))]); }
    catch (error) { found[name] = "refused: " + error.name; }
  };
  await attempt("open", async () => (window.open("/popup") ? "opened" : "blocked"));
  await attempt("clipboard", async () => "read " + (await navigator.clipboard.readText()).length);
  await attempt("display", async () => String(await navigator.mediaDevices.getDisplayMedia()));
  await attempt("location", () => new Promise((yes, no) => navigator.geolocation.getCurrentPosition(() => yes("told"), no)));
  await attempt("notify", () => Notification.requestPermission());
  for (const url of others ?? []) {
    await attempt("fetch " + url, async () => (await fetch(url, { mode: "no-cors" })).type);
    await attempt("socket " + url, () => new Promise((yes, no) => {
      const socket = new WebSocket(url.replace(/^http/, "ws"));
      socket.onopen = () => yes("open"); socket.onerror = () => no(new Error("socket"));
    }));
  }
  return found;
};
</script>`;

export function answerHostile(request: BmcRequest): BmcReply | undefined {
  switch (request.path) {
    case "/escape":
      return html(page("Escape", LINKS.map(([, markup]) => `<p>${markup}</p>`).join(""), TRY_ALL));
    case "/forget":
      return html(page("Forget", "forgotten"), 200, { "clear-site-data": '"cookies", "storage"' });
    case "/popup":
      return html(page("Popup", "<h1>popup</h1>"));
    case "/download.bin":
      return plain("application/octet-stream", "x".repeat(64), {
        "content-disposition": "attachment; filename=download.bin",
      });
    default:
      return undefined;
  }
}
