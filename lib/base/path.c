#include "base/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_UP = 2 };

#ifdef _WIN32
static int is_separator(char c) { return c == '/' || c == '\\'; }

/* Whether it begins with a drive, as "C:" does. */
static int has_drive(const char *path, size_t size)
{
    return size >= 2 && path[1] == ':' && ((path[0] | 32) >= 'a' && (path[0] | 32) <= 'z');
}
#else
static int is_separator(char c) { return c == '/'; }
static int has_drive(const char *path, size_t size) { return (void)path, (void)size, 0; }
#endif

const char *kfi_path_name(const char *path)
{
    const char *name = path + (has_drive(path, strlen(path)) ? 2 : 0);
    for (const char *p = name; *p; p++)
        if (is_separator(*p)) name = p + 1;
    return name;
}

char *kfi_path_folder(const char *path)
{
    const size_t size = (size_t)(kfi_path_name(path) - path);
    const size_t root = has_drive(path, size) ? 2 : 0;   /* which keeps the separator after it, if there is one */
    if (!size) return strdup(".");
    return strndup(path, size > root + 1 ? size - 1 : size);
}

char *kfi_path_real(const char *path) { return realpath(path, NULL); }

char *kfi_path_beside(const char *path, kf_bytes name)
{
    const char *text = (const char *)name.data;
    const int absolute = name.size && (is_separator(*text) || has_drive(text, name.size));
    const size_t folder = absolute ? 0 : (size_t)(kfi_path_name(path) - path);
    char *out = malloc(folder + name.size + 1);
    if (!out) return NULL;
    if (folder) memcpy(out, path, folder);
    if (name.size) memcpy(out + folder, name.data, name.size);
    out[folder + name.size] = '\0';
    return out;
}

int kfi_path_same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The real folder of a path, without links; without the last slash if it is a root. */
static kf_status real_folder(char **out, const char *path, kf_error *error)
{
    char *folder = kfi_path_folder(path);
    *out = NULL;
    if (!folder) return kfi_fail_memory(error, strlen(path));
    kf_status status = KF_OK;
    *out = realpath(folder, NULL);
    if (!*out) status = kfi_fail_errno(error, errno, "cannot find the folder '%s'", folder);
    else if (*kfi_path_name(*out) == '\0') (*out)[strlen(*out) - 1] = '\0';
    free(folder);
    return status;
}

/* How many bytes of both folders are the same whole steps. */
static size_t common_folders(const char *a, const char *b)
{
    size_t i = 0, whole = 0;
    for (; a[i] && a[i] == b[i]; i++)
        if (a[i] == '/') whole = i;
    int ends = (!a[i] || a[i] == '/') && (!b[i] || b[i] == '/');
    return ends ? i : whole;
}

kf_status kfi_path_between(char **out, const char *from, const char *to, int absolute, kf_error *error)
{
    char *here = NULL, *there = NULL;
    const char *name = kfi_path_name(to);
    *out = NULL;
    kf_status status = real_folder(&here, from, error);
    if (!status) status = real_folder(&there, to, error);
    if (status) goto out;
    size_t common = common_folders(here, there), up = 0;
    for (const char *p = here + common; *p; p++) up += *p == '/';
    if (up > MOST_UP || (up && !common)) absolute = 1;
    const char *rest = absolute ? there : there + common + (there[common] == '/');
    size_t size = 3 * up + strlen(rest) + 1 + strlen(name) + 1;
    *out = malloc(size);
    if (!*out) {
        status = kfi_fail_memory(error, size);
        goto out;
    }
    char *end = *out;
    for (; !absolute && up; up--, end += 3) memcpy(end, "../", 3);
    snprintf(end, size - (size_t)(end - *out), "%s%s%s", rest, *rest || absolute ? "/" : "", name);
out:
    free(here);
    free(there);
    return status;
}
