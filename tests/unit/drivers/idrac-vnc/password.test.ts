import assert from "node:assert/strict";
import { generateVncPassword } from "../../../../drivers/idrac-vnc/password.ts";
import { racadmArgument } from "../../../../drivers/idrac-vnc/racadm-language.ts";

describe("generateVncPassword", () => {
  const many = Array.from({ length: 2000 }, () => generateVncPassword().reveal());

  it("makes 8 characters with an upper, a lower, a digit and a special one", () => {
    for (const password of many) {
      assert.equal(password.length, 8);
      for (const kind of [/[A-Z]/, /[a-z]/, /[0-9]/, /[^A-Za-z0-9]/]) assert.match(password, kind);
    }
  });

  it("makes nothing that racadm would have to quote or take for an option", () => {
    for (const password of many) {
      assert.equal(racadmArgument(password), password);
      assert.match(password, /^[A-Za-z]/);
    }
  });

  it("does not repeat itself", () => {
    assert.equal(new Set(many).size, many.length);
  });

  it("uses every letter at every place", () => {
    for (let place = 0; place < 8; place += 1) {
      const seen = new Set(many.map((password) => password[place]));
      // 2000 draws miss a given one of 52 letters with probability below 1e-9.
      assert.ok(
        ["a", "z", "A", "Z"].every((letter) => seen.has(letter)),
        `place ${place}`,
      );
    }
  });

  it("throws a candidate away whole when it lacks a kind", () => {
    // Indices into letters, digits, specials: "AAAAAAAA" is refused, "Aa0+AAAA" taken.
    const draws = [...Array.from({ length: 8 }, () => 0), 0, 26, 52, 62, 0, 0, 0, 0];
    assert.equal(generateVncPassword(() => draws.shift() ?? 0).reveal(), "Aa0+AAAA");
    assert.deepEqual(draws, []);
  });
});
