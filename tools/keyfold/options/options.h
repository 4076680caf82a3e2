/* Declarative command-line options: one table a command says what is parsed, printed and completed.
 *
 * Options and arguments may be mixed; "--" ends the options and "-" is an argument. A value is
 * written --name=VALUE, --name VALUE, -nVALUE or -n VALUE; letters of flags may be joined. */
#ifndef TOOL_OPTIONS_OPTIONS_H
#define TOOL_OPTIONS_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

struct kft_command;

typedef enum kft_option_kind {
    OPTION_FLAG,     /* int: set to 1 */
    OPTION_TEXT,     /* const char * */
    OPTION_FILE,     /* const char *, completed as a file name */
    OPTION_FOLDER,   /* const char *, completed as a folder's name */
    OPTION_CHOICE,   /* int: the value of one of `choices` */
    OPTION_CHOICES,  /* int: the values of several of `choices`, with commas between, together */
    OPTION_NUMBER,   /* uint64_t */
    OPTION_SIZE,     /* uint64_t bytes, with K, M, G or T for powers of 1024 */
    OPTION_LIST      /* kft_option_list: every occurrence */
} kft_option_kind;

typedef struct kft_option_choice {
    const char *name;   /* NULL ends the list */
    int value;
} kft_option_choice;

typedef struct kft_option_list {
    const char **items;   /* points into argv; the array is the list's own */
    size_t count;
} kft_option_list;

typedef struct kft_option_spec {
    const char *name;        /* without the dashes; NULL ends the table */
    char letter;             /* 0: none */
    kft_option_kind kind;
    size_t offset;           /* of the target in the command's option struct */
    const char *argument;    /* how help calls the value; NULL for flags */
    const char *help;        /* lines separated by \n */
    const kft_option_choice *choices;
} kft_option_spec;
#define OPTIONS_END { NULL, 0, OPTION_FLAG, 0, NULL, NULL, NULL }

typedef struct kft_arguments {
    char **items;
    int count;
    uint64_t given;      /* a bit for each of the command's options */
} kft_arguments;

/* Whether an option was given, whatever its value. */
int option_given(const struct kft_command *command, const kft_arguments *rest, const char *name);

/* The result of options_parse when the command is to go on. */
#define OPTIONS_GO_ON (-1)

/* Parses argv (which it reorders) into `target`, the command's option struct. Answers --help and
 * --list-options itself. Returns OPTIONS_GO_ON or the exit code to end with. */
int options_parse(const struct kft_command *command, void *target, int argc, char **argv,
                  kft_arguments *rest);

void options_list_free(kft_option_list *list);

/* "keyfold NAME: MESSAGE" and a hint at --help on stderr; returns EXIT_USAGE. */
int usage_error(const struct kft_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The name of a choice's value, for reports. */
const char *option_choice_name(const kft_option_choice *choices, int value);

/* A plain decimal number up to 2^64-1: digits only. Returns 0 when it is none. */
int parse_u64(const void *text, size_t size, uint64_t *number);

/* Whether a column is given by its number, from 1, and not by a name. */
int is_column_number(const char *text);

/* The candidate of a NULL-terminated list that is a likely slip away from `word`, or NULL. */
const char *nearest_word(const char *word, const char *const *candidates);

#endif
