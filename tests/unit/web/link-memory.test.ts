import assert from "node:assert/strict";
import { LinkMemory, type LinkStorage } from "../../../web/link-memory.ts";

const PATH = "websockify?node=n&token=t";

function fakeStorage(contents = new Map<string, string>()): LinkStorage {
  return {
    getItem: (key: string) => contents.get(key) ?? null,
    setItem: (key: string, value: string) => void contents.set(key, value),
    removeItem: (key: string) => void contents.delete(key),
  };
}

describe("the link memory", () => {
  it("gives a reloaded page the link back until it is forgotten", () => {
    const storage = fakeStorage();
    new LinkMemory(storage).remember({ path: PATH });
    assert.deepEqual(new LinkMemory(storage).recall(), { path: PATH });
    new LinkMemory(storage).forget();
    assert.equal(new LinkMemory(storage).recall(), undefined);
  });

  it("gives back nothing but the path", () => {
    const stored = JSON.stringify({ path: PATH, title: "call 0900" });
    const storage = fakeStorage(new Map([["baremetal-console.link", stored]]));
    assert.deepEqual(new LinkMemory(storage).recall(), { path: PATH });
  });

  it("does not give back what is no console link", () => {
    for (const stored of ["", "null", "7", "{}", '{"path":"//evil.example/x?y"}', "{"]) {
      const storage = fakeStorage(new Map([["baremetal-console.link", stored]]));
      assert.equal(new LinkMemory(storage).recall(), undefined, stored);
    }
  });

  it("works as if empty where the browser denies storage", () => {
    const full = fakeStorage();
    full.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    for (const memory of [new LinkMemory(undefined), new LinkMemory(full)]) {
      memory.remember({ path: PATH });
      assert.equal(memory.recall(), undefined);
      memory.forget();
    }
  });
});
