/* A driver for a fuzz target where there is no libFuzzer.
 *
 *   TARGET [--mutate N] [FILE|FOLDER]...    runs the target's own seeds and the files given, then each of
 *                                           them N times with drawn changes; "N passed, N failed"
 *   TARGET --write-seeds FOLDER             writes the seeds, for libFuzzer to begin with */
#include "fuzz.h"
#include "scale.h"
#include "tally.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const int fuzz_in_own_process = 0;

static char current[600];
static unsigned long long passed;
static uint64_t random_state;
static long mutations;

static size_t below(size_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return n ? (size_t)((random_state >> 33) % n) : 0;
}

static void struck(int number)
{
    static const char message[] = "the input was: ";
    ssize_t ignored = write(2, message, sizeof message - 1);
    ignored += write(2, current, strlen(current)) + write(2, "\n0 passed, 1 failed\n", 20);
    (void)ignored;
    signal(number, SIG_DFL);
    raise(number == SIGALRM ? SIGABRT : number);
}

static size_t mutate(uint8_t *data, size_t size, size_t room)
{
    for (size_t n = 1 + below(6); n--; ) {
        size_t at = below(size), length = 1 + below(24);
        if (!size) break;
        switch (below(8)) {
        case 0: case 1: data[at] ^= (uint8_t)(1u << below(8)); break;
        case 2: data[at] = (uint8_t)below(256); break;
        case 3: data[at] = (uint8_t)"\0\xff\x7f\x80\n\t\"\\,{"[below(10)]; break;
        case 4: while (length-- && at < size) data[at++] = (uint8_t)below(256); break;
        case 5:
            if (length > size - at) length = size - at;
            memmove(data + at, data + below(size - length + 1), length);
            break;
        case 6:
            if (length > size - at) length = size - at;
            memmove(data + at, data + at + length, size - at - length);
            size -= length;
            break;
        default:
            if (length > room - size) length = room - size;
            memmove(data + at + length, data + at, size - at);
            size += length;
        }
    }
    return size;
}

static void run_input(const uint8_t *data, size_t size, const char *name)
{
    /* In memory of exactly its size, for a sanitizer to see what is read beyond. */
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) abort();
    for (long turn = 0; turn <= mutations; turn++) {
        size_t length = size;
        snprintf(current, sizeof current, "%s, mutation %ld", name, turn);
        alarm(60);
        if (turn) {
            uint8_t *changed = malloc(size + 200);
            if (!changed) abort();
            if (size) memcpy(changed, data, size);
            random_state = (seed_or(0) * 1000003 + (uint64_t)turn) * 0x9e3779b97f4a7c15u + size;
            length = mutate(changed, size, size + 200);
            free(copy);
            copy = malloc(length ? length : 1);
            if (!copy) abort();
            memcpy(copy, changed, length);
            free(changed);
        } else if (size) {
            memcpy(copy, data, size);
        }
        LLVMFuzzerTestOneInput(copy, length);
        tally("inputs", 1);
        passed += turn == 0;
    }
    free(copy);
}

static int run_path(const char *path)
{
    struct stat information;
    if (stat(path, &information)) {
        perror(path);
        return 0;
    }
    if (S_ISDIR(information.st_mode)) {
        struct dirent **names;
        int count = scandir(path, &names, NULL, alphasort), fine = count >= 0;
        for (int i = 0; i < count; i++) {
            char inner[4096];
            snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name);
            if (names[i]->d_name[0] != '.') fine &= run_path(inner);
            free(names[i]);
        }
        if (count >= 0) free(names);
        return fine;
    }
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc((size_t)information.st_size + 1);
    size_t size = file && data ? fread(data, 1, (size_t)information.st_size, file) : 0;
    int fine = file && data && size == (size_t)information.st_size;
    if (file) fclose(file);
    if (fine) run_input(data, size, path);
    else perror(path);
    free(data);
    return fine;
}

static int write_seeds(const char *folder)
{
    uint8_t *data;
    size_t size;
    for (unsigned n = 0; (data = fuzz_seed(n, &size)); n++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/seed-%02u", folder, n);
        FILE *file = fopen(path, "wb");
        int fine = file && fwrite(data, 1, size, file) == size;
        if (file) fine &= fclose(file) == 0;
        free(data);
        if (!fine) {
            perror(path);
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    uint8_t *data;
    size_t size;
    int at = 1, failed = 0;
    if (argc == 3 && !strcmp(argv[1], "--write-seeds")) return write_seeds(argv[2]);
    if (argc > 2 && !strcmp(argv[1], "--mutate")) {
        mutations = (long)rounds_of(strtoull(argv[2], NULL, 10));
        at = 3;
    }
    signal(SIGSEGV, struck);
    signal(SIGBUS, struck);
    signal(SIGABRT, struck);
    signal(SIGALRM, struck);
    for (unsigned n = 0; (data = fuzz_seed(n, &size)); n++) {
        char name[40];
        snprintf(name, sizeof name, "seed %u", n);
        run_input(data, size, name);
        free(data);
    }
    for (; at < argc; at++) failed += !run_path(argv[at]);
    printf("%llu passed, %d failed\n", passed, failed);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
