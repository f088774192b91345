/* A small libvncserver server for tests: HOST PORT PASSWORD-FILE (empty: none) MINOR-VERSION (8, 7 or 3).
 * Draws a gradient that does not move; prints every key and pointer event to standard output.
 * The key 'Q' closes the connection, 'S' changes the size between 800x600 and 1024x768. */
#include <arpa/inet.h>
#include <rfb/rfb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int width = 800, height = 600, want_resize;
static rfbScreenInfoPtr screen;

static void draw(void) {
  unsigned char *p = (unsigned char *)screen->frameBuffer;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      p[0] = x * 255 / (width - 1);
      p[1] = y * 255 / (height - 1);
      p[2] = (x + y) & 255;
      p[3] = 0;
      p += 4;
    }
}

static void on_key(rfbBool down, rfbKeySym key, rfbClientPtr client) {
  printf("KEY %s %#x\n", down ? "down" : "up", (unsigned)key);
  fflush(stdout);
  if (down && key == 'S') want_resize = 1;
  if (down && key == 'Q') rfbCloseClient(client);
}

static void on_pointer(int buttons, int x, int y, rfbClientPtr client) {
  printf("POINTER %d %d %d\n", buttons, x, y);
  fflush(stdout);
  rfbDefaultPtrAddEvent(buttons, x, y, client);
}

static void resize(void) {
  char *fresh = calloc(1, 1024 * 768 * 4), *old = screen->frameBuffer;
  want_resize = 0;
  width = width == 800 ? 1024 : 800;
  height = height == 600 ? 768 : 600;
  rfbNewFramebuffer(screen, fresh, width, height, 8, 3, 4);
  free(old);
  draw();
}

int main(int argc, char **argv) {
  static char password[64], *passwords[2] = {password, 0};
  FILE *file;
  if (argc < 5) return 2;
  file = fopen(argv[3], "r");
  if (!file) return 3;
  if (fgets(password, sizeof password, file)) password[strcspn(password, "\n")] = 0;
  fclose(file);
  screen = rfbGetScreen(&argc, argv, width, height, 8, 3, 4);
  screen->frameBuffer = calloc(1, 1024 * 768 * 4);
  screen->desktopName = "libvnc-server";
  screen->alwaysShared = TRUE;
  screen->kbdAddEvent = on_key;
  screen->ptrAddEvent = on_pointer;
  screen->cursor = 0;
  screen->listenInterface = inet_addr(argv[1]);
  screen->port = atoi(argv[2]);
  screen->ipv6port = 0;
  screen->autoPort = FALSE;
  if (*password) {
    screen->authPasswdData = passwords;
    screen->passwordCheck = rfbCheckPasswordByList;
  }
  screen->protocolMinorVersion = atoi(argv[4]);
  draw();
  rfbInitServer(screen);
  if (screen->listenSock < 0) return 1;
  while (rfbIsActive(screen)) {
    rfbProcessEvents(screen, 40000);
    if (want_resize) resize();
  }
  return 0;
}
