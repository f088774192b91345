/** The script of every simulated viewer page: a canvas that shows the machine, and takes keys and clicks. */
import { literal } from "./http.ts";

export interface ViewerScript {
  /** Path of the WebSocket; `{NAME}` is taken from the page's query. */
  readonly socket: string;
  readonly canvas: string;
  /** A script expression that gives the sub-protocols. */
  readonly protocols?: string;
}

/** Background, text and mark of the picture, for tests that look at pixels. */
export const PICTURE_COLOURS = {
  back: [16, 32, 64],
  text: [255, 224, 0],
  mark: [255, 0, 64],
} as const;

const css = (colour: readonly number[]): string => `rgb(${colour.join(",")})`;

/**
 * Defines `startViewer()`; the page calls it when its vendor would connect. When the BMC refuses, the window
 * gets an event `viewer-refused`.
 */
export function viewerScript(options: ViewerScript): string {
  return `<script>
function startViewer() {
  const canvas = document.querySelector(${literal(options.canvas)});
  const path = ${literal(options.socket)}.replace(/\\{(\\w+)\\}/g,
    (_, name) => encodeURIComponent(new URLSearchParams(location.search).get(name) ?? ""));
  const socket = new WebSocket("wss://" + location.host + path, ${options.protocols ?? "[]"});
  const send = (event) => { if (socket.readyState === 1) socket.send(JSON.stringify(event)); };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: Math.round((event.clientX - box.left) * canvas.width / box.width),
             y: Math.round((event.clientY - box.top) * canvas.height / box.height) };
  };
  function draw(machine) {
    if (canvas.width !== machine.width) canvas.width = machine.width;
    if (canvas.height !== machine.height) canvas.height = machine.height;
    canvas.style.display = "block";
    const pen = canvas.getContext("2d");
    pen.fillStyle = ${literal(css(PICTURE_COLOURS.back))};
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = ${literal(css(PICTURE_COLOURS.text))};
    // A cursor: a screen of one colour is no sign of life.
    pen.fillRect(16, canvas.height - 32, 48, 8);
    pen.font = "bold 64px monospace";
    machine.text.split("\\n").slice(-6).forEach((line, row) => pen.fillText(line.slice(-18), 16, 80 + row * 80));
    pen.fillStyle = ${literal(css(PICTURE_COLOURS.mark))};
    for (const mark of machine.marks) {
      pen.beginPath(); pen.arc(mark.x, mark.y, 12, 0, 7); pen.fill();
    }
  }
  let begun = false;
  socket.onmessage = (event) => {
    const said = JSON.parse(event.data);
    begun = true;
    if (said.goTo) location.href = said.goTo;
    else draw(said);
  };
  socket.onclose = () => {
    if (begun) document.title = "disconnected";
    else dispatchEvent(new Event("viewer-refused"));
  };
  document.addEventListener("keydown", (event) => { event.preventDefault(); send({ type: "key", key: event.key }); });
  canvas.addEventListener("mousedown", (event) => send({ type: "click", button: event.button, ...place(event) }));
  canvas.addEventListener("mousemove", (event) => send({ type: "move", ...place(event) }));
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
}
</script>`;
}
