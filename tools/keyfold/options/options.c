#include "options/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options/clashes.h"
#include "options/usage.h"
#include "output/message.h"

int parse_u64(const void *text, size_t size, uint64_t *number)
{
    const uint8_t *digits = text;
    uint64_t result = 0;

    if (size == 0)
        return 0;
    for (size_t i = 0; i < size; i++) {
        unsigned digit = (unsigned)digits[i] - '0';

        if (digit > 9 || result > (UINT64_MAX - digit) / 10)
            return 0;
        result = result * 10 + digit;
    }
    *number = result;
    return 1;
}

int is_column_number(const char *text)
{
    uint64_t number;

    return parse_u64(text, strlen(text), &number) && number > 0;
}

/* 64, 64K, 64KiB, 64KB: all suffixes are binary. */
static int parse_size(const char *text, uint64_t *bytes)
{
    static const char letters[] = "KMGT";
    size_t digits = strspn(text, "0123456789");
    const char *suffix = text + digits;
    unsigned shift = 0;

    if (!parse_u64(text, digits, bytes))
        return 0;
    if (*suffix != 0 && *suffix != 'B') {
        char upper = *suffix >= 'a' && *suffix <= 'z' ? (char)(*suffix - 32) : *suffix;
        const char *letter = strchr(letters, upper);

        if (letter == NULL)
            return 0;
        shift = 10 * (unsigned)(letter - letters + 1);
        suffix++;
        if (*suffix == 'i')
            suffix++;
    }
    if (*suffix == 'B')
        suffix++;
    if (*suffix != 0 || *bytes > UINT64_MAX >> shift)
        return 0;
    *bytes <<= shift;
    return 1;
}

void options_list_free(kft_option_list *list)
{
    free(list->items);
    list->items = NULL;
    list->count = 0;
}

const char *option_choice_name(const kft_option_choice *choices, int value)
{
    for (; choices->name != NULL; choices++)
        if (choices->value == value)
            return choices->name;
    return "?";
}

/* Levenshtein distance of short words; anything longer counts as far away. */
static size_t word_distance(const char *a, const char *b)
{
    size_t row[33];
    size_t size_a = strlen(a), size_b = strlen(b);

    if (size_a > 32 || size_b > 32)
        return 99;
    for (size_t j = 0; j <= size_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= size_a; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= size_b; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[size_b];
}

const char *nearest_word(const char *word, const char *const *candidates)
{
    const char *nearest = NULL;
    size_t limit = strlen(word) > 4 ? 3 : 2;

    for (; *candidates != NULL; candidates++) {
        size_t distance = word_distance(word, *candidates);

        if (distance < limit) {
            limit = distance;
            nearest = *candidates;
        }
    }
    return nearest;
}

static int unknown_option(const kft_command *command, const char *name)
{
    const char *names[64];
    size_t count = 0;
    const char *nearest;

    for (const kft_option_spec *option = command->options; option->name != NULL && count < 62; option++)
        names[count++] = option->name;
    names[count++] = "help";
    names[count] = NULL;
    nearest = nearest_word(name, names);
    if (nearest != NULL)
        return usage_error(command, "unknown option --%s; did you mean --%s?", name, nearest);
    return usage_error(command, "unknown option --%s", name);
}

static int bad_choice(const kft_command *command, const kft_option_spec *option, const char *value)
{
    char list[256] = "";
    size_t used = 0;

    for (const kft_option_choice *choice = option->choices; choice->name != NULL; choice++) {
        int written = snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
                               choice->name);

        if (written < 0 || (size_t)written >= sizeof list - used)
            break;
        used += (size_t)written;
    }
    return usage_error(command, "--%s is %s %s, not '%s'", option->name,
                       option->kind == OPTION_CHOICES ? "any, with commas between, of" : "one of", list, value);
}

static const kft_option_choice *find_choice(const kft_option_spec *option, const char *name, size_t size)
{
    for (const kft_option_choice *choice = option->choices; choice->name != NULL; choice++)
        if (strlen(choice->name) == size && memcmp(choice->name, name, size) == 0)
            return choice;
    return NULL;
}

/* One choice, or several with commas between. */
static int store_choices(const kft_command *command, const kft_option_spec *option, int *place, const char *value)
{
    const char *name = value;
    int together = 0;

    for (;;) {
        size_t size = option->kind == OPTION_CHOICES ? strcspn(name, ",") : strlen(name);
        const kft_option_choice *choice = find_choice(option, name, size);

        if (choice == NULL)
            return bad_choice(command, option, value);
        together |= choice->value;
        if (name[size] == 0)
            break;
        name += size + 1;
    }
    *place = together;
    return OPTIONS_GO_ON;
}

static int list_append(kft_option_list *list, const char *value)
{
    const char **grown = realloc(list->items, (list->count + 1) * sizeof *grown);

    if (grown == NULL) {
        complain("out of memory");
        return EXIT_TROUBLE;
    }
    list->items = grown;
    list->items[list->count++] = value;
    return OPTIONS_GO_ON;
}

static int store(const kft_command *command, const kft_option_spec *option, void *target, const char *value)
{
    void *place = (char *)target + option->offset;

    switch (option->kind) {
    case OPTION_FLAG:
        *(int *)place = 1;
        break;
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_FOLDER:
        *(const char **)place = value;
        break;
    case OPTION_CHOICE:
    case OPTION_CHOICES:
        return store_choices(command, option, place, value);
    case OPTION_NUMBER:
        if (!parse_u64(value, strlen(value), place))
            return usage_error(command, "--%s needs a number, not '%s'", option->name, value);
        break;
    case OPTION_SIZE:
        if (!parse_size(value, place))
            return usage_error(command, "--%s needs a size such as 256M or 4G, not '%s'",
                               option->name, value);
        break;
    case OPTION_LIST:
        return list_append(place, value);
    }
    return OPTIONS_GO_ON;
}

/* argv[*at] is "--...". */
static int parse_long(const kft_command *command, void *target, int argc, char **argv, int *at, uint64_t *given)
{
    char *name = argv[*at] + 2;
    char *equals = strchr(name, '=');
    size_t size = equals != NULL ? (size_t)(equals - name) : strlen(name);

    if (strcmp(name, "help") == 0) {
        usage_print_command(command);
        return EXIT_FOUND;
    }
    if (strcmp(name, "list-options") == 0) {
        usage_list_options(command->options);
        return EXIT_FOUND;
    }
    for (const kft_option_spec *option = command->options; option->name != NULL; option++) {
        if (strlen(option->name) != size || memcmp(option->name, name, size) != 0)
            continue;
        *given |= (uint64_t)1 << (option - command->options);
        if (option->kind == OPTION_FLAG) {
            if (equals != NULL)
                return usage_error(command, "--%s takes no value", option->name);
            return store(command, option, target, NULL);
        }
        if (equals != NULL)
            return store(command, option, target, equals + 1);
        if (*at + 1 >= argc)
            return usage_error(command, "--%s needs a value", option->name);
        *at += 1;
        return store(command, option, target, argv[*at]);
    }
    if (equals != NULL)
        *equals = 0;
    return unknown_option(command, name);
}

static const kft_option_spec *find_letter(const kft_command *command, char letter)
{
    for (const kft_option_spec *option = command->options; option->name != NULL; option++)
        if (option->letter == letter)
            return option;
    return NULL;
}

/* argv[*at] is "-x...": flags may be joined, and a value may follow its letter at once. */
static int parse_letters(const kft_command *command, void *target, int argc, char **argv, int *at,
                         uint64_t *given)
{
    for (const char *letters = argv[*at] + 1; *letters != 0; letters++) {
        const kft_option_spec *option;
        int result;

        if (*letters == 'h') {
            usage_print_command(command);
            return EXIT_FOUND;
        }
        option = find_letter(command, *letters);
        if (option == NULL)
            return usage_error(command, "unknown option -%c", *letters);
        *given |= (uint64_t)1 << (option - command->options);
        if (option->kind != OPTION_FLAG) {
            if (letters[1] != 0)
                return store(command, option, target, letters + 1);
            if (*at + 1 >= argc)
                return usage_error(command, "-%c needs a value", *letters);
            *at += 1;
            return store(command, option, target, argv[*at]);
        }
        result = store(command, option, target, NULL);
        if (result != OPTIONS_GO_ON)
            return result;
    }
    return OPTIONS_GO_ON;
}

/* Whether progress is told as JSON: then all that is told is, complaints about the options too. */
static int wants_json(const kft_command *command, int argc, char **argv)
{
    static const char name[] = "--progress";
    int known = 0;

    for (const kft_option_spec *option = command->options; option->name != NULL; option++)
        known |= strcmp(option->name, name + 2) == 0;
    for (int i = argc - 1; i >= 0 && known; i--) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strncmp(argv[i], name, sizeof name - 1) != 0)
            continue;
        if (argv[i][sizeof name - 1] == '=')
            value = argv[i] + sizeof name;
        else if (argv[i][sizeof name - 1] != 0)
            continue;
        return strcmp(value, "json") == 0;
    }
    return 0;
}

int options_parse(const kft_command *command, void *target, int argc, char **argv, kft_arguments *rest)
{
    int ended = 0;

    message_as_json(wants_json(command, argc, argv));
    rest->items = argv;
    rest->count = 0;
    rest->given = 0;
    for (int at = 0; at < argc; at++) {
        char *word = argv[at];
        int result = OPTIONS_GO_ON;

        if (!ended && strcmp(word, "--") == 0)
            ended = 1;
        else if (!ended && word[0] == '-' && word[1] == '-')
            result = parse_long(command, target, argc, argv, &at, &rest->given);
        else if (!ended && word[0] == '-' && word[1] != 0)
            result = parse_letters(command, target, argc, argv, &at, &rest->given);
        else
            rest->items[rest->count++] = word;
        if (result != OPTIONS_GO_ON)
            return result;
    }
    return clashes_check(command, rest);
}
