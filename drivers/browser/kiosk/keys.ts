/** Trusted key events, as from a US keyboard; characters that it has not are inserted as an IME does. */
import type { CdpTarget } from "../cdp/client.ts";
import { InvalidParameterValue } from "../../base.ts";

interface Key {
  readonly key: string;
  readonly code: string;
  readonly windowsVirtualKeyCode: number;
  readonly text?: string;
}

const NAMED: Readonly<Record<string, Key>> = {
  Enter: { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, text: "\r" },
  Tab: { key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 },
  Escape: { key: "Escape", code: "Escape", windowsVirtualKeyCode: 27 },
  Space: { key: " ", code: "Space", windowsVirtualKeyCode: 32, text: " " },
  Backspace: { key: "Backspace", code: "Backspace", windowsVirtualKeyCode: 8 },
  Delete: { key: "Delete", code: "Delete", windowsVirtualKeyCode: 46 },
  Home: { key: "Home", code: "Home", windowsVirtualKeyCode: 36 },
  End: { key: "End", code: "End", windowsVirtualKeyCode: 35 },
  PageUp: { key: "PageUp", code: "PageUp", windowsVirtualKeyCode: 33 },
  PageDown: { key: "PageDown", code: "PageDown", windowsVirtualKeyCode: 34 },
  ArrowLeft: { key: "ArrowLeft", code: "ArrowLeft", windowsVirtualKeyCode: 37 },
  ArrowUp: { key: "ArrowUp", code: "ArrowUp", windowsVirtualKeyCode: 38 },
  ArrowRight: { key: "ArrowRight", code: "ArrowRight", windowsVirtualKeyCode: 39 },
  ArrowDown: { key: "ArrowDown", code: "ArrowDown", windowsVirtualKeyCode: 40 },
};

/** More than that goes in as one piece: nobody types a certificate. */
const TYPED_LIMIT = 128;

/** @throws {InvalidParameterValue} naming a key that there is not */
export async function pressKey(cdp: CdpTarget, name: string): Promise<void> {
  const key = Object.hasOwn(NAMED, name) ? NAMED[name] : keyOf(name);
  if (!key)
    throw new InvalidParameterValue(
      `there is no key "${name.slice(0, 40)}", only ${Object.keys(NAMED).join(", ")} and characters`,
    );
  await Promise.all(strike(cdp, key));
}

/** Into what has the focus, in place of what is selected there. */
export async function typeText(cdp: CdpTarget, text: string): Promise<void> {
  if (text === "") return pressKey(cdp, "Delete");
  if (text.length > TYPED_LIMIT) {
    await cdp.send("Input.insertText", { text });
    return;
  }
  const sent = Array.from(text).flatMap((character) => {
    const key = keyOf(character);
    return key ? strike(cdp, key) : [cdp.send("Input.insertText", { text: character })];
  });
  await Promise.all(sent);
}

function strike(cdp: CdpTarget, key: Key): Promise<unknown>[] {
  const { text, ...rest } = key;
  const down = text === undefined ? "rawKeyDown" : "keyDown";
  return [
    cdp.send("Input.dispatchKeyEvent", { type: down, ...key, unmodifiedText: text }),
    cdp.send("Input.dispatchKeyEvent", { type: "keyUp", ...rest }),
  ];
}

function keyOf(character: string): Key | undefined {
  if (!/^[ -~]$/.test(character)) return undefined;
  const upper = character.toUpperCase();
  const [code, windowsVirtualKeyCode] = /[A-Z]/.test(upper)
    ? [`Key${upper}`, upper.charCodeAt(0)]
    : /[0-9]/.test(character)
      ? [`Digit${character}`, character.charCodeAt(0)]
      : ["", 0];
  return { key: character, code, windowsVirtualKeyCode, text: character };
}
