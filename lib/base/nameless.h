/* Files that have no name until they are complete, so that they are gone with the process, however it ends. */
#ifndef KFI_BASE_NAMELESS_H
#define KFI_BASE_NAMELESS_H

/* A new file in the folder that has this descriptor, to be read and written: a descriptor, or -1 where there is no such
 * thing. */
int kfi_nameless_open(int folder);
/* Gives it a name that is still free: 0, or -1 and errno. */
int kfi_nameless_link(int fd, int folder, const char *name);

#endif
