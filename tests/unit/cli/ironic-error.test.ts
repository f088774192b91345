import assert from "node:assert/strict";
import { exitStatusOf } from "../../../common/exit-status.ts";
import { errorOfAnswer } from "../../../cli/ironic-error.ts";

/* Bodies as recorded from Ironic 21 by its stock client. */
const ANSWERS: readonly (readonly [string, number, string, string, number])[] = [
  [
    "a controller's error",
    404,
    '{"error_message": "{\\"faultcode\\": \\"Client\\", \\"faultstring\\": \\"Node x could not be found.\\", \\"debuginfo\\": null}"}',
    "Node x could not be found.",
    5,
  ],
  [
    "an unknown path",
    404,
    '{"error_message": "{\\"code\\": 404, \\"title\\": \\"Not Found\\", \\"description\\": \\"\\"}"}',
    "Not Found",
    5,
  ],
  [
    "http_basic's refusal",
    401,
    '{"error": {"message": "Authorization required", "code": 401}}',
    "Authorization required",
    4,
  ],
  [
    "an error that is not encoded twice",
    409,
    '{"error_message": {"faultstring": "Node n is locked by host h"}}',
    "Node n is locked by host h",
    6,
  ],
  ["plain text inside", 400, '{"error_message": "no such field"}', "no such field", 2],
  ["a load balancer's page", 503, "<html>503</html>", "the service answered 503", 7],
  ["nothing", 500, "", "the service answered 500", 1],
  ["JSON that is no object", 500, "[1]", "the service answered 500", 1],
  ["null", 502, "null", "the service answered 502", 1],
];

describe("errorOfAnswer", () => {
  for (const [what, status, body, message, exitStatus] of ANSWERS)
    it(`says what ${what} says`, () => {
      const error = errorOfAnswer(status, body);
      assert.equal(error.message, message);
      assert.equal(exitStatusOf(error), exitStatus);
    });
});
