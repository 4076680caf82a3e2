/* What holds of all searches for names, among more of them than can all be scored in a test. */
#include "names_model.h"
#include "names_shapes.h"

#ifndef _WIN32
#include <sys/wait.h>
#endif
#include <unistd.h>

enum { NAMES = MODEL_NAMES, NEEDLES = 40, MANY = 60 };

static model_names names;
static char *needles[NEEDLES];
static kf_scorer scorer;           /* of searches */
enum { SCORERS = KF_SCORER_TOKEN_SET_RATIO + 1 };

/* ---- needles of several classes ----------------------------------------------------------------- */

typedef enum needle_class { EXACT, TURNED, TYPOS, WITHOUT, WITH, COMMON, ABSENT, LONG, CLASSES } needle_class;

static char *turned(const char *name)
{
    char copy[300] = "";
    const char *end = name + strlen(name), *at = end;
    for (; at > name; at--) {
        if (at[-1] != ' ') continue;
        strncat(strcat(copy, *copy ? " " : ""), at, (size_t)(end - at));
        end = at - 1;
    }
    return strdup(strncat(strcat(copy, *copy ? " " : ""), name, (size_t)(end - name)));
}

static char *joined(const char *a, const char *b)
{
    char copy[600];
    snprintf(copy, sizeof copy, "%s %s", a, b);
    return strdup(copy);
}

static char *needle_of(needle_class class)
{
    const char *name = names.name[random_below(names.count)];
    const char *space = strchr(name, ' ');
    char *other, *both;
    switch (class) {
    case EXACT: return strdup(name);
    case TURNED: return turned(name);
    case TYPOS: return damaged(name);
    case WITHOUT: return strdup(space ? space + 1 : name);
    case WITH: return joined(name, common_tokens[random_below(COMMON_TOKENS)]);
    case COMMON: return joined(common_tokens[random_below(COMMON_TOKENS)], common_tokens[random_below(COMMON_TOKENS)]);
    case ABSENT: return tiny_name(8, 4, 8);
    default:
        other = joined(names.name[random_below(names.count)], names.name[random_below(names.count)]);
        both = joined(name, other);
        free(other);
        return both;
    }
}

static void prepare(void)
{
    scratch_open();
    random_state = 31;
    names.count = NAMES;
    for (size_t i = 0; i < names.count; i++)
        names.name[i] = i % 20 == 19 ? strdup(names.name[random_below(i)]) : random_below(50) ? firm_name()
                                                                                              : tiny_name(8, 4, 5);
    for (size_t i = 0; i < NEEDLES; i++) needles[i] = needle_of((needle_class)(i % CLASSES));
}

static void finish(void)
{
    for (size_t i = 0; i < NEEDLES; i++) free(needles[i]);
    model_free(&names);
    scratch_close();
}

/* ---- searching ---------------------------------------------------------------------------------- */

static const kf_name_hits *search(kf_matcher *matcher, const char *needle, uint64_t limit, double cutoff,
                                  uint64_t work_limit)
{
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    const kf_name_hits *found;
    options.scorer = scorer;
    options.limit = limit;
    options.cutoff = cutoff;
    options.work_limit = work_limit;
    ck_assert_int_eq(kf_matcher_search(matcher, needle, strlen(needle), &options, &found, NULL), KF_OK);
    return found;
}

typedef struct kept_hit { uint64_t position; double score; } kept_hit;

static size_t keep(kept_hit *kept, const kf_name_hits *found)
{
    for (size_t i = 0; i < found->count; i++)
        kept[i] = (kept_hit){ found->hits[i]->position, found->hits[i]->score };
    return found->count;
}

static void expect_same(const kept_hit *kept, const kf_name_hits *found, size_t count, const char *needle)
{
    ck_assert_msg(found->count == count, "'%s': %zu hits, not %zu", needle, found->count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(found->hits[i]->position == kept[i].position && found->hits[i]->score == kept[i].score,
                      "'%s': hit %zu of %zu", needle, i, count);
}

static kf_matcher *open_matcher(kf_names **index)
{
    kf_matcher *matcher;
    *index = model_build(&names, "names.kf", 0);
    ck_assert_int_eq(kf_matcher_create(&matcher, *index, NULL), KF_OK);
    return matcher;
}

START_TEST(few_hits_are_the_first_of_many)
{
    scorer = (kf_scorer)_i;
    kf_names *index;
    kf_matcher *matcher = open_matcher(&index);
    for (size_t i = 0; i < NEEDLES; i += _i || SANITIZED ? 5 : 1) {
        kept_hit kept[MANY];
        const size_t count = keep(kept, search(matcher, needles[i], MANY, 0, 0));
        ck_assert_uint_eq(count, MANY);
        for (uint64_t limit = 1; limit < MANY; limit += 1 + limit / 2)
            expect_same(kept, search(matcher, needles[i], limit, 0, 0), limit, needles[i]);
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
}
END_TEST

START_TEST(a_cutoff_is_a_filter)
{
    scorer = (kf_scorer)_i;
    kf_names *index;
    kf_matcher *matcher = open_matcher(&index);
    for (size_t i = 0; i < NEEDLES; i += _i || SANITIZED ? 5 : 1) {
        kept_hit kept[MANY];
        const size_t count = keep(kept, search(matcher, needles[i], MANY, 0, 0));
        for (size_t k = 0; k < count; k += 1 + k) {
            /* As good as a hit, and a little better. */
            const double cutoffs[] = { kept[k].score, nextafter(kept[k].score, 2), kept[k].score * .97 };
            for (size_t c = 0; c < 3 && cutoffs[c] <= 1; c++) {
                size_t left = 0;
                while (left < count && kept[left].score >= cutoffs[c]) left++;
                expect_same(kept, search(matcher, needles[i], MANY, cutoffs[c], 0), left, needles[i]);
            }
        }
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
}
END_TEST

/* Whatever a matcher has searched for before, a search takes the same way. */
START_TEST(a_matcher_remembers_nothing)
{
    scorer = (kf_scorer)_i;
    kf_names *index;
    kf_matcher *used = open_matcher(&index), *fresh;
    for (size_t i = 0; i < NEEDLES; i += _i || SANITIZED ? 5 : 1) {
        kept_hit kept[5];
        const uint64_t limit = 1 + i % 5, work = i % 3 ? 0 : 3000;
        const kf_name_hits *found = search(used, needles[i], limit, 0, work);
        const kf_name_hits counts = *found;
        const size_t count = keep(kept, found);
        ck_assert_int_eq(kf_matcher_create(&fresh, index, NULL), KF_OK);
        found = search(fresh, needles[i], limit, 0, work);
        expect_same(kept, found, count, needles[i]);
        ck_assert_uint_eq(found->work, counts.work);
        ck_assert_uint_eq(found->names_seen, counts.names_seen);
        ck_assert_uint_eq(found->names_scored, counts.names_scored);
        ck_assert_int_eq(found->exact, counts.exact);
        kf_matcher_destroy(&fresh);
    }
    kf_matcher_destroy(&used);
    kf_names_close(&index);
}
END_TEST

/* With a limit hits are right, if perhaps not the best; more work never makes them worse. (The scorers of whole texts
 * begin with names that setratio likes, others with more work.) */
START_TEST(a_work_limit_ends_searches_alike)
{
    scorer = (kf_scorer)_i;
    kf_names *index;
    kf_matcher *matcher = open_matcher(&index);
    for (size_t i = 0; i < NEEDLES; i += _i || SANITIZED ? 5 : 1) {
        kept_hit kept[3];
        const kf_name_hits *found = search(matcher, needles[i], 3, 0, 0);
        const uint64_t work = found->work;
        const size_t count = keep(kept, found);
        double before = 0;
        for (uint64_t limit = 1; limit < 2 * work; limit += 1 + limit * 2 / 3) {
            double sum = 0;
            found = search(matcher, needles[i], 3, 0, limit);
            ck_assert_int_eq(found->exact, limit >= work);
            if (found->exact) expect_same(kept, found, count, needles[i]);
            for (size_t k = 0; k < found->count; k++) {
                const char *name = names.name[found->hits[k]->position];
                double score;
                ck_assert_int_eq(kf_names_score(scorer, needles[i], strlen(needles[i]), name, strlen(name),
                                                &score, NULL), KF_OK);
                ck_assert(score == found->hits[k]->score);
                sum += score;
            }
            ck_assert_msg(scorer || sum >= before, "'%s' with %llu units", needles[i], (unsigned long long)limit);
            before = sum;
        }
    }
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
}
END_TEST

/* ---- wherever it runs --------------------------------------------------------------------------- */

#ifndef _WIN32
/* Of all answers, to the last bit, and of how they were found. */
static uint64_t checksum(kf_matcher *matcher)
{
    static const struct { uint64_t limit; double cutoff; uint64_t work; } ways[] = {
        { 1, 0, 0 }, { 10, 0, 0 }, { 20, .8, 0 }, { 3, 0, 500 }, { 3, .5, 20000 }
    };
    uint64_t sum = 0;
    for (size_t i = 0; i < NEEDLES; i++)
        for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
            scorer = i % 3 ? KF_SCORER_SETRATIO : (kf_scorer)(i / 3 % SCORERS);
            const kf_name_hits *found = search(matcher, needles[i], ways[w].limit, ways[w].cutoff, ways[w].work);
            sum = mix64(sum ^ found->work) + (uint64_t)found->exact;
            sum = mix64(sum ^ found->names_seen << 32 ^ found->names_scored);
            for (size_t k = 0; k < found->count; k++) {
                uint64_t bits;
                memcpy(&bits, &found->hits[k]->score, 8);
                sum = mix64(sum ^ bits) + found->hits[k]->position;
            }
        }
    return sum;
}

/* What a child process finds: with instructions of its own choice, or the index and perhaps the matcher that it
 * inherits. */
static uint64_t checksum_of_child(const char *isa, kf_names *index, kf_matcher *matcher)
{
    int ends[2], state;
    uint64_t sum = 0;
    ck_assert_int_eq(pipe(ends), 0);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        if (isa) setenv("KEYFOLD_ISA", isa, 1);
        if (!index && kf_names_open(&index, scratch_path("names.kf"), NULL, NULL)) _exit(1);
        if (!matcher && kf_matcher_create(&matcher, index, NULL)) _exit(1);
        sum = checksum(matcher);
        _exit(write(ends[1], &sum, sizeof sum) != sizeof sum);
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &sum, sizeof sum), sizeof sum);
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &state, 0), child);
    ck_assert_int_eq(state, 0);
    return sum;
}

START_TEST(processes_answer_alike)
{
    kf_names *index;
    kf_matcher *matcher = open_matcher(&index);
    const uint64_t sum = checksum(matcher);
    ck_assert_uint_eq(checksum_of_child(NULL, index, matcher), sum);
    ck_assert_uint_eq(checksum_of_child(NULL, index, NULL), sum);
    ck_assert_uint_eq(checksum_of_child(NULL, NULL, NULL), sum);
    ck_assert_uint_eq(checksum(matcher), sum);
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
}
END_TEST

/* Instructions are chosen at the first search of a process: this one must not make any, so a child builds. */
START_TEST(instruction_sets_answer_alike)
{
    int state;
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        kf_names *index = model_build(&names, "names.kf", 0);
        _exit(!index);
    }
    ck_assert_int_eq(waitpid(child, &state, 0), child);
    ck_assert_int_eq(state, 0);
    const uint64_t portable = checksum_of_child("portable", NULL, NULL);
    ck_assert_uint_eq(checksum_of_child("avx2", NULL, NULL), portable);
    ck_assert_uint_eq(checksum_of_child("avx512", NULL, NULL), portable);
}
END_TEST
#endif

/* ---- how much is looked at ---------------------------------------------------------------------- */

/* Over NAMES names, for EACH needles of a class: names seen and scored, and work, when this was written. A change may
 * make them a quarter larger; if it makes them much smaller, write that here. */
static const struct { const char *name; uint64_t seen, scored, work; } usual[CLASSES] = {
    { "exact", 213, 30, 13716 },
    { "turned", 213, 30, 15404 },
    { "typos", 620, 46, 28722 },
    { "without a token", 194762, 10150, 272285 },
    { "with one more", 167903, 44, 274336 },
    { "common tokens", 523998, 29175, 775894 },
    { "absent", 56357, 403, 121187 },
    { "long", 212314, 145, 665149 },
};

typedef struct sums { uint64_t seen, scored, work; } sums;

/* For needles of a class. */
static sums looked_at(kf_matcher *matcher, needle_class class, int count)
{
    sums all = { 0 };
    for (int i = 0; i < count; i++) {
        char *needle = needle_of(class);
        const kf_name_hits *found = search(matcher, needle, 1, 0, 0);
        all.seen += found->names_seen;
        all.scored += found->names_scored;
        all.work += found->work;
        free(needle);
    }
    return all;
}

/* Prints what is more than was usual by a quarter. */
static int is_more(const char *name, sums all, uint64_t seen, uint64_t scored, uint64_t work)
{
    if (all.seen <= seen * 5 / 4 && all.scored <= scored * 5 / 4 && all.work <= work * 5 / 4) return 0;
    fprintf(stderr, "    { \"%s\", %llu, %llu, %llu },\n", name, (unsigned long long)all.seen,
            (unsigned long long)all.scored, (unsigned long long)all.work);
    return 1;
}

START_TEST(searches_look_at_little)
{
    kf_names *index;
    kf_matcher *matcher = open_matcher(&index);
    int more = 0;
    scorer = KF_SCORER_SETRATIO;
    random_state = 77;
    for (needle_class class = 0; class < CLASSES; class++)
        more |= is_more(usual[class].name, looked_at(matcher, class, 30), usual[class].seen, usual[class].scored,
                        usual[class].work);
    ck_assert_msg(!more, "more is looked at than was usual; standard error has the counts");
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
}
END_TEST

/* The same of the other scorers, over all classes. */
static const struct { const char *name; uint64_t seen, scored, work; } usual_others[] = {
    { "ratio", 97451, 11259, 197306 },
    { "token_sort_ratio", 54149, 2827, 145084 },
    { "token_set_ratio", 801189, 11760, 899399 },
};

START_TEST(other_scorers_look_at_little)
{
    kf_names *index;
    kf_matcher *matcher = open_matcher(&index);
    sums all = { 0 };
    scorer = (kf_scorer)(KF_SCORER_RATIO + _i);
    random_state = 78;
    for (needle_class class = 0; class < CLASSES; class++) {
        const sums some = looked_at(matcher, class, 5);
        all = (sums){ all.seen + some.seen, all.scored + some.scored, all.work + some.work };
    }
    ck_assert_msg(!is_more(usual_others[_i].name, all, usual_others[_i].seen, usual_others[_i].scored,
                           usual_others[_i].work), "more is looked at than was usual; standard error has the counts");
    kf_matcher_destroy(&matcher);
    kf_names_close(&index);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names_properties");
    TCase *tests = tcase_create("properties");
    tcase_add_checked_fixture(tests, prepare, finish);
    suite_add_cases(tests, few_hits_are_the_first_of_many, 0, SCORERS);
    suite_add_cases(tests, a_cutoff_is_a_filter, 0, SCORERS);
    suite_add_cases(tests, a_matcher_remembers_nothing, 0, SCORERS);
    suite_add_cases(tests, a_work_limit_ends_searches_alike, 0, SCORERS);
#ifndef _WIN32
    tcase_add_test(tests, processes_answer_alike);
    tcase_add_test(tests, instruction_sets_answer_alike);
#endif
    tcase_add_test(tests, searches_look_at_little);
    suite_add_cases(tests, other_scorers_look_at_little, 0, SCORERS - 1);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
