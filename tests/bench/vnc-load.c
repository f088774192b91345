/*
 * vnc-load: many VNC viewers for benchmarks, over WebSocket or plain TCP. One thread, epoll.
 *
 *   vnc-load ws|tcp PORT SCENARIO KEY=VALUE...      WebSocket request targets come on standard input
 *
 * Targets: one line each ("/websockify?..."), used round robin; an empty line ends the list.
 * Scenarios (times in seconds, results as one JSON line on standard output):
 *   bulk    sessions=8 mib=64 chunk=64      each session takes mib MiB, sent in writes of chunk KiB
 *   video   sessions=20 kib=1024 time=4     each session takes kib KiB a second
 *   pointer events=200000                   one session sends pointer events as fast as it can
 *   paste   mib=64                          one session sends clipboard texts of 4 KiB
 *   echo    sessions=50 every=20 time=4     each sends a key every `every` ms and awaits its answer
 *   flood   as echo, with one more session that takes data without end
 *   busy    as echo, with ten more sessions of 1 MiB/s
 *   setup   sessions=500 parallel=16        connect up to ServerInit, close
 *   idle    sessions=1000                   connect all, say so, hold until standard input closes
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTING, UPGRADE, VERSION, TYPES, RESULT, INIT, READY };
enum { PICKED_NONE = 1, OUT_MAX = 1 << 18, ECHO_BYTES = 32, LATENCIES_MAX = 1 << 20 };

struct conn {
  int fd, state, index, armed, takes;   /* takes: its bytes are only counted */
  uint64_t received, expected;          /* payload bytes after ServerInit */
  uint64_t frame_left;                  /* payload bytes left of the frame being read */
  double sent_at;                       /* of the key that awaits its answer, 0 = none */
  size_t head_len, in_len, out_len, out_cap;
  unsigned char head[16], in[512], *out;
};

static int ws, port, ep, target_count, running, failures;
static char **targets;
static struct conn *conns;
static double *latencies;
static size_t latency_count, missed;
static unsigned char buffer[1 << 20];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *what) {
  fprintf(stderr, "vnc-load: %s (%s)\n", what, strerror(errno));
  exit(1);
}

static void arm(struct conn *c, int out) {
  if (c->armed == out) return;
  struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
  c->armed = out;
}

static void finish(struct conn *c) {
  if (c->fd < 0) return;
  close(c->fd);
  c->fd = -1;
}

static void fail(struct conn *c, const char *why) {
  if (c->fd < 0) return;
  if (failures++ == 0) fprintf(stderr, "vnc-load: session %d: %s in state %d\n", c->index, why, c->state);
  finish(c);
}

static void flush(struct conn *c) {
  while (c->out_len) {
    ssize_t n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) { arm(c, 1); return; }
    if (n < 0) { fail(c, "cannot send"); return; }
    c->out_len -= n;
    memmove(c->out, c->out + n, c->out_len);
  }
  arm(c, 0);
}

static void append(struct conn *c, const void *bytes, size_t n) {
  if (c->out_len + n > c->out_cap) c->out = realloc(c->out, c->out_cap = c->out_len + n + 256);
  memcpy(c->out + c->out_len, bytes, n);
  c->out_len += n;
}

/* Queues one RFB message, as one masked binary frame when over WebSocket (RFC 6455 section 5.2). */
static void queue(struct conn *c, const unsigned char *m, size_t n) {
  static const unsigned char key[4] = {0x37, 0xfa, 0x21, 0x3d};
  if (!ws) { append(c, m, n); return; }
  unsigned char head[14] = {0x82};
  size_t h = 2;
  if (n < 126) head[1] = 0x80 | n;
  else { head[1] = 0x80 | 126; head[2] = n >> 8; head[3] = n; h = 4; }
  memcpy(head + h, key, 4);
  append(c, head, h + 4);
  size_t at = c->out_len;
  append(c, m, n);
  for (size_t i = 0; i < n; i++) c->out[at + i] ^= key[i & 3];
}

static void say(struct conn *c, const void *m, size_t n) { queue(c, m, n); flush(c); }

static void command(struct conn *c, int x, int w, int h) {
  unsigned char m[10] = {3, 0, x >> 8, x, 0, 0, w >> 8, w, h >> 8, h};
  c->takes = 1;
  say(c, m, sizeof m);
}

static void key_event(struct conn *c) {
  static const unsigned char m[8] = {4, 1, 0, 0, 0, 0, 0, 'a'};
  c->expected = c->received + ECHO_BYTES;
  c->sent_at = now();
  say(c, m, sizeof m);
}

static void start_connect(struct conn *c) {
  int one = 1;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) die("socket");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, (void *)&a, sizeof a) && errno != EINPROGRESS) { fail(c, "cannot connect"); return; }
  c->state = CONNECTING, c->armed = 1;
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}

static void connected(struct conn *c) {
  arm(c, 0);
  if (!ws) { c->state = VERSION; return; }
  char request[1024];
  int n = snprintf(request, sizeof request,
    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\n\r\n",
    targets[c->index % target_count], port);
  append(c, request, n);
  flush(c);
  c->state = UPGRADE;
}

/* Takes n bytes off the front of the handshake's input. */
static void take(struct conn *c, size_t n) { c->in_len -= n; memmove(c->in, c->in + n, c->in_len); }

static void handshake(struct conn *c) {
  for (;;) switch (c->state) {
    case VERSION: if (c->in_len < 12) return; take(c, 12); say(c, "RFB 003.008\n", 12); c->state = TYPES; break;
    case TYPES: {
      if (c->in_len < 1 || c->in_len < 1u + c->in[0]) return;
      if (c->in[0] == 0) { fail(c, "refused by RFB"); return; }
      unsigned char pick = PICKED_NONE;
      take(c, 1 + c->in[0]);
      say(c, &pick, 1);
      c->state = RESULT;
      break;
    }
    case RESULT: if (c->in_len < 4) return; if (c->in[3]) { fail(c, "not authenticated"); return; } take(c, 4); say(c, "\1", 1); c->state = INIT; break;
    case INIT: if (c->in_len < 24 || c->in_len < 24u + c->in[23]) return; take(c, 24 + c->in[23]); c->received = c->in_len; c->state = READY; running++; return;
    default: return;
  }
}

static void payload(struct conn *c, const unsigned char *p, size_t n) {
  if (c->state == READY) { c->received += n; return; }
  if (c->in_len + n > sizeof c->in) { fail(c, "handshake too long"); return; }
  memcpy(c->in + c->in_len, p, n);
  c->in_len += n;
  handshake(c);
}

static void unframe(struct conn *c, const unsigned char *p, size_t n) {
  while (n) {
    if (c->frame_left) {
      size_t k = c->frame_left < n ? c->frame_left : n;
      c->frame_left -= k;
      payload(c, p, k);
      p += k, n -= k;
      continue;
    }
    c->head[c->head_len++] = *p++, n--;
    size_t length = c->head_len < 2 ? 0 : c->head[1] & 127, need = length == 126 ? 4 : length == 127 ? 10 : 2;
    if (c->head_len < 2 || c->head_len < need) continue;
    if (need > 2) { length = 0; for (size_t i = 2; i < need; i++) length = length << 8 | c->head[i]; }
    if ((c->head[0] & 15) == 8) { fail(c, "closed by the proxy"); return; }
    c->frame_left = length;
    c->head_len = 0;
  }
}

static void readable(struct conn *c) {
  ssize_t n = recv(c->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) { fail(c, "connection ended"); return; }
  if (c->state == UPGRADE) {
    unsigned char *end = memmem(buffer, n, "\r\n\r\n", 4);
    if (!end || n < 12 || memcmp(buffer, "HTTP/1.1 101", 12)) { fail(c, "upgrade refused"); return; }
    c->state = VERSION;
    unframe(c, end + 4, buffer + n - end - 4);
  } else if (ws) unframe(c, buffer, n);
  else payload(c, buffer, n);
  if (c->sent_at && c->received >= c->expected) {
    if (latency_count < LATENCIES_MAX) latencies[latency_count++] = now() - c->sent_at;
    c->sent_at = 0;
  }
}

static void turn_for(double seconds) {
  struct epoll_event events[256];
  struct timespec t = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};
  int n = epoll_pwait2(ep, events, 256, &t, NULL);
  for (int i = 0; i < n; i++) {
    struct conn *c = events[i].data.ptr;
    if (c->fd < 0) continue;
    if (c->state == CONNECTING && events[i].events & (EPOLLOUT | EPOLLERR)) connected(c);
    else if (events[i].events & EPOLLOUT) flush(c);
    if (c->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP)) readable(c);
  }
}

static void turn(int timeout_ms) { turn_for(timeout_ms / 1e3); }

static void connect_all(int count, int parallel) {
  double deadline = now() + 120;
  for (int next = 0; running + failures < count && now() < deadline; turn(100))
    while (next < count && next - running - failures < parallel) { conns[next].index = next; start_connect(&conns[next++]); }
  if (running < count) die("not every session connected");
}

static int compare(const void *a, const void *b) { double x = *(double *)a - *(double *)b; return x < 0 ? -1 : x > 0; }

static double percentile(double p) {
  if (!latency_count) return 0;
  return latencies[(size_t)(p * (latency_count - 1))];
}

static void report(double seconds, uint64_t bytes, uint64_t events) {
  qsort(latencies, latency_count, sizeof *latencies, compare);
  printf("{\"seconds\":%.6f,\"bytes\":%llu,\"events\":%llu,\"missed\":%zu,\"failures\":%d,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f}\n", seconds,
    (unsigned long long)bytes, (unsigned long long)events, missed, failures, percentile(.5) * 1e6, percentile(.9) * 1e6, percentile(.99) * 1e6);
  fflush(stdout);
}

static uint64_t received(int from, int count) {
  uint64_t sum = 0;
  for (int i = from; i < from + count; i++) sum += conns[i].received;
  return sum;
}

static int value(int argc, char **argv, const char *key, int fallback) {
  size_t n = strlen(key);
  for (int i = 4; i < argc; i++) if (!strncmp(argv[i], key, n) && argv[i][n] == '=') return atoi(argv[i] + n + 1);
  return fallback;
}

/* Says "ready", so that the harness reads the clocks, and waits for its "go". */
static void handshake_with_harness(void) {
  printf("ready\n");
  fflush(stdout);
  char line[16];
  if (!fgets(line, sizeof line, stdin)) exit(0);
}

static void run_bulk(int n, int mib, int chunk) {
  double start = now(), deadline = start + 120;
  uint64_t total = (uint64_t)n * mib << 20;
  for (int i = 0; i < n; i++) command(&conns[i], 1, chunk, mib);
  while (received(0, n) < total && !failures && now() < deadline) turn(100);
  report(now() - start, received(0, n), 0);
}

static void run_video(int n, int kib, double time) {
  double start = now();
  for (int i = 0; i < n; i++) command(&conns[i], 2, kib, 0);
  while (now() < start + time && !failures) turn(10);
  report(now() - start, received(0, n), 0);
}

/* One session sends `events` messages of m as fast as it is taken, then a key whose answer ends it. */
static void run_send(const unsigned char *m, size_t length, uint64_t events) {
  struct conn *c = &conns[0];
  double start = now(), deadline = start + 120;
  for (uint64_t sent = 0; sent < events && !failures && now() < deadline;) {
    while (sent < events && c->out_len < OUT_MAX / 4) queue(c, m, length), sent++;
    flush(c);
    turn(c->out_len >= OUT_MAX / 4 ? 100 : 0);
  }
  key_event(c);
  while (c->sent_at && !failures && now() < deadline) turn(100);
  report(now() - start, events * length, events);
}

static void run_echo(int n, int every_ms, double time, int extra, int mode) {
  for (int i = n; i < n + extra; i++) mode == 3 ? command(&conns[i], 3, 0, 0) : command(&conns[i], 2, 1024, 0);
  for (double until = now() + .5; extra && now() < until;) turn(1);
  double start = now(), *due = calloc(n, sizeof *due);
  uint64_t events = 0, flooded = received(n, extra);
  for (int i = 0; i < n; i++) due[i] = start + every_ms / 1e3 * i / n;
  while (now() < start + time && !failures) {
    double t = now(), soonest = t + 1;
    for (int i = 0; i < n; i++) {
      if (due[i] <= t) {
        if (conns[i].sent_at) missed++;
        else key_event(&conns[i]), events++;
        due[i] += every_ms / 1e3;
      }
      if (due[i] < soonest) soonest = due[i];
    }
    double left = soonest - now();
    turn_for(left > 0 ? left : 0);
  }
  report(now() - start, received(n, extra) - flooded, events);
}

static void run_setup(int count, int parallel) {
  double start = now(), deadline = start + 120;
  for (int next = 0; running + failures < count && now() < deadline; turn(100)) {
    for (int i = 0; i < next; i++) if (conns[i].fd >= 0 && conns[i].state == READY) finish(&conns[i]);
    while (next < count && next - running - failures < parallel) { conns[next].index = next; start_connect(&conns[next++]); }
  }
  report(now() - start, 0, running);
}

int main(int argc, char **argv) {
  if (argc < 4) { fprintf(stderr, "usage: vnc-load ws|tcp PORT SCENARIO KEY=VALUE...\n"); return 2; }
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  ws = !strcmp(argv[1], "ws");
  port = atoi(argv[2]);
  const char *s = argv[3];
  char line[1024];
  while (ws && fgets(line, sizeof line, stdin) && line[0] != '\n') {
    line[strcspn(line, "\n")] = 0;
    targets = realloc(targets, (target_count + 1) * sizeof *targets);
    targets[target_count++] = strdup(line);
  }
  if (ws && !target_count) die("no targets");
  int one = !strcmp(s, "pointer") || !strcmp(s, "paste"), n = one ? 1 : value(argc, argv, "sessions", 8);
  int extra = !strcmp(s, "flood") ? 1 : !strcmp(s, "busy") ? 10 : 0;
  latencies = malloc(LATENCIES_MAX * sizeof *latencies);
  conns = calloc(n + extra, sizeof *conns);
  ep = epoll_create1(EPOLL_CLOEXEC);
  if (!strcmp(s, "setup")) { handshake_with_harness(); run_setup(n, value(argc, argv, "parallel", 16)); return failures != 0; }
  connect_all(n + extra, 64);
  handshake_with_harness();
  double time = value(argc, argv, "time", 4);
  if (!strcmp(s, "bulk")) run_bulk(n, value(argc, argv, "mib", 64), value(argc, argv, "chunk", 64));
  else if (!strcmp(s, "video")) run_video(n, value(argc, argv, "kib", 1024), time);
  else if (!strcmp(s, "pointer")) { static const unsigned char m[6] = {5, 0, 1, 0, 1, 0}; run_send(m, 6, value(argc, argv, "events", 200000)); }
  else if (!strcmp(s, "paste")) { static unsigned char m[4096] = {6, 0, 0, 0, 0, 0, 0x0f, 0xf8}; run_send(m, sizeof m, value(argc, argv, "mib", 64) * 256ull); }
  else if (!strcmp(s, "idle")) { char b[8]; while (read(0, b, sizeof b) > 0) {} report(0, 0, 0); }
  else run_echo(n, value(argc, argv, "every", 20), time, extra, extra == 1 ? 3 : 2);
  if (failures) return 1;
  handshake_with_harness(); /* hold the sessions until the clocks are read */
  return 0;
}
