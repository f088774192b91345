/** [close_hook]: tells another service when a console session has ended. */
import type { OptionGroup } from "./option.ts";

export const CLOSE_HOOK_OPTIONS = {
  url: {
    type: "string",
    default: "",
    help: "Gets a signed POST with JSON when a console session has ended, for example https://panel.example/console-closed. Empty sends none, except for links that were asked for with a close_url of their own. The same for proxies and conductors.",
  },
  allowed_urls: {
    type: "list",
    default: [],
    help: "Beginnings that a link's own close_url may have, each scheme://host[:port]/path/, for example https://panel.example/hooks/. Others are refused; empty refuses all.",
  },
  key_file: {
    type: "path",
    default: "close-hook.key",
    help: "The text that signs these messages, 32 characters at least, one line; made at the first start that needs it. Every conductor and whoever checks signatures need the same.",
  },
  cafile: {
    type: "path",
    default: "",
    help: "PEM file of authorities for the receiver's certificate. Empty believes those of Node.js.",
  },
  timeout: {
    type: "integer",
    default: 10,
    min: 1,
    max: 120,
    unit: "seconds",
    help: "How long the receiver may take to answer.",
  },
  give_up_after: {
    type: "integer",
    default: 86_400,
    min: 60,
    max: 2_592_000,
    unit: "seconds",
    help: "For how long after a session's end it is tried again, at growing intervals, when the receiver fails.",
  },
} as const satisfies OptionGroup;
