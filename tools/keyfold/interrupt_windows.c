#include "interrupt.h"

#include <signal.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

static volatile LONG received;

/* In a thread of its own. The second time, and when the window is closed, the process ends as it would have. */
static BOOL WINAPI note(DWORD event)
{
    LONG number = event == CTRL_C_EVENT ? SIGINT : SIGTERM;

    return InterlockedExchange(&received, number) == 0 && (event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT);
}

void interrupt_catch(void)
{
    SetConsoleCtrlHandler(note, TRUE);
}

int interrupt_signal(void)
{
    return (int)received;
}
