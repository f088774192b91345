/**
 * A library that stands in for PAM's account check when preloaded into a real VNC server, so that the
 * Plain security types can be tested without an account on this machine. It accepts one user and one
 * password, given in the environment.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const SOURCE = String.raw`
#include <stdlib.h>
#include <string.h>
struct pam_message { int msg_style; const char *msg; };
struct pam_response { char *resp; int resp_retcode; };
struct pam_conv {
  int (*conv)(int, const struct pam_message **, struct pam_response **, void *);
  void *appdata_ptr;
};
struct pam_handle { struct pam_conv conv; char user[256]; };
typedef struct pam_handle pam_handle_t;
int pam_start(const char *service, const char *user, const struct pam_conv *conv, pam_handle_t **out) {
  pam_handle_t *h = calloc(1, sizeof *h);
  (void)service;
  h->conv = *conv;
  if (user) strncpy(h->user, user, sizeof h->user - 1);
  *out = h;
  return 0;
}
int pam_authenticate(pam_handle_t *h, int flags) {
  struct pam_message prompt = { 1, "Password: " };
  const struct pam_message *list[1] = { &prompt };
  struct pam_response *answer = 0;
  const char *user = getenv("FAKE_PAM_USER"), *password = getenv("FAKE_PAM_PASSWORD");
  int ok;
  (void)flags;
  if (h->conv.conv(1, list, &answer, h->conv.appdata_ptr) != 0 || !answer) return 7;
  ok = user && password && answer[0].resp && !strcmp(h->user, user) && !strcmp(answer[0].resp, password);
  free(answer[0].resp);
  free(answer);
  return ok ? 0 : 7;
}
int pam_acct_mgmt(pam_handle_t *h, int flags) { (void)h; (void)flags; return 0; }
int pam_end(pam_handle_t *h, int status) { (void)status; free(h); return 0; }
const char *pam_strerror(pam_handle_t *h, int status) { (void)h; (void)status; return "fake"; }
`;

/** Compiles it into `folder`. @returns the path for LD_PRELOAD */
export function fakePamLibrary(folder: string): string {
  const source = join(folder, "fake-pam.c");
  const library = join(folder, "fake-pam.so");
  writeFileSync(source, SOURCE);
  const built = spawnSync("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source]);
  if (built.status !== 0) throw new Error(`gcc failed: ${built.stderr?.toString()}`);
  return library;
}
