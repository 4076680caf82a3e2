/* What a test has done, in numbers, for a campaign to add up: named counts, of which each process appends those that
 * are its own, a line "NAME <tab> NUMBER" each, to the file that KEYFOLD_TEST_COUNTS names when it exits. Nothing is
 * written if that is not set, nor for a process that dies. */
#ifndef TESTS_SUPPORT_TALLY_H
#define TESTS_SUPPORT_TALLY_H

#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TALLY_NAMES = 12 };

static struct { const char *name; uint64_t number; } tallies[TALLY_NAMES];
static pid_t tally_owner;

static inline void tally_write(void)
{
    const char *path = getenv("KEYFOLD_TEST_COUNTS");
    if (!path || !*path || tally_owner != getpid()) return;
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    for (size_t i = 0; fd >= 0 && i < TALLY_NAMES && tallies[i].name; i++) {
        char line[100];
        const int size = snprintf(line, sizeof line, "%s\t%" PRIu64 "\n", tallies[i].name, tallies[i].number);
        if (write(fd, line, (size_t)size) != size) fprintf(stderr, "%s cannot be written\n", path);
    }
    if (fd >= 0) close(fd);
}

/* Adds to a count. What a parent had counted before it forked is not counted again. */
static inline void tally(const char *name, uint64_t number)
{
    size_t i = 0;
    if (tally_owner != getpid()) {
        memset(tallies, 0, sizeof tallies);
        tally_owner = getpid();
        atexit(tally_write);
    }
    while (i < TALLY_NAMES && tallies[i].name && strcmp(tallies[i].name, name) != 0) i++;
    if (i == TALLY_NAMES) return;
    tallies[i].name = name;
    tallies[i].number += number;
}

#endif
