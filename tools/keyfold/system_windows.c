#include "system.h"

#include <stdlib.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <shellapi.h>

/* Arguments and console as UTF-8, streams of bytes that nobody translates. */
int system_start(int *argc, char ***argv)
{
    int count = 0;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    char **made = wide != NULL ? calloc((size_t)count + 1, sizeof *made) : NULL;

    for (int i = 0; made != NULL && i < count; i++) {
        int size = WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, NULL, 0, NULL, NULL);

        made[i] = malloc((size_t)size);
        if (made[i] == NULL)
            return 0;
        WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, made[i], size, NULL, NULL);
    }
    if (made == NULL)
        return 0;
    LocalFree(wide);
    *argc = count;
    *argv = made;
    for (int file = 0; file <= 2; file++)
        _setmode(file, O_BINARY);
    SetConsoleOutputCP(CP_UTF8);
    SetConsoleCP(CP_UTF8);
    for (DWORD stream = 0; stream < 2; stream++) {
        HANDLE console = GetStdHandle(stream == 0 ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE);
        DWORD mode;

        if (GetConsoleMode(console, &mode))
            SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);   /* the progress line wipes itself */
    }
    return 1;
}

size_t system_columns(void)
{
    CONSOLE_SCREEN_BUFFER_INFO console;

    if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_ERROR_HANDLE), &console))
        return 0;
    return (size_t)(console.srWindow.Right - console.srWindow.Left + 1);
}

void *memmem(const void *data, size_t size, const void *part, size_t part_size)
{
    const char *at = data;

    for (; size >= part_size; at++, size--)
        if (memcmp(at, part, part_size) == 0)
            return (void *)(uintptr_t)at;
    return NULL;
}
