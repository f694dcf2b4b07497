/*
 * Many readers of event streams in one process, so that what is measured is the server.
 *
 *     load <host> <port> <clients> <stalled> <requests file>
 *
 * The file has header lines, an empty line, and then a path per line; client i asks for path i modulo their number. The
 * first <stalled> clients stop reading once the headers are there. An event is a marker in the stream: @T and 19 digits, the
 * time when it was published (CLOCK_MONOTONIC, ns). It answers each command on stdin with a line of JSON:
 *
 *     connected <ms>           when every client has its headers, or at the deadline
 *     begin                    resets its counts
 *     await <events> <ms>      when the reading clients have this many in all, or at the deadline
 *
 * Only WINDOW connections are opened at a time, so that no server's queue of new connections overflows.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 128, MARKER = 21, BUCKET_US = 50, BUCKETS = 200000, BUFFER = 256 * 1024, COMMANDS = -1 };

typedef struct {
  int fd;
  int waiting; /* until the headers have arrived */
  int tail_length;
  char tail[MARKER];
  uint64_t events, newest;
} Client;

static Client *clients;
static int count, stalled, opened, waiting, ready, failed, closed_early;
static struct sockaddr_in server;
static char **requests;
static int request_count, poller;
static char buffer[BUFFER + MARKER];
static uint64_t events, bytes, disorder, began, newest_at, buckets[BUCKETS];

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void read_requests(const char *file, const char *host) {
  FILE *input = fopen(file, "r");
  if (!input) die(file);
  char headers[8192] = "", line[4096];
  while (fgets(line, sizeof line, input) && line[0] != '\n') {
    line[strcspn(line, "\n")] = 0;
    strncat(headers, line, sizeof headers - strlen(headers) - 3);
    strcat(headers, "\r\n");
  }
  while (fgets(line, sizeof line, input)) {
    line[strcspn(line, "\n")] = 0;
    requests = realloc(requests, sizeof *requests * (size_t)(request_count + 1));
    if (asprintf(&requests[request_count++], "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n%s\r\n",
                 line, host, headers) < 0)
      die("asprintf");
  }
  fclose(input);
}

static void open_more(void) {
  while (waiting < WINDOW && opened < count) {
    Client *client = &clients[opened];
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (client->fd < 0) die("socket");
    int on = 1, small = 4096;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (opened < stalled) setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (connect(client->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS) die("connect");
    struct epoll_event wanted = {.events = EPOLLOUT, .data.u32 = (uint32_t)opened};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, client->fd, &wanted) < 0) die("epoll_ctl");
    client->waiting = 1;
    waiting++;
    opened++;
  }
}

static void lose(Client *client) {
  if (client->waiting) waiting--, failed++;
  else closed_early++;
  client->waiting = 0;
  close(client->fd);
  client->fd = -1;
}

static void ask(Client *client) {
  const char *request = requests[(client - clients) % request_count];
  if (send(client->fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request)) return lose(client);
  struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = (uint32_t)(client - clients)};
  epoll_ctl(poller, EPOLL_CTL_MOD, client->fd, &wanted);
}

static void headers_arrived(Client *client, const char *text) {
  client->waiting = 0;
  waiting--;
  if (strncmp(text + 8, " 200", 4) != 0) {
    if (failed++ == 0) fprintf(stderr, "load: %.200s\n", text);
    close(client->fd);
    client->fd = -1;
    return;
  }
  ready++;
  if (client - clients < stalled) epoll_ctl(poller, EPOLL_CTL_DEL, client->fd, NULL);
}

static void take_event(Client *client, uint64_t sent, uint64_t at) {
  uint64_t bucket = at > sent ? (at - sent) / (BUCKET_US * 1000u) : 0;
  buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
  if (sent <= client->newest) disorder++;
  client->newest = sent;
  client->events++;
  events++;
  newest_at = at;
}

/* Reads once; a marker that is cut in two stays at the front of the buffer for the next time. */
static void take(Client *client) {
  memcpy(buffer, client->tail, (size_t)client->tail_length);
  ssize_t got = recv(client->fd, buffer + client->tail_length, BUFFER, 0);
  if (got <= 0) {
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    return lose(client);
  }
  bytes += (uint64_t)got;
  size_t length = (size_t)got + (size_t)client->tail_length;
  buffer[length] = 0;
  if (client->waiting) headers_arrived(client, buffer);
  uint64_t at = now();
  char *from = buffer, *end = buffer + length, *mark;
  while ((mark = memmem(from, (size_t)(end - from), "@T", 2)) && end - mark >= MARKER) {
    take_event(client, strtoull(mark + 2, NULL, 10), at);
    from = mark + MARKER;
  }
  size_t left = mark ? (size_t)(end - mark) : (end > from && end[-1] == '@');
  client->tail_length = (int)left;
  memcpy(client->tail, end - left, left);
}

static double percentile_ms(double share) {
  uint64_t wanted = (uint64_t)((double)events * share), seen = 0;
  for (int i = 0; i < BUCKETS; i++)
    if ((seen += buckets[i]) > wanted) return (i + 0.5) * BUCKET_US / 1000.0;
  return 0;
}

static void report(void) {
  uint64_t least = UINT64_MAX, most = 0;
  for (int i = stalled; i < count; i++) {
    if (clients[i].events < least) least = clients[i].events;
    if (clients[i].events > most) most = clients[i].events;
  }
  printf("{\"clients\":%d,\"ready\":%d,\"failed\":%d,\"closed\":%d,\"events\":%lu,\"least\":%lu,\"most\":%lu,"
         "\"disorder\":%lu,\"bytes\":%lu,\"p50\":%.3f,\"p99\":%.3f,\"ms\":%.3f}\n",
         count, ready, failed, closed_early, events, least, most, disorder, bytes, percentile_ms(0.5),
         percentile_ms(0.99), newest_at > began ? (double)(newest_at - began) / 1e6 : 0.0);
  fflush(stdout);
}

static void begin(void) {
  for (int i = 0; i < count; i++) clients[i].events = 0;
  memset(buckets, 0, sizeof buckets);
  events = bytes = disorder = newest_at = 0;
  began = now();
}

int main(int argc, char **argv) {
  if (argc != 6) return fprintf(stderr, "load <host> <port> <clients> <stalled> <requests file>\n"), 2;
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) die("inet_pton");
  count = atoi(argv[3]);
  stalled = atoi(argv[4]);
  clients = calloc((size_t)count, sizeof *clients);
  read_requests(argv[5], argv[1]);
  poller = epoll_create1(0);
  struct epoll_event commands = {.events = EPOLLIN, .data.u32 = (uint32_t)COMMANDS}, happened[512];
  if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, 0, &commands) < 0) die("epoll");
  began = now();

  enum { NOTHING, CONNECTED, EVENTS } until = NOTHING;
  uint64_t goal = 0, deadline = 0;
  for (;;) {
    open_more();
    int number = epoll_wait(poller, happened, 512, until == NOTHING ? 1000 : 5);
    for (int i = 0; i < number; i++) {
      if (happened[i].data.u32 != (uint32_t)COMMANDS) {
        Client *client = &clients[happened[i].data.u32];
        if (client->fd < 0) continue;
        if (happened[i].events & EPOLLOUT) ask(client);
        else take(client);
        continue;
      }
      char line[256], word[32];
      ssize_t length = read(0, line, sizeof line - 1);
      if (length <= 0) return 0;
      line[length] = 0;
      unsigned long first = 0, second = 0;
      if (sscanf(line, "%31s %lu %lu", word, &first, &second) < 1) continue;
      if (strcmp(word, "begin") == 0) begin(), report();
      if (strcmp(word, "connected") == 0) until = CONNECTED, deadline = now() + first * 1000000u;
      if (strcmp(word, "await") == 0) until = EVENTS, goal = first, deadline = now() + second * 1000000u;
    }
    int reached = until == CONNECTED ? ready + failed >= count : until == EVENTS ? events >= goal : 0;
    if (until != NOTHING && (reached || now() > deadline)) until = NOTHING, report();
  }
}
