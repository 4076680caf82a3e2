/* Looks all lines of a file up in a dictionary, ROUNDS times, in an order that has nothing to do with theirs: for
 * counting instructions. hits DICTIONARY LINES ROUNDS */
#include <keyfold/keyfold.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 20 };

int main(int count, char **arguments)
{
    static char *lines[MOST];
    static size_t sizes[MOST];
    char *line = NULL;
    size_t room = 0, n = 0;
    kf_dict *dict = NULL;
    uint64_t ordinal, found = 0;
    if (count != 4 || kf_dict_open(&dict, arguments[1], NULL, NULL)) return 2;
    FILE *file = fopen(arguments[2], "r");
    if (!file) return 2;
    for (ssize_t size; n < MOST && (size = getline(&line, &room, file)) > 0; n++) {
        sizes[n] = (size_t)size - (line[size - 1] == '\n');
        lines[n] = strndup(line, sizes[n]);
        if (!lines[n]) return 2;
    }
    fclose(file);
    free(line);
    for (int round = 0; n && round < atoi(arguments[3]); round++)
        for (size_t i = 0, at = 0; i < n; i++, at = (at + 514229) % n)
            found += kf_dict_ordinal(dict, lines[at], sizes[at], &ordinal) == KF_OK;
    printf("%zu keys, %llu found\n", n, (unsigned long long)found);
    for (size_t i = 0; i < n; i++) free(lines[i]);
    kf_dict_close(&dict);
    return 0;
}
