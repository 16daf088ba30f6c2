/*
 * How much of a file the page cache holds, by mincore(2): idle cache goes cold by itself on some hosts.
 * Usage: resident file=PATH
 */
#include "uring.h"

#include <sys/stat.h>

int main(int argc, char **argv) {
  const char *path = argument(argc, argv, "file", "");
  int fd = open(path, O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) die(path);
  size_t page = (size_t)sysconf(_SC_PAGESIZE), count = ((size_t)st.st_size + page - 1) / page, resident = 0;
  if (count == 0) {
    printf("{\"pages\":0,\"resident\":0}\n");
    return 0;
  }
  void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
  unsigned char *seen = malloc(count);
  if (map == MAP_FAILED || !seen || mincore(map, (size_t)st.st_size, seen) != 0) die("mincore");
  for (size_t i = 0; i < count; i++) resident += seen[i] & 1;
  printf("{\"pages\":%zu,\"resident\":%zu}\n", count, resident);
  return 0;
}
