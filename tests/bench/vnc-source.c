/*
 * vnc-source PORT: a VNC server for benchmarks that costs almost nothing itself. One thread, epoll.
 *
 * It offers VNC authentication and None; a challenge's answer is read but not judged, because the
 * work of answering is what is measured. After ServerInit the client's own RFB messages command it:
 *   FramebufferUpdateRequest x=1: send h MiB as fast as it is taken, in writes of w KiB
 *                            x=2: send w KiB a second at 30 pictures a second until the peer leaves
 *                            x=3: send without end
 *   KeyEvent: answers 32 bytes.  PointerEvent, ClientCutText and the rest: read and dropped.
 * Prints its port when it listens; ends when standard input closes.
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
#include <sys/timerfd.h>
#include <unistd.h>

enum { VERSION, SECURITY, RESPONSE, CLIENT_INIT, RUNNING };
enum { PICTURES_PER_SECOND = 30, MAX_WRITE = 1 << 20, ECHO_BYTES = 32 };

struct conn {
  int fd, state, armed;
  uint64_t bulk;       /* bytes still to send, UINT64_MAX = without end */
  uint32_t chunk;      /* bytes a write */
  uint32_t rate;       /* bytes a picture, 0 = no video */
  uint64_t skip;       /* bytes of the current client message still to be dropped */
  size_t in_len, out_len;
  unsigned char in[64], out[256];
  struct conn *next, *prev;
};

static char payload[MAX_WRITE];
static struct conn all = {.next = &all, .prev = &all};
static struct conn *graveyard;
static int ep;

static void arm(struct conn *c, int out) {
  if (c->armed == out) return;
  struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
  c->armed = out;
}

static void drop(struct conn *c) {
  close(c->fd);
  c->fd = -1;
  c->next->prev = c->prev;
  c->prev->next = c->next;
  c->next = graveyard; /* freed after the batch of events that may still name it */
  graveyard = c;
}

/* Returns 0 when the connection is gone. */
static int flush(struct conn *c) {
  int writes = 0;
  while (c->out_len || c->bulk) {
    if (++writes > 16) { arm(c, 1); return 1; } /* let others run */
    ssize_t n;
    if (c->out_len) {
      n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) { c->out_len -= n; memmove(c->out, c->out + n, c->out_len); }
    } else {
      size_t want = c->bulk < c->chunk ? c->bulk : c->chunk;
      n = send(c->fd, payload, want, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0 && c->bulk != UINT64_MAX) c->bulk -= n;
    }
    if (n < 0) {
      if (errno == EAGAIN) { arm(c, 1); return 1; }
      drop(c);
      return 0;
    }
  }
  arm(c, 0);
  return 1;
}

static void say(struct conn *c, const void *bytes, size_t n) {
  if (c->out_len + n > sizeof c->out) return; /* the peer does not read; measured as loss there */
  memcpy(c->out + c->out_len, bytes, n);
  c->out_len += n;
}

static unsigned u16(const unsigned char *p) { return p[0] << 8 | p[1]; }

static void update_request(struct conn *c, const unsigned char *m) {
  unsigned command = u16(m + 2), w = u16(m + 6), h = u16(m + 8);
  c->chunk = w * 1024u > MAX_WRITE || w == 0 ? MAX_WRITE : w * 1024u;
  if (command == 1) c->bulk = (uint64_t)h << 20;
  if (command == 2) { c->rate = w * 1024u / PICTURES_PER_SECOND; c->chunk = MAX_WRITE; }
  if (command == 3) { c->bulk = UINT64_MAX; c->chunk = 65536; }
}

/* Handles one message of `in`; returns its length, or 0 when more bytes are needed. */
static size_t message(struct conn *c) {
  static const unsigned char init[] = {4, 0, 3, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0, 0, 0, 0, 5, 'b', 'e', 'n', 'c', 'h'};
  static const unsigned char types[] = {2, 2, 1}, challenge[16] = {1, 2, 3}, ok[4] = {0};
  const unsigned char *m = c->in;
  size_t have = c->in_len;
  switch (c->state) {
    case VERSION: if (have < 12) return 0; say(c, types, 3); c->state = SECURITY; return 12;
    case SECURITY:
      if (have < 1) return 0;
      if (m[0] == 2) { say(c, challenge, 16); c->state = RESPONSE; }
      else { say(c, ok, 4); c->state = CLIENT_INIT; }
      return 1;
    case RESPONSE: if (have < 16) return 0; say(c, ok, 4); c->state = CLIENT_INIT; return 16;
    case CLIENT_INIT: if (have < 1) return 0; say(c, init, sizeof init); c->state = RUNNING; return 1;
  }
  if (have < 1) return 0;
  switch (m[0]) {
    case 0: return have < 20 ? 0 : 20;
    case 2: if (have < 4) return 0; c->skip = 4ull * u16(m + 2); return 4;
    case 3: if (have < 10) return 0; update_request(c, m); return 10;
    case 4: if (have < 8) return 0; say(c, payload, ECHO_BYTES); return 8;
    case 5: return have < 6 ? 0 : 6;
    case 6: if (have < 8) return 0; c->skip = (uint64_t)u16(m + 4) << 16 | u16(m + 6); return 8;
  }
  fprintf(stderr, "vnc-source: unknown message %d\n", m[0]);
  exit(1);
}

static void consume(struct conn *c, unsigned char *p, size_t n) {
  while (n) {
    if (c->skip) {
      size_t k = c->skip < n ? c->skip : n;
      c->skip -= k, p += k, n -= k;
      continue;
    }
    if (c->state == RUNNING && c->in_len == 0) { /* the flood of pointer events, without copying */
      while (n >= 6 && p[0] == 5) p += 6, n -= 6;
      if (!n) return;
    }
    size_t k = sizeof c->in - c->in_len < n ? sizeof c->in - c->in_len : n;
    memcpy(c->in + c->in_len, p, k);
    c->in_len += k, p += k, n -= k;
    size_t used;
    while (!c->skip && (used = message(c))) {
      c->in_len -= used;
      memmove(c->in, c->in + used, c->in_len);
    }
    if (c->skip) {
      size_t s = c->skip < c->in_len ? c->skip : c->in_len;
      c->skip -= s;
      c->in_len -= s;
      memmove(c->in, c->in + s, c->in_len);
    }
  }
}

static void readable(struct conn *c) {
  static unsigned char buffer[1 << 18];
  ssize_t n = recv(c->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN)) { drop(c); return; }
  if (n < 0) return;
  consume(c, buffer, n);
  flush(c);
}

static void accept_all(int listener) {
  int fd, one = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    struct conn *c = calloc(1, sizeof *c);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->fd = fd;
    c->next = all.next, c->prev = &all, all.next->prev = c, all.next = c;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
    say(c, "RFB 003.008\n", 12);
    flush(c);
  }
}

static void picture(void) {
  for (struct conn *c = all.next, *next; c != &all; c = next) {
    next = c->next;
    if (!c->rate) continue;
    if (c->bulk < 16ull * c->rate) c->bulk += c->rate; /* a peer that lags loses pictures */
    flush(c);
  }
}

int main(int argc, char **argv) {
  if (argc != 2) { fprintf(stderr, "usage: vnc-source PORT\n"); return 2; }
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  for (size_t i = 0; i < sizeof payload; i++) payload[i] = (char)(i * 2654435761u >> 13);
  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof a;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&a, sizeof a) || listen(listener, 4096)) { perror("vnc-source"); return 1; }
  getsockname(listener, (void *)&a, &len);
  printf("%d\n", ntohs(a.sin_port));
  fflush(stdout);
  ep = epoll_create1(EPOLL_CLOEXEC);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  struct itimerspec every = {{0, 1000000000 / PICTURES_PER_SECOND}, {0, 1000000000 / PICTURES_PER_SECOND}};
  timerfd_settime(timer, 0, &every, NULL);
  static int special[3];
  special[0] = listener, special[1] = timer, special[2] = 0;
  for (int i = 0; i < 3; i++) {
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = &special[i]};
    epoll_ctl(ep, EPOLL_CTL_ADD, special[i], &e);
  }
  struct epoll_event events[256];
  for (;;) {
    int n = epoll_wait(ep, events, 256, -1);
    for (int i = 0; i < n; i++) {
      void *p = events[i].data.ptr;
      if (p == &special[0]) accept_all(listener);
      else if (p == &special[1]) { uint64_t ticks; if (read(timer, &ticks, 8) == 8) picture(); }
      else if (p == &special[2]) { char b[16]; if (read(0, b, 16) <= 0) return 0; }
      else if (((struct conn *)p)->fd < 0) continue;
      else if (events[i].events & EPOLLOUT) { if (flush(p) && events[i].events & EPOLLIN) readable(p); }
      else readable(p);
    }
    while (graveyard) {
      struct conn *next = graveyard->next;
      free(graveyard);
      graveyard = next;
    }
  }
}
