/*
 * What it costs to register, clone and unregister one buffer of a given size.
 * The source ring is plain (a SINGLE_ISSUER one refuses to be cloned from); the destination stands on the top rung.
 * Usage: registration [bytes=4096] [rounds=20]. Prints medians in microseconds.
 */
#include "uring.h"

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double median(double *values, unsigned count) {
  qsort(values, count, sizeof *values, by_value);
  return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double timed(int fd, unsigned op, void *arg, unsigned count, const char *what) {
  double start = now_seconds();
  int result = ring_register(fd, op, arg, count);
  double elapsed = now_seconds() - start;
  if (result < 0) die(what);
  return elapsed * 1e6;
}

int main(int argc, char **argv) {
  size_t bytes = (size_t)number(argc, argv, "bytes", 4096);
  unsigned rounds = (unsigned)number(argc, argv, "rounds", 20);
  struct ring source, target;
  ring_open(&source, 8, 16, SETUP_CQSIZE);
  ring_open(&target, 8, 16, TOP_RUNG);
  struct iovec buffer = {.iov_base = pages(bytes), .iov_len = bytes};
  double *in = calloc(rounds, sizeof *in), *clone = calloc(rounds, sizeof *clone), *out = calloc(rounds, sizeof *out);
  int can_clone = 1;
  for (unsigned i = 0; i < rounds; i++) {
    in[i] = timed(source.fd, REG_BUFFERS, &buffer, 1, "io_uring_register(BUFFERS)");
    struct clone_buffers from = {.src_fd = (uint32_t)source.fd};
    double start = now_seconds();
    if (can_clone && ring_register(target.fd, REG_CLONE_BUFFERS, &from, 1) < 0) can_clone = 0;
    clone[i] = (now_seconds() - start) * 1e6;
    if (can_clone) timed(target.fd, REG_UNREGISTER_BUFFERS, NULL, 0, "io_uring_register(UNREGISTER_BUFFERS)");
    out[i] = timed(source.fd, REG_UNREGISTER_BUFFERS, NULL, 0, "io_uring_register(UNREGISTER_BUFFERS)");
  }
  printf("{\"registerUs\":%.3f,\"unregisterUs\":%.3f", median(in, rounds), median(out, rounds));
  if (can_clone) printf(",\"cloneUs\":%.3f", median(clone, rounds));
  printf("}\n");
  return 0;
}
