/**
 * Consoles that go through a BMC's web page, for administrators: what they see is a page of the BMC.
 *
 * - `POST /v1/nodes/N/console/recipe-trials` `{"recipe": YAML}` → steps with their times, failure, screenshot
 * - `GET /v1/nodes/N/console/last-failure` → what the last start failed at; all null when it went well
 */
import type { JsonObject, Node } from "../../common/node.ts";
import type { ConsoleFailureReport } from "../../conductor/rpcapi.ts";
import { type ApiRequest, ok, type Route } from "../route.ts";
import { mandatory, parseText, queryArguments, requestArguments } from "./arguments.ts";
import { findNode } from "./identifiers.ts";
import type { NodeRouteDeps } from "./nodes.ts";
import { timestamp } from "./timestamp.ts";

export function consoleRecipeRoutes(deps: NodeRouteDeps): Route[] {
  const find = (request: ApiRequest): Promise<Node> =>
    findNode(deps.database, request.params["ident"] ?? "", request.minor);
  return [
    {
      method: "POST",
      path: "/v1/nodes/:ident/console/recipe-trials",
      rule: "baremetal:node:try_console_recipe",
      handle: async (request) => {
        const given = requestArguments(request, ["recipe"]);
        const recipe = parseText("recipe", mandatory(given, "recipe"));
        const { uuid } = await find(request);
        const trial = await deps.conductor.tryConsoleRecipe(request.context, uuid, recipe);
        return ok({
          steps: trial.steps.map(({ what, milliseconds }) => ({ what, milliseconds })),
          failure: trial.failure && failureView(trial.failure),
          screenshot: trial.screenshot,
        });
      },
    },
    {
      method: "GET",
      path: "/v1/nodes/:ident/console/last-failure",
      rule: "baremetal:node:get_console_failure",
      handle: async (request) => {
        queryArguments(request.query, []);
        const { uuid } = await find(request);
        const { failure } = await deps.conductor.getConsoleFailure(request.context, uuid);
        return ok(failure ? failureView(failure) : NOTHING);
      },
    },
  ];
}

const NOTHING = {
  at: null,
  step: null,
  failure: null,
  message: null,
  page_url: null,
  screenshot: null,
};

function failureView(report: ConsoleFailureReport): JsonObject {
  const { at, step, failure, message, pageUrl, screenshot } = report;
  return { at: timestamp(at), step, failure, message, page_url: pageUrl, screenshot };
}
