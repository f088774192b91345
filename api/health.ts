/**
 * `GET /healthz`: this process answers. `GET /readyz`: it can do its work, so send it requests. Open
 * to everybody and silent about details.
 */
import { TemporaryFailure } from "../common/errors.ts";
import type { Database } from "../db/database.ts";
import { ok, type Route } from "./route.ts";

export function healthRoutes(deps: {
  readonly database: Database;
  /** True from the moment a stop is asked for. */
  readonly isStopping: () => boolean;
}): Route[] {
  return [
    { method: "GET", path: "/healthz", rule: "public", handle: () => ok({ status: "ok" }) },
    {
      method: "GET",
      path: "/readyz",
      rule: "public",
      handle: async () => {
        if (deps.isStopping()) throw new TemporaryFailure("this service is stopping");
        try {
          await deps.database.ping();
        } catch (cause) {
          throw new TemporaryFailure("the database does not answer", { cause });
        }
        return ok({ status: "ok" });
      },
    },
  ];
}
