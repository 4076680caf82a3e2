/* SIGINT and SIGTERM as a request to stop, so that a build can remove its temporary files. */
#ifndef TOOL_INTERRUPT_H
#define TOOL_INTERRUPT_H

/* From now on the signals are only noted; a second one ends the process at once. */
void interrupt_catch(void);

/* The signal that asked to stop, or 0. */
int interrupt_signal(void);

#endif
