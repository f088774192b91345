/** Security type 1, None (RFC 6143 section 7.2.1): nothing to do. */
import type { RFBAuthScheme } from "./scheme.ts";

export const noneScheme: RFBAuthScheme = {
  name: "None",
  needs: [],
  async authenticate() {
    // nothing is exchanged
  },
};
