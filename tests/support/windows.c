#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

int setenv(const char *name, const char *value, int overwrite)
{
    return overwrite || !getenv(name) ? _putenv_s(name, value) : 0;
}

char *mkdtemp(char *path)
{
    char *end = path + strlen(path) - 6;
    unsigned drawn;
    do {
        if (rand_s(&drawn)) return NULL;
        for (int i = 0; i < 6; i++, drawn /= 26) end[i] = (char)('a' + drawn % 26);
        if (!mkdir(path, 0700)) return path;
    } while (errno == EEXIST);
    return NULL;
}

int link(const char *from, const char *to) { return CreateHardLinkA(to, from, NULL) ? 0 : -1; }
