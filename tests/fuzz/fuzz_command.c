/* Any arguments and any bytes as a file, for `keyfold`: it ends with one of its statuses, tells why it failed, and what
 * it builds verifies.
 *
 * The first line is the arguments, a tab between each two; the rest is a file, which is standard input too. An argument
 * '@' is that file, '%' the same with sizes, offsets and checksums put right, '+' a dictionary and '=' an index of
 * names without a fault. None has a slash: all that is written lies in a folder of the target's own. */
#include "frame.h"

#include <keyfold/keyfold.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define main keyfold_main
int main(int argc, char **argv);
#include "main.c"
#undef main

enum { ARGUMENTS = 24, MOST_WRITTEN = 16 << 20, LONGEST = 30 };

typedef struct file {
    int file;
    char path[40];
} file;

static file given, framed, output, messages, dictionary, index_of_names;
static uint8_t whole_dictionary[1 << 16], whole_index[1 << 16];
static size_t dictionary_size, index_size;
static char folder[300];     /* where commands write */
static pid_t owner;

static void fill(file *f, const uint8_t *data, size_t size)
{
    FUZZ_MUST(!ftruncate(f->file, 0) && pwrite(f->file, data, size, 0) == (ssize_t)size, "%s", f->path);
}

static void make(file *f, const uint8_t *data, size_t size)
{
    f->file = memfd_create("file", 0);
    snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->file);
    fill(f, data, size);
}

/* Takes a file that was built for what the target keeps of it. */
static size_t keep(const char *path, uint8_t *to, size_t room, file *f)
{
    size_t size;
    uint8_t *data = frame_take(path, 0, &size);
    FUZZ_MUST(size <= room, "%zu bytes", size);
    memcpy(to, data, size);
    free(data);
    make(f, to, size);
    return size;
}

/* Small ones: what is changed should be the arguments as often as these. */
static void build_whole(const char *dictionary_path, const char *index_path)
{
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_names_build_options names_options = KF_NAMES_BUILD_OPTIONS_INIT;
    kf_builder *builder;
    kf_names_builder *names;
    kf_error error;
    options.value_type = KF_VALUES_BYTES;
    options.weights = KF_WEIGHTS_GIVEN;
    options.flags = KF_BUILD_FILTER | KF_BUILD_SIMILARITY;
    kf_status status = kf_builder_create(&builder, dictionary_path, &options, &error);
    for (unsigned i = 0; i < 20 && !status; i++) {
        char key[32], value[32];
        int length = snprintf(key, sizeof key, "%s %u", i % 3 ? "key" : "another", i);
        int size = snprintf(value, sizeof value, "%u", i);
        status = kf_builder_add_weighted(builder, key, (size_t)length, value, (size_t)size, i * 7 % 31, &error);
    }
    if (!status) status = kf_builder_finish(builder, NULL, &error);
    FUZZ_MUST(!status, "%s", error.message);
    kf_builder_destroy(&builder);

    status = kf_names_builder_create(&names, index_path, &names_options, &error);
    for (unsigned i = 0; i < 9 && !status; i++) {
        char id[16], name[64];
        int length = snprintf(id, sizeof id, "%u", i);
        int size = snprintf(name, sizeof name, "%s %s %u", i % 2 ? "ACME" : "Bolts & Nuts", i % 3 ? "Ltd" : "house",
                            i / 4);
        status = kf_names_builder_add(names, id, (size_t)length, name, (size_t)size, &error);
    }
    if (!status) status = kf_names_builder_finish(names, NULL, &error);
    FUZZ_MUST(!status, "%s", error.message);
    kf_names_builder_destroy(&names);
}

static int remove_below(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    return walk->level > 0 ? remove(path) : 0;
}

static void empty_folder(void) { nftw(folder, remove_below, 8, FTW_DEPTH | FTW_PHYS); }

static void remove_folder(void)
{
    if (getpid() != owner) return;
    empty_folder();
    rmdir(folder);
}

static void get_ready(void)
{
    const char *base = getenv("TMPDIR");
    char dictionary_path[sizeof folder + 16], index_path[sizeof folder + 16];
    int status = 0;
    if (arena) return;
    snprintf(folder, sizeof folder, "%.200s/keyfold-fuzz-XXXXXX", base ? base : "/tmp");
    FUZZ_MUST(mkdtemp(folder) && image_begin(), "%s", folder);
    owner = getpid();
    atexit(remove_folder);
    /* graph --svg starts no program. */
    FUZZ_MUST(!setenv("PATH", folder, 1), "memory");
    make(&given, NULL, 0);
    make(&framed, NULL, 0);
    make(&output, NULL, 0);
    make(&messages, NULL, 0);
    snprintf(dictionary_path, sizeof dictionary_path, "%s/whole.kf", folder);
    snprintf(index_path, sizeof index_path, "%s/whole", folder);
    /* Each fork copies what its parent has ever touched, so this does not build. */
    const pid_t child = fork();
    if (!child) {
        build_whole(dictionary_path, index_path);
        _exit(0);
    }
    FUZZ_MUST(waitpid(child, &status, 0) == child && !status, "%d", status);
    dictionary_size = keep(dictionary_path, whole_dictionary, sizeof whole_dictionary, &dictionary);
    index_size = keep(index_path, whole_index, sizeof whole_index, &index_of_names);
}

/* The file with its frame put right, if it has one. */
static void fill_framed(const uint8_t *data, size_t size, uint32_t features)
{
    if (size < KFI_HEADER_SIZE
        || !frame_image(data, size, KFI_MAX_SECTIONS, features, 1, features ? frame_mend_names : NULL)) {
        fill(&framed, data, size);
        return;
    }
    fill(&framed, image, image_size);
    image_size = 0;      /* mappings are what they are */
}

/* Splits the line into arguments; returns how many. */
static int split(char *line, char **argv)
{
    int count = 0;
    argv[count++] = strdup("keyfold");
    for (char *word = line; word && count <= ARGUMENTS; count++) {
        char *end = strchr(word, '\t');
        if (end) *end++ = 0;
        const char *text = !strcmp(word, "@") ? given.path : !strcmp(word, "%") ? framed.path
                           : !strcmp(word, "+") ? dictionary.path : !strcmp(word, "=") ? index_of_names.path : word;
        argv[count] = strdup(text);
        FUZZ_MUST(argv[count], "memory");
        word = end;
    }
    return count;
}

static void check_built(int argc, char **argv)
{
    kf_error error;
    kf_dict *dict;
    kf_names *names;
    const char *path = NULL;
    const int is_names = argc > 2 && !strcmp(argv[1], "names") && !strcmp(argv[2], "build");
    for (int i = 1; i + 1 < argc && (is_names || !strcmp(argv[1], "build") || !strcmp(argv[1], "merge")); i++)
        if (!strcmp(argv[i], "-o")) path = argv[i + 1];
    if (!path || access(path, F_OK)) return;
    kf_status status = is_names ? kf_names_open(&names, path, NULL, &error) : kf_dict_open(&dict, path, NULL, &error);
    FUZZ_MUST(!status, "%s", error.message);
    status = is_names ? kf_names_verify(names, NULL, &error) : kf_dict_verify(dict, NULL, &error);
    FUZZ_MUST(!status, "%s", error.message);
    if (is_names) kf_names_close(&names);
    else kf_dict_close(&dict);
}

/* What the child does: never in the process that gives out inputs. */
static void run_command(char *line, const uint8_t *rest, size_t size)
{
    char *argv[ARGUMENTS + 2] = { NULL }, *given_to[ARGUMENTS + 2] = { NULL };
    const struct rlimit written = { MOST_WRITTEN, MOST_WRITTEN };
    empty_folder();
    fill(&given, rest, size);
    fill_framed(rest, size, strncmp(line, "names", 5) ? 0 : KFI_FEATURE_NAMES);
    fill(&output, NULL, 0);
    fill(&messages, NULL, 0);
    const int argc = split(line, argv);
    memcpy(given_to, argv, sizeof argv);
    /* What a small file describes may be endless. */
    signal(SIGXFSZ, SIG_IGN);
    alarm(LONGEST);
    FUZZ_MUST(!chdir(folder) && !setrlimit(RLIMIT_FSIZE, &written) && lseek(given.file, 0, SEEK_SET) == 0
              && lseek(messages.file, 0, SEEK_SET) == 0 && lseek(output.file, 0, SEEK_SET) == 0
              && dup2(given.file, 0) == 0 && dup2(output.file, 1) == 1 && dup2(messages.file, 2) == 2, "descriptors");
    const int status = keyfold_main(argc, given_to);
    fflush(stderr);
    FUZZ_MUST(status >= 0 && status <= EXIT_TROUBLE, "status %d", status);
    FUZZ_MUST(status < EXIT_USAGE || lseek(messages.file, 0, SEEK_END) > 0, "status %d without a message", status);
    if (status == 0) check_built(argc, argv);
    for (int i = 0; i < argc; i++) free(argv[i]);
}

/* In a process of its own: a command leaves its settings behind. */
static void run_forked(char *line, const uint8_t *rest, size_t size)
{
    int status = 0;
    char text[4096];
    fflush(NULL);
    const pid_t child = fork();
    FUZZ_MUST(child >= 0, "fork");
    if (!child) {
        signal(SIGALRM, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        signal(SIGSEGV, SIG_DFL);
        run_command(line, rest, size);
        _exit(0);
    }
    FUZZ_MUST(waitpid(child, &status, 0) == child, "waitpid");
    if (!status) return;
    const ssize_t length = pread(messages.file, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = 0;
    FUZZ_MUST(!status, "%d, %s", status, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    get_ready();
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    const size_t length = end ? (size_t)(end - data) : size;
    if (!length || memchr(data, '/', length) || memchr(data, 0, length)) return 0;
    char *line = strndup((const char *)data, length);
    FUZZ_MUST(line, "memory");
    const uint8_t *rest = end ? end + 1 : data + size;
    if (fuzz_in_own_process) run_command(line, rest, size - (size_t)(rest - data));
    else run_forked(line, rest, size - (size_t)(rest - data));
    free(line);
    return 0;
}

/* ---- seeds ---------------------------------------------------------------------------------------- */

#define BUILD "build\t-q\t-o\tout.kf\t"
#define NAMES "names\tbuild\t-q\t-o\tout.kf\t"

/* Without a text, the file is the dictionary, or the index where the command is one of names. */
static const struct { const char *arguments, *text; } seeds[] = {
    { BUILD "@", "key\tvalue\nanother\t7\n" }, { BUILD "-f\ttsv\t-v\tu64\t-d\tsum\t@", "k\t1\nl\t22\nk\t3\n" },
    { BUILD "-f\ttsv\t-w\tcolumn\t--filter\t--similarity\t-", "key\tv\t5\nk\\tl\tw\t18446744073709551615\n" },
    { BUILD "-f\tcsv\t-H\t-K\tkey\t-V\tvalue\t@", "key,value\n\"a\"\"b\",\"x\ny\"\nb,2\n" },
    { BUILD "-f\tcsv\t-D\t;\t--on-error\tskip\t--encoding\tzstd\t@", "a;b\n\nc;\"d\n" },
    { BUILD "-f\tjsonl\t--normalise\tcase,nfkc,accents\t-d\tlast\t@",
      "[\"K\xc3\xa9y\", 1]\n{\"key\": \"k\\u0065y\", \"value\": {\"a\": [1.5e3]}}\n" },
    { BUILD "-f\tlines\t-d\tfirst\t--shards\t3\t--threads\t2\t@", "one\ntwo\nthree\ntwo\n" },
    { BUILD "-f\tnul\t-d\tall\t-m\tname=text\t@", "k\tv" }, { BUILD "--memory\t16M\t--resume\tkept\t@", "k\tv\n" },
    { BUILD "--effort\tbest\t--progress\tjson\t-j\t-r\t@", "\xef\xbb\xbfk\tv\r\n" },
    { NAMES "@", "1\tACME Ltd\n2\tBolts\n" }, { NAMES "-f\tcsv\t-H\t-I\tid\t-N\tname\t-B\tby\t-P\tpay\t@",
      "id,name,by,pay\n1,a b,GB,x\n" },
    { NAMES "--fold-case\t--nfkc\t--no-accents\t--separators\t-.\t--squeeze\t--legal\tignore\t--legal-table\t@\t-",
      "ltd\tlimited\nkg\tgmbh & co. kg\n" },
    { "get\t%\tkey 7\tabsent", NULL }, { "get\t-j\t-m\tno\t+", "key 1\nkey\\t2\n" }, { "get\t-0\t-n\t+", "key 4" },
    { "scan\t-p\tk\t-t\tkey 5\t-R\t-l\t9\t%", NULL }, { "scan\t-c\t-f\tb\t%", NULL },
    { "scan\t-j\t--first\t3\t%", NULL }, { "fuzzy\t-k\t2\t-m\tosa\t-o\tdistance\t%\tkez 7", NULL },
    { "fuzzy\t-P\t-x\t1\t--value-regex\t[0-9]+\t-i\t-\t+", "kez 7\nanoter\n" },
    { "nearest\t-n\t3\t-m\tjaro-winkler\t-C\t0.5\t%\tkez", NULL },
    { "nearest\t-m\tindel\t-B\tsimilarity\t+", "kea\nb\n" },
    { "match\t%\tk.*[0-9]{1,2}", NULL }, { "match\t-g\t-i\t-v\t%\t*k[!x]?{y,z}*", NULL },
    { "match\t-s\t-a\t+\tky\t7", "" },
    { "match\t-c\t+\t(a|k|ey)*(\\w+|.\\d{1,9})[^\\x00-\\x20]?", "" }, { "complete\t-n\t3\t-v\t%\tk", NULL },
    { "find\t+", "here is key 7 and another 3\n" }, { "find\t-a\t-o\tall\t-b\tbytes\t%\t-", NULL },
    { "union\t%\t+", NULL }, { "intersect\t%\t+", NULL }, { "subtract\t+\t%", NULL }, { "diff\t%\t+", NULL },
    { "merge\t-q\t-o\tout.kf\t%\t+", NULL }, { "bundle\t-q\t-o\tout.kfm\t%", NULL },
    { "stat\t-j\t%", NULL }, { "stat\t%", NULL }, { "verify\t%", NULL }, { "verify\t@", NULL },
    { "dump\t-f\tjsonl\t%", NULL },
    { "dump\t-f\tnul\t%", NULL }, { "graph\t-c\t%", NULL }, { "names\tmatch\t%\tACME 3", NULL },
    { "names\tmatch\t-n\t4\t-R\twratio\t-x\t-j\t=", "bolts nuts\nacme\n" }, { "names\tdedupe\t-C\t0.8\t-g\t%", NULL },
    { "names\tmatch\t-S\tratio\t-C\t0.3\t%\tNuts 1", NULL }, { "names\tscore\t-S\tpartial_ratio\ta b c\tb c d", "" },
};

uint8_t *fuzz_seed(unsigned n, size_t *size)
{
    if (n >= sizeof seeds / sizeof *seeds) return NULL;
    get_ready();
    const char *arguments = seeds[n].arguments, *text = seeds[n].text;
    const int is_names = !strncmp(arguments, "names", 5);
    const void *rest = text ? (const void *)text : is_names ? whole_index : whole_dictionary;
    const size_t length = strlen(arguments), more = text ? strlen(text) : is_names ? index_size : dictionary_size;
    uint8_t *data = malloc(length + 1 + more);
    FUZZ_MUST(data, "memory");
    memcpy(data, arguments, length);
    data[length] = '\n';
    memcpy(data + length + 1, rest, more);
    *size = length + 1 + more;
    return data;
}
